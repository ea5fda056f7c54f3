package memory

import (
	"context"
	"iter"
	"net/netip"
	"slices"

	"lvs/kernel"
)

// Traffic is the traffic of a server: Add is added to the counters of the server,
// its service and the table; the rest replaces what it had.
type Traffic struct {
	Add                          kernel.Counters
	Rates                        kernel.Rates
	Active, Inactive, Persistent uint32
}

// Traffic sets the traffic of a server. It reports whether the server exists.
func (k *Kernel) Traffic(id kernel.ServiceID, server netip.AddrPort, t Traffic) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.table.services[id]
	if s == nil || s.byAddr[server] == nil {
		return false
	}
	e := s.byAddr[server]
	e.Active, e.Inactive, e.Persistent = t.Active, t.Inactive, t.Persistent
	e.Stats.Rates = t.Rates
	for _, c := range []*kernel.Counters{&e.Stats.Counters, &s.counters, &k.table.counted} {
		*c = c.Add(t.Add)
	}
	return true
}

// Source iterates over a connection table.
type Source = iter.Seq[kernel.Connection]

// SetConnections sets the connection table. Each connection should have both the
// Engine and the Origin; Connections shows one of the two.
func (k *Kernel) SetConnections(conns ...kernel.Connection) {
	k.SetConnectionSource(slices.Values(slices.Clone(conns)))
}

// SetConnectionSource sets f as the connection table, which can be too large to
// hold in memory. Save writes it in full.
func (k *Kernel) SetConnectionSource(f Source) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.table.connections = f
}

// Connections iterates over the connection table. Like the real kernel it reuses
// its value.
func (k *Kernel) Connections(ctx context.Context, from kernel.ConnectionSource) iter.Seq2[*kernel.Connection, error] {
	return func(yield func(*kernel.Connection, error) bool) {
		if err := k.enter(ctx, "list connections", anyone); err != nil {
			yield(nil, err)
			return
		}
		source := k.table.connections
		k.mu.Unlock()
		if source == nil {
			return
		}
		var shown kernel.Connection
		for c := range source {
			if err := ctx.Err(); err != nil {
				yield(nil, err)
				return
			}
			shown = c
			if from == kernel.WithOrigin {
				shown.Engine, shown.EngineData = "", ""
			} else {
				shown.Origin = ""
			}
			if !yield(&shown, nil) {
				return
			}
		}
	}
}
