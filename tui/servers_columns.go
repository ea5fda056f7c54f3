package tui

import (
	"cmp"
	"slices"
)

func serverColumns(m *Model, byService bool) []column[serverRow] {
	type row = serverRow
	of := func(r *row) *traffic { return &r.traffic }
	service := column[row]{key: "service", title: "SERVICE", help: "the virtual service", grown: true, left: true, width: 18, off: !byService,
		cell:    func(r *row) string { return r.of.ServiceID.String() },
		compare: func(a, b *row) int { return cmp.Or(a.of.ServiceID.Compare(b.of.ServiceID), a.e.Addr.Compare(b.e.Addr)) }}
	server := column[row]{key: "server", title: "SERVER", help: "the real server", grown: true, left: true, width: 14,
		cell: func(r *row) string { return r.o.name }, look: serverLook,
		compare: func(a, b *row) int { return a.e.Addr.Compare(b.e.Addr) }}
	if byService {
		service.look, server.rank = serverLook, 8
	}
	return slices.Concat([]column[row]{service, server,
		{key: "forward", title: "FWD", help: "how packets reach the server", left: true, width: 6, rank: 8,
			cell:    func(r *row) string { return r.e.Forward.String() },
			compare: func(a, b *row) int { return cmp.Compare(a.e.Forward, b.e.Forward) }},
		{key: "weight", title: "WEIGHT", help: "its share of new connections; 0 takes none", width: 6, down: true,
			cell: func(r *row) string { return countFull(r.e.Weight) }, look: weightLook,
			compare: func(a, b *row) int { return cmp.Compare(a.e.Weight, b.e.Weight) }}},
		connectionColumns(m, of), shareColumns(m), rateColumns(m, of), thresholdColumns(m), countedColumns(m, of),
		[]column[row]{trendColumn(m, of, func(r *row) *object { return r.o })})
}

// shareColumns hold what a server got against what its weight makes its own.
func shareColumns(m *Model) []column[serverRow] {
	type row = serverRow
	got := func(r *row) float64 {
		if r.o.share.of == 0 {
			return 0
		}
		return float64(r.o.share.got) / float64(r.o.share.of)
	}
	return []column[row]{
		{key: "got", title: "GOT%", help: "its part of the service's new connections, over a minute or two; marked ! where it parts from DUE% by more than chance explains, and by a tenth of it",
			width: 5, rank: 4, down: true,
			cell: func(r *row) string {
				switch {
				case r.public:
					return "?"
				case r.o.share.of == 0:
					return m.g.dash
				case r.o.share.off:
					return m.g.warn + percentText(got(r))
				}
				return percentText(got(r))
			},
			look:    func(r *row) look { return (bold | yellow) * look(boolInt(r.o.share.off)) },
			compare: func(a, b *row) int { return cmp.Compare(got(a), got(b)) }},
		{key: "due", title: "DUE%", help: "the part that its weight makes its own", width: 4, rank: 5, down: true,
			cell: func(r *row) string {
				if r.public {
					return "?"
				}
				return percentText(r.o.share.due)
			},
			compare: func(a, b *row) int { return cmp.Compare(a.o.share.due, b.o.share.due) }},
	}
}

func thresholdColumns(m *Model) []column[serverRow] {
	type row = serverRow
	threshold := func(of func(*row) uint32) func(*row) string {
		return func(r *row) string {
			if of(r) == 0 && !r.public {
				return m.g.dash
			}
			return m.count(uint64(of(r)), r.public)
		}
	}
	upper := func(r *row) uint32 { return r.e.Upper }
	lower := func(r *row) uint32 { return r.e.Lower }
	return []column[row]{
		{key: "upper", title: "UPPER", help: "no new connections at this many", width: 5, rank: 12, off: true, down: true,
			cell: threshold(upper), compare: func(a, b *row) int { return cmp.Compare(upper(a), upper(b)) }},
		{key: "lower", title: "LOWER", help: "new connections again below this many", width: 5, rank: 12, off: true, down: true,
			cell: threshold(lower), compare: func(a, b *row) int { return cmp.Compare(lower(a), lower(b)) }},
	}
}

func serverLook(r *serverRow) look {
	if r.e.Weight == 0 {
		return dim
	}
	return bold
}

func weightLook(r *serverRow) look {
	if r.e.Weight == 0 {
		return yellow
	}
	return plain
}
