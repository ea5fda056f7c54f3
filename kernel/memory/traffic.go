package memory

import (
	"context"
	"iter"
	"net/netip"
	"slices"

	"lvs/kernel"
)

// Traffic is what a server does: Add is counted on top of what it, its service
// and the table have counted; the rest is how things stand now.
type Traffic struct {
	Add                          kernel.Counters
	Rates                        kernel.Rates
	Active, Inactive, Persistent uint32
}

// Traffic lets a server do something. It tells whether there is such a server.
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

// Source walks a connection table.
type Source = iter.Seq[kernel.Connection]

// SetConnections makes these the connection table. Each should have Engine or
// Origin as its source would tell it: Connections shows one of the two.
func (k *Kernel) SetConnections(conns ...kernel.Connection) {
	k.SetConnectionSource(slices.Values(slices.Clone(conns)))
}

// SetConnectionSource makes f the connection table, for one too large to hold.
// Save writes it out in full.
func (k *Kernel) SetConnectionSource(f Source) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.table.connections = f
}

// Connections walks what was set. Like the real one it reuses its value.
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
