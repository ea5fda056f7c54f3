package output

import "lvs/kernel"

// TotalsRow is the traffic of all services, with facts about the table.
type TotalsRow struct {
	Version       string    `json:"version" doc:"The kernel's version of IPVS, 1.2.1 since 2003."`
	ConnTableSize uint32    `json:"connTableSize" doc:"Hash buckets for connections, not a limit; 0: empty, self-sizing."`
	ConnTableUsed *uint64   `json:"connTableUsed" doc:"Connections in the table, with persistence. Null if unknown."`
	ConnMax       *uint64   `json:"connMax" doc:"Most connections the kernel keeps, net.ipv4.vs.conn_max. Null: no limit."`
	Stats         *StatsRow `json:"stats" doc:"All services since IPVS was loaded or last zeroed. Null if unknown."`
	Rates         *RatesRow `json:"rates" doc:"The kernel's estimates per second for all services. Null if unknown."`
}

// Totals are the counters and rates of all services together, and the state of the
// connection table.
type Totals struct {
	kernel.Stats
	// Stopped is set if the Stats are not up to date, see kernel.CountersStopped.
	Stopped bool
	Info    kernel.Info
	Conns   kernel.ConnTable
}

// Totals writes the counters and rates of all services together.
func (p *Printer) Totals(t Totals) error {
	k := totalsKind()
	return printOne(p, &k, t, func(t *Totals) any {
		row := TotalsRow{Version: t.Info.Version.String(), ConnTableSize: t.Info.ConnTableSize,
			ConnTableUsed: knownOrNull(t.Conns.Used), ConnMax: knownOrNull(t.Conns.Max)}
		if !t.Stopped {
			row.Stats, row.Rates = statsRow(&t.Stats), ratesRow(&t.Stats)
		}
		return row
	})
}

func totalsKind() kind[Totals] {
	k := kind[Totals]{name: "Totals"}
	for _, c := range statColumns() {
		k.columns = append(k.columns, column[Totals]{key: c.key, heading: c.heading, aliases: []string{c.old},
			help: c.help, unit: scaled,
			number: func(t *Totals) (uint64, bool) { return c.value(&t.Stats), !t.Stopped }})
	}
	known := func(of func(*Totals) int64) func(*Totals) (uint64, bool) {
		return func(t *Totals) (uint64, bool) { return uint64(max(of(t), 0)), of(t) >= 0 }
	}
	k.columns = append(k.columns,
		column[Totals]{key: "connTableUsed", heading: "TABLE-USED", unit: scaled,
			help:   "connections in the table, and clients bound by persistence",
			number: known(func(t *Totals) int64 { return t.Conns.Used })},
		column[Totals]{key: "connMax", heading: "CONN-MAX", unit: scaled,
			help:   "the most connections that the kernel keeps (net.ipv4.vs.conn_max)",
			number: known(func(t *Totals) int64 { return t.Conns.Max })},
	)
	k.plain = k.keys()
	k.columns = append(k.columns,
		column[Totals]{key: "version", help: "the kernel's version of IPVS",
			text: func(b []byte, t *Totals) []byte { return append(b, t.Info.Version.String()...) }},
		column[Totals]{key: "connTableSize", help: "hash buckets for connections; not a limit",
			number: func(t *Totals) (uint64, bool) { return uint64(t.Info.ConnTableSize), true }},
	)
	k.wide = k.keys()
	return k
}

// knownOrNull returns nil for a negative number, which is unknown.
func knownOrNull(n int64) *uint64 {
	if n < 0 {
		return nil
	}
	return new(uint64(n))
}
