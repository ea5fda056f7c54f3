package output

import "lvs/kernel"

// TotalsRow is the table as a whole.
type TotalsRow struct {
	Version       string   `json:"version" doc:"The kernel's version of IPVS, 1.2.1 since 2003."`
	ConnTableSize uint32   `json:"connTableSize" doc:"Hash buckets for connections; 0 when the kernel sizes an empty table by itself."`
	Stats         StatsRow `json:"stats" doc:"Totals of all services since IPVS was loaded or last zeroed."`
	Rates         RatesRow `json:"rates" doc:"The kernel's estimates per second for all services."`
}

type totals struct {
	kernel.Stats
	info kernel.Info
}

// Totals writes the counters and rates of all services together.
func (p *Printer) Totals(s kernel.Stats, i kernel.Info) error {
	k := totalsKind()
	return printOne(p, &k, totals{s, i}, func(t *totals) any {
		return TotalsRow{Version: t.info.Version.String(), ConnTableSize: t.info.ConnTableSize,
			Stats: *statsRow(&t.Stats), Rates: *ratesRow(&t.Stats)}
	})
}

func totalsKind() kind[totals] {
	k := kind[totals]{name: "Totals"}
	for _, c := range statColumns() {
		k.columns = append(k.columns, column[totals]{key: c.key, help: c.help, unit: scaled,
			number: func(t *totals) (uint64, bool) { return c.value(&t.Stats), true }})
	}
	k.plain = k.keys()
	k.columns = append(k.columns,
		column[totals]{key: "version", help: "the kernel's version of IPVS", text: func(b []byte, t *totals) []byte { return append(b, t.info.Version.String()...) }},
		column[totals]{key: "conntablesize", help: "hash buckets for connections", number: func(t *totals) (uint64, bool) { return uint64(t.info.ConnTableSize), true }},
	)
	k.wide = k.keys()
	return k
}

func statsRow(s *kernel.Stats) *StatsRow {
	c := s.Counters
	return &StatsRow{c.Connections, c.PacketsIn, c.PacketsOut, c.BytesIn, c.BytesOut}
}

func ratesRow(s *kernel.Stats) *RatesRow {
	r := s.Rates
	return &RatesRow{r.Connections, r.PacketsIn, r.PacketsOut, r.BytesIn, r.BytesOut}
}
