package output

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"

	"lvs/kernel"
)

// ConnectionGroup counts the connections that have the same values in some columns.
type ConnectionGroup struct {
	// Key has the values of these columns in their order, as ConnectionField
	// appends them: a dash if there is none.
	Key []string
	// States counts the connections by state, in the kernel's words.
	States map[string]uint64
	Total  uint64
}

// ConnectionGroupRow is a group of connections.
type ConnectionGroupRow struct {
	Key    map[string]*string `json:"key" doc:"The values they have in common, by column key. Null if there is no value."`
	States map[string]uint64  `json:"states" doc:"The number of connections in each state."`
	Total  uint64             `json:"total" doc:"The number of connections."`
}

// ConnectionGroups writes groups of connections, in this order unless sorted. by
// names the columns by which they are grouped.
func (p *Printer) ConnectionGroups(by []string, rows []ConnectionGroup) error {
	k, err := groupKind(by)
	if err != nil {
		return err
	}
	return printList(p, &k, rows, func(g *ConnectionGroup) any {
		row := ConnectionGroupRow{Key: map[string]*string{}, States: g.States, Total: g.Total}
		for i := range by {
			key := k.columns[i].key
			row.Key[key] = nil
			if g.Key[i] != "-" {
				row.Key[key] = &g.Key[i]
			}
		}
		if row.States == nil {
			row.States = map[string]uint64{}
		}
		return row
	})
}

// canonOfGroup returns the canon of a key, which may be the address of a column without
// its port, or a network.
func canonOfGroup(c *column[kernel.Connection]) func(string) (canonical, want string) {
	if c.part == nil {
		return c.canon
	}
	return func(s string) (string, string) {
		if p, err := netip.ParsePrefix(s); err == nil {
			return p.Masked().String(), ""
		}
		if a, err := netip.ParseAddr(s); err == nil {
			return a.String(), ""
		}
		return c.canon(s)
	}
}

// groupKind is a group of connections by the columns that by names.
func groupKind(by []string) (kind[ConnectionGroup], error) {
	k := kind[ConnectionGroup]{name: "ConnectionGroupList"}
	connections := connectionKind()
	for i, word := range by {
		c, err := connections.find(word, "group key")
		if err != nil {
			return k, err
		}
		g := column[ConnectionGroup]{key: c.key, heading: c.heading, aliases: c.aliases, help: c.help, canon: canonOfGroup(c),
			text: func(b []byte, g *ConnectionGroup) []byte {
				if g.Key[i] == "-" {
					return b
				}
				return append(b, g.Key[i]...)
			}}
		switch c.key {
		case "client", "virtual", "server":
			g.compare = func(a, b *ConnectionGroup) int { return compareEndpoints(a.Key[i], b.Key[i]) }
		}
		k.columns = append(k.columns, g)
	}
	k.columns = append(k.columns,
		column[ConnectionGroup]{key: "total", help: "connections",
			number: func(g *ConnectionGroup) (uint64, bool) { return g.Total, true }},
		column[ConnectionGroup]{key: "states", help: "connections by state, most first", text: appendStates},
	)
	k.plain = k.keys()
	k.wide = k.plain
	return k, nil
}

// compareEndpoints compares addresses as such where both are, else as text.
func compareEndpoints(a, b string) int {
	x, errX := kernel.ParseAddrPort(a)
	y, errY := kernel.ParseAddrPort(b)
	if errX != nil || errY != nil {
		return cmp.Compare(a, b)
	}
	return x.Compare(y)
}

// appendStates appends ESTABLISHED=5,CLOSE=3, the most first.
func appendStates(b []byte, g *ConnectionGroup) []byte {
	names := slices.SortedFunc(maps.Keys(g.States), func(x, y string) int {
		return cmp.Or(cmp.Compare(g.States[y], g.States[x]), cmp.Compare(x, y))
	})
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendUint(append(append(b, name...), '='), g.States[name])
	}
	return b
}
