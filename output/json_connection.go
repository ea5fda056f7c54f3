package output

import (
	"net/netip"
	"strconv"
	"time"

	"lvs/kernel"
)

// ConnectionRow is an entry of the connection table.
type ConnectionRow struct {
	Protocol       *string `json:"protocol" doc:"tcp, udp or sctp. Null for the template of a firewall mark."`
	Family         string  `json:"family" doc:"ipv4 or ipv6, of the client."`
	Client         string  `json:"client" doc:"Who connected: address and port."`
	ClientAddress  string  `json:"clientAddress" doc:"The client's address."`
	ClientPort     uint16  `json:"clientPort" doc:"The client's port; 0 in a template."`
	Virtual        string  `json:"virtual" doc:"The address and port connected to."`
	VirtualAddress string  `json:"virtualAddress" doc:"The address connected to."`
	VirtualPort    uint16  `json:"virtualPort" doc:"The port connected to."`
	Server         string  `json:"server" doc:"The real server chosen: address and port."`
	ServerAddress  string  `json:"serverAddress" doc:"The server's address."`
	ServerPort     uint16  `json:"serverPort" doc:"The server's port."`
	State          string  `json:"state" doc:"The kernel's word: ESTABLISHED, FIN_WAIT, UDP, NONE …"`
	Expires        uint64  `json:"expires" doc:"Seconds left."`
	Template       bool    `json:"template" doc:"A persistence template: it binds a client to a server and carries no packets."`
	Engine         *string `json:"engine" doc:"The persistence engine. Null when none."`
	EngineData     *string `json:"engineData" doc:"What the engine goes by: a Call-ID. Null when none."`
	Origin         *string `json:"origin" doc:"LOCAL, or SYNC when it came from another director. Null unless asked for."`
}

func appendConnection(b []byte, c *kernel.Connection) []byte {
	if c.Protocol == 0 {
		b = append(b, `{"protocol":null`...)
	} else {
		b = append(b, `{"protocol":"`...)
		b = append(b, c.Protocol.String()...)
		b = append(b, '"')
	}
	b = append(b, `,"family":"`...)
	b = append(b, kernel.FamilyOf(c.Client.Addr()).String()...)
	b = appendEndpoint(append(b, `","client":"`...), "client", c.Client)
	b = appendEndpoint(append(b, `,"virtual":"`...), "virtual", c.Virtual)
	b = appendEndpoint(append(b, `,"server":"`...), "server", c.Server)
	b = append(b, `,"state":`...)
	b = appendString(b, c.State)
	b = append(b, `,"expires":`...)
	b = appendUint(b, uint64(c.Expires/time.Second))
	b = append(b, `,"template":`...)
	b = strconv.AppendBool(b, c.Template())
	b = append(b, `,"engine":`...)
	b = appendStringOrNull(b, c.Engine)
	b = append(b, `,"engineData":`...)
	b = appendStringOrNull(b, c.EngineData)
	b = append(b, `,"origin":`...)
	b = appendStringOrNull(b, c.Origin)
	return append(b, '}')
}

// appendEndpoint writes the rest of an address with its port, after the opening
// quote, and its parts. The address is formatted once.
func appendEndpoint(b []byte, name string, a netip.AddrPort) []byte {
	start := len(b)
	b = a.AppendTo(b)
	text := b[start:]
	n := len(text) - 1
	for n > 0 && text[n] != ':' {
		n--
	}
	addr, port := text[:n], text[n+1:]
	if addr[0] == '[' {
		addr = addr[1 : n-1]
	}
	b = append(b, `","`...)
	b = append(b, name...)
	b = append(b, `Address":"`...)
	b = append(b, addr...)
	b = append(b, `","`...)
	b = append(b, name...)
	b = append(b, `Port":`...)
	return append(b, port...)
}
