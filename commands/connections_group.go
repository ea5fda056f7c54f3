package commands

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"lvs/kernel"
	"lvs/output"
)

// groupKey is one value by which connections are counted.
type groupKey struct {
	// column is its name in output.
	column string
	append func(b []byte, c *kernel.Connection) []byte
}

// parseGroupKeys parses a comma-separated list of keys. It returns none for an empty
// one.
func parseGroupKeys(s string) ([]groupKey, error) {
	if s == "" {
		return nil, nil
	}
	var bad faults
	var out []groupKey
	for name := range strings.SplitSeq(s, ",") {
		keys, err := parseGroupKey(name)
		bad.add(err)
		for _, k := range keys {
			if slices.ContainsFunc(out, func(o groupKey) bool { return o.column == k.column }) {
				bad.add(usagef("invalid --group-by %q: %s is in the list twice", s, k.column))
			}
			out = append(out, k)
		}
	}
	return out, bad.err()
}

func parseGroupKey(name string) ([]groupKey, error) {
	if bits, ok := strings.CutPrefix(name, "client/"); ok {
		n, err := strconv.ParseUint(bits, 10, 8)
		if err != nil || n > 128 {
			return nil, usagef("invalid --group-by %q: want a prefix length from 0 to 128", name)
		}
		return []groupKey{{"client", clientNetwork(int(n))}}, nil
	}
	switch name {
	case "client":
		return []groupKey{{"client", func(b []byte, c *kernel.Connection) []byte { return c.Client.Addr().AppendTo(b) }}}, nil
	case "service":
		return append(field("protocol"), field("virtual")...), nil
	case "virtual", "server", "state", "protocol", "origin", "orphaned":
		return field(name), nil
	}
	return nil, usagef(
		"invalid --group-by %q: want client, client/PREFIX, virtual, server, state, protocol, service, origin or "+
			"orphaned", name)
}

// field returns the key for a column, as output writes it.
func field(column string) []groupKey {
	appendTo, err := output.ConnectionField(column)
	if err != nil {
		return nil
	}
	return []groupKey{{column, appendTo}}
}

// clientNetwork returns a key that is the client's network of that many bits, or its
// address if that has fewer.
func clientNetwork(bits int) func([]byte, *kernel.Connection) []byte {
	return func(b []byte, c *kernel.Connection) []byte {
		a := c.Client.Addr()
		p, err := a.Prefix(min(bits, a.BitLen()))
		if err != nil {
			p = netip.PrefixFrom(a, a.BitLen())
		}
		return p.AppendTo(b)
	}
}

// count prints how many connections each group has, the largest group first.
func (o *connections) count(ctx context.Context, p *output.Printer, keys []groupKey, top int) error {
	groups := groups{keys: keys, byKey: map[string]*group{}}
	err := o.walk(ctx, func(c *kernel.Connection) error {
		groups.add(c)
		return nil
	})
	if err == nil {
		err = o.exists(ctx)
	}
	if err != nil {
		return err
	}
	rows := groups.rows()
	slices.SortFunc(rows, func(a, b output.ConnectionGroup) int {
		return cmp.Or(cmp.Compare(b.Total, a.Total), slices.Compare(a.Key, b.Key))
	})
	if top > 0 && top < len(rows) {
		rows = rows[:top]
	}
	columns := make([]string, len(keys))
	for i, k := range keys {
		columns[i] = k.column
	}
	return p.ConnectionGroups(columns, rows)
}

// ofGroups adds a hint to the error of a --filter that is for connections, not for groups.
func (o *connections) ofGroups(err error) error {
	if bad := (*output.UsageError)(nil); !errors.As(err, &bad) || len(o.filter) == 0 {
		return err
	}
	return usagef("%w", err).hintf("select connections with --client, --service, --server, --state or --protocol; " +
		"with --group-by or --top, --filter selects groups")
}

// groups counts connections by their keys.
type groups struct {
	keys  []groupKey
	byKey map[string]*group
	key   []byte
}

// group has the number of connections of a group in each state.
type group struct{ states []stateCount }

type stateCount struct {
	state string
	n     uint64
}

// between joins the parts of a key: none of them contains it.
const between = 0

func (g *groups) add(c *kernel.Connection) {
	g.key = g.key[:0]
	for i, k := range g.keys {
		if i > 0 {
			g.key = append(g.key, between)
		}
		g.key = k.append(g.key, c)
	}
	one := g.byKey[string(g.key)]
	if one == nil {
		one = &group{}
		g.byKey[string(g.key)] = one
	}
	one.add(c.Shown())
}

// add counts a connection. The states of a group are few.
func (g *group) add(state string) {
	for i := range g.states {
		if g.states[i].state == state {
			g.states[i].n++
			return
		}
	}
	g.states = append(g.states, stateCount{state, 1})
}

// rows returns the groups in no particular order.
func (g *groups) rows() []output.ConnectionGroup {
	rows := make([]output.ConnectionGroup, 0, len(g.byKey))
	for key, one := range g.byKey {
		row := output.ConnectionGroup{
			Key: strings.Split(key, string(rune(between))), States: make(map[string]uint64, len(one.states)),
		}
		for _, s := range one.states {
			row.States[s.state], row.Total = s.n, row.Total+s.n
		}
		rows = append(rows, row)
	}
	return rows
}
