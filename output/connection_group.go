package output

import (
	"cmp"
	"maps"
	"slices"

	"lvs/kernel"
)

// ConnectionGroup counts the connections that agree in some columns.
type ConnectionGroup struct {
	// Key are the values of the columns grouped by, in their order, as
	// ConnectionField gives them: none is a dash.
	Key []string
	// States counts by the kernel's state words.
	States map[string]uint64
	Total  uint64
}

// ConnectionGroupRow is a group of connections.
type ConnectionGroupRow struct {
	Key    map[string]*string `json:"key" doc:"What the connections have in common, by column key. Null where there is no value."`
	States map[string]uint64  `json:"states" doc:"How many are in each state."`
	Total  uint64             `json:"total" doc:"How many there are."`
}

// ConnectionGroups writes groups of connections, in the order given unless
// sorted. by are the column keys grouped by.
func (p *Printer) ConnectionGroups(by []string, rows []ConnectionGroup) error {
	k, err := groupKind(by)
	if err != nil {
		return err
	}
	return printList(p, &k, rows, func(g *ConnectionGroup) any {
		row := ConnectionGroupRow{Key: map[string]*string{}, States: g.States, Total: g.Total}
		for i, key := range by {
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

func groupKind(by []string) (kind[ConnectionGroup], error) {
	k := kind[ConnectionGroup]{name: "ConnectionGroupList"}
	connections := connectionKind()
	for i, key := range by {
		c, err := connections.find(key, "group key")
		if err != nil {
			return k, err
		}
		g := column[ConnectionGroup]{key: key, help: c.help, canon: c.canon,
			text: func(b []byte, g *ConnectionGroup) []byte {
				if g.Key[i] == "-" {
					return b
				}
				return append(b, g.Key[i]...)
			}}
		if key == "client" || key == "virtual" || key == "server" {
			g.compare = func(a, b *ConnectionGroup) int { return compareEndpoints(a.Key[i], b.Key[i]) }
		}
		k.columns = append(k.columns, g)
	}
	k.columns = append(k.columns,
		column[ConnectionGroup]{key: "total", help: "connections", number: func(g *ConnectionGroup) (uint64, bool) { return g.Total, true }},
		column[ConnectionGroup]{key: "states", help: "connections by state, most first", text: appendStates},
	)
	k.plain = k.keys()
	k.wide = k.plain
	return k, nil
}

func compareEndpoints(a, b string) int {
	x, errX := kernel.ParseAddrPort(a)
	y, errY := kernel.ParseAddrPort(b)
	if errX != nil || errY != nil {
		return cmp.Compare(a, b)
	}
	return x.Compare(y)
}

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
