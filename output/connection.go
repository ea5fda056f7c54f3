package output

import (
	"net/netip"
	"slices"
	"strconv"
	"time"

	"lvs/kernel"
)

// streamWindow is the number of rows of a streamed table that are held to learn
// the widths of its columns.
const streamWindow = 1000

// ConnectionStream writes connections as they come. It holds at most a window of
// them, except to sort, and for YAML, templates and jq on json, which need the
// whole document.
type ConnectionStream struct {
	p     *Printer
	tests []*test[kernel.Connection]
	order func(a, b *kernel.Connection) int
	rows  rowWriter[kernel.Connection]
	doc   *document
	held  []kernel.Connection
	json  connectionJSON
	err   error
}

// Connections begins a list of connections. The first Add or Close returns an
// error of the options, before anything is written.
func (p *Printer) Connections() *ConnectionStream {
	k := connectionKind()
	s := &ConnectionStream{p: p}
	if s.tests, s.err = tests(p, &k); s.err != nil {
		return s
	}
	if s.order, s.err = k.order(&p.o); s.err != nil {
		return s
	}
	if !p.rowFormat() {
		s.doc = p.document(k.name, false)
		return s
	}
	s.rows, s.err = rows(p, &k)
	if t, ok := s.rows.(*table[kernel.Connection]); ok {
		t.window = streamWindow
	}
	return s
}

// Add writes one connection. It does not keep c.
func (s *ConnectionStream) Add(c *kernel.Connection) error {
	if s.err != nil || !allHold(s.tests, c) {
		return s.err
	}
	if s.order != nil {
		s.held = append(s.held, *c)
		return nil
	}
	s.err = s.write(c)
	return s.err
}

func (s *ConnectionStream) write(c *kernel.Connection) error {
	if s.rows != nil {
		return s.rows.row(c)
	}
	return s.doc.done(s.json.append(s.doc.open(), c))
}

// Close ends the list.
func (s *ConnectionStream) Close() error {
	if s.err != nil {
		return s.err
	}
	if s.order != nil {
		slices.SortStableFunc(s.held, func(a, b kernel.Connection) int { return s.order(&a, &b) })
	}
	for i := range s.held {
		if s.err = s.write(&s.held[i]); s.err != nil {
			return s.err
		}
	}
	s.held = nil
	if s.rows != nil {
		return s.rows.close()
	}
	return s.doc.close()
}

// ConnectionField returns the function that appends a connection's value of a
// column, for grouping. An unknown key is a *UsageError.
func ConnectionField(key string) (func(b []byte, c *kernel.Connection) []byte, error) {
	k := connectionKind()
	c, err := k.find(key, "column")
	if err != nil {
		return nil, err
	}
	return func(b []byte, r *kernel.Connection) []byte {
		if c.unknown != nil && c.unknown(r) {
			return append(b, '-') // as a group, it has no value
		}
		return c.appendCell(b, r, false)
	}, nil
}

// connectionKind is an entry of the connection table.
func connectionKind() kind[kernel.Connection] {
	type conn = kernel.Connection
	k := kind[conn]{name: "ConnectionList", columns: []column[conn]{
		{key: "protocol", help: "tcp, udp or sctp", canon: oneOf("tcp", "udp", "sctp"), text: func(b []byte, c *conn) []byte {
			if c.Protocol == 0 {
				return b
			}
			return append(b, c.Protocol.String()...)
		}},
		endpoint("client", "the client's address and port", func(c *conn) netip.AddrPort { return c.Client }),
		endpoint("virtual", "the virtual address and port", func(c *conn) netip.AddrPort { return c.Virtual }),
		endpoint("server", "the real server's address and port", func(c *conn) netip.AddrPort { return c.Server }),
		{key: "state", help: "the state, in the kernel's words, or RELEASED", canon: oneOf(kernel.ConnectionStates()...),
			text: func(b []byte, c *conn) []byte { return append(b, c.Shown()...) }},
		{key: "expires", help: "the time left", unit: seconds, number: func(c *conn) (uint64, bool) {
			return uint64(c.Expires / time.Second), true
		}},
		{key: "engine", help: "the persistence engine", canon: canonEngine,
			text: func(b []byte, c *conn) []byte { return append(b, c.Engine...) }},
		{key: "engineData", heading: "DATA", aliases: []string{"data"}, help: "what the engine matches, such as a Call-ID",
			text: func(b []byte, c *conn) []byte { return append(b, c.EngineData...) }},
		{key: "origin", help: "LOCAL, or SYNC if it came from another director", canon: oneOf("LOCAL", "SYNC"),
			text: func(b []byte, c *conn) []byte { return append(b, c.Origin...) }},
		{key: "orphaned", help: "true if the server was deleted", canon: oneOf("true", "false"),
			text: func(b []byte, c *conn) []byte {
				if c.Orphan == kernel.OrphanUnknown {
					return b
				}
				return strconv.AppendBool(b, c.Orphan == kernel.Orphaned)
			},
			unknown: func(c *conn) bool { return c.Orphan == kernel.OrphanUnknown }},
	}}
	k.plain = []string{"protocol", "client", "virtual", "server", "state", "expires", "orphaned"}
	k.style = func(c *conn, key string) Style {
		if c.Orphan == kernel.Orphaned && (key == "server" || key == "orphaned") {
			return Red
		}
		return NoStyle
	}
	k.wide = k.keys()
	k.appendName = func(b []byte, c *conn) []byte {
		if c.Protocol != 0 {
			b = append(append(b, c.Protocol.String()...), ' ')
		}
		b = append(c.Client.AppendTo(b), ' ')
		b = append(c.Virtual.AppendTo(b), ' ')
		return c.Server.AppendTo(b)
	}
	return k
}

// endpoint returns the column of an address and port.
func endpoint(key, help string, of func(*kernel.Connection) netip.AddrPort) column[kernel.Connection] {
	return column[kernel.Connection]{
		key: key, help: help,
		text:    func(b []byte, c *kernel.Connection) []byte { return of(c).AppendTo(b) },
		compare: func(a, b *kernel.Connection) int { return of(a).Compare(of(b)) },
		canon:   canonEndpoint,
		part: func(value string) (func(*kernel.Connection) bool, bool) {
			return addressPart(value, func(c *kernel.Connection) netip.Addr { return of(c).Addr() })
		},
	}
}

// ConnectionRow is an entry of the connection table.
type ConnectionRow struct {
	Protocol       *string `json:"protocol" doc:"tcp, udp or sctp. Null for the template of a firewall mark."`
	Family         string  `json:"family" doc:"ipv4 or ipv6, of the client."`
	Client         string  `json:"client" doc:"The client's address and port."`
	ClientAddress  string  `json:"clientAddress" doc:"The client's address."`
	ClientPort     uint16  `json:"clientPort" doc:"The client's port; 0 in a template."`
	Virtual        string  `json:"virtual" doc:"The virtual address and port."`
	VirtualAddress string  `json:"virtualAddress" doc:"The virtual address."`
	VirtualPort    uint16  `json:"virtualPort" doc:"The virtual port."`
	Server         string  `json:"server" doc:"The real server's address and port."`
	ServerAddress  string  `json:"serverAddress" doc:"The server's address."`
	ServerPort     uint16  `json:"serverPort" doc:"The server's port."`
	State          string  `json:"state" doc:"The kernel's state, or RELEASED: a template that binds nobody any more."`
	Expires        uint64  `json:"expires" doc:"Seconds left."`
	Template       bool    `json:"template" doc:"A persistence template: binds a client to a server, has no packets."`
	Engine         *string `json:"engine" doc:"The persistence engine. Null if there is none."`
	EngineData     *string `json:"engineData" doc:"What the engine matches, such as a Call-ID. Null if there is none."`
	Origin         *string `json:"origin" doc:"LOCAL, or SYNC if it came from another director. Null unless asked for."`
	Orphaned       *bool   `json:"orphaned" doc:"The table no longer has the server. Null if unknown."`
}
