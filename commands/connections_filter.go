package commands

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lvs/kernel"
)

// connectionFilter chooses entries of the connection table. What is empty
// chooses all.
type connectionFilter struct {
	clientText, serverText, stateText, protocolText string

	client     netip.Prefix
	server     netip.Addr
	serverPort uint16
	anyPort    bool
	services   []kernel.ServiceID
	states     []string
	protocol   kernel.Protocol
}

func (f *connectionFilter) register(a *App, c *cobra.Command) {
	s := c.Flags()
	s.StringVar(&f.clientText, "client", "", "only clients in the network `PREFIX`: 198.51.100.0/24, or one address (default: all)")
	s.StringVar(&f.serverText, "server", "", "only entries of the real server `ADDR[:PORT]` (default: all)")
	s.StringVar(&f.stateText, "state", "", "only entries in one of `STATES`, a list with commas: ESTABLISHED, FIN_WAIT, UDP … (default: all)")
	s.StringVar(&f.protocolText, "protocol", "", "only entries of the protocol `NAME`: tcp, udp or sctp (default: all)")
	complete(c, "client", nothing)
	complete(c, "server", a.completeAnyServer)
	complete(c, "state", completeList(states...))
	complete(c, "protocol", words("tcp", "udp", "sctp"))
}

// states are the words of the kernel (ip_vs_proto_tcp.c, _udp.c, _sctp.c), and
// those of persistence templates.
var states = []string{
	"ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT", "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "LAST_ACK", "LISTEN", "SYNACK",
	"UDP",
	"INIT1", "INIT", "C-SENT", "C-REPLIED", "C-WAIT", "COOKIE", "C-ECHOED", "S-SENT", "S-RECEIVED", "S-ACK-SENT", "REJECTED", "CLOSED",
	"NONE", "ASSURED",
}

// parse reads what was typed. Every mistake is told.
func (f *connectionFilter) parse() error {
	var bad faults
	if f.clientText != "" {
		var err error
		if f.client, err = parsePrefix(f.clientText); err != nil {
			bad.add(usagef("--client %q: it is a network such as 198.51.100.0/24, or an address", f.clientText))
		}
	}
	if f.serverText != "" {
		addr, err := parseServer(f.serverText, kernel.ServiceID{})
		bad.add(err)
		f.server, f.serverPort = addr.Addr(), addr.Port()
		// Only a name with a port has a colon after its last bracket.
		_, err = kernel.ParseAddrPort(f.serverText)
		f.anyPort = err != nil
	}
	if f.stateText != "" {
		f.states = strings.Split(strings.ToUpper(f.stateText), ",")
		for _, s := range f.states {
			if !slices.Contains(states, s) {
				bad.add(usagef("--state %q: there is no such state", s).hintf("the states are %s", strings.Join(states, ", ")))
			}
		}
	}
	switch f.protocolText {
	case "":
	case "tcp":
		f.protocol = kernel.TCP
	case "udp":
		f.protocol = kernel.UDP
	case "sctp":
		f.protocol = kernel.SCTP
	default:
		bad.add(usagef("--protocol %q: it is tcp, udp or sctp", f.protocolText))
	}
	return bad.err()
}

func parsePrefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	return p.Masked(), err
}

func (f *connectionFilter) pass(c *kernel.Connection) bool {
	switch {
	case f.client.IsValid() && !f.client.Contains(c.Client.Addr()):
	case f.server.IsValid() && (c.Server.Addr() != f.server || !f.anyPort && c.Server.Port() != f.serverPort):
	case len(f.services) > 0 && !slices.ContainsFunc(f.services, func(s kernel.ServiceID) bool { return reaches(c, s) }):
	case len(f.states) > 0 && !slices.Contains(f.states, c.State):
	case f.protocol != 0 && c.Protocol != f.protocol:
	default:
		return true
	}
	return false
}

// reaches tells whether the entry goes to the service; port 0 is every port.
func reaches(c *kernel.Connection, s kernel.ServiceID) bool {
	return c.Protocol == s.Protocol && c.Virtual.Addr() == s.Addr && (s.Port == 0 || c.Virtual.Port() == s.Port)
}
