package memory

import (
	"context"
	"iter"
	"net/netip"
	"slices"

	"lvs/kernel"
)

// Traffic is the traffic of a server: Add is added to the counters of the server,
// its service and the table; the rest replaces what it had. If the counters are not
// updated (kernel.CountersStopped), Add appears later, and Rates do not change.
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
	k.table.pending = append(k.table.pending, pending{id, server, t.Add})
	if k.table.stopped() == "" {
		e.Stats.Rates = t.Rates
	}
	k.table.count()
	return true
}

// stopped returns the sysctl because of which counters are not updated.
func (t *table) stopped() string {
	var settings [2]kernel.Sysctl // Traffic is called often
	known := settings[:0]
	for _, name := range []string{kernel.RunEstimation, kernel.EstCPUList} {
		if value, has := t.sysctls[name]; has {
			known = append(known, kernel.Sysctl{Name: name, Value: value})
		}
	}
	return kernel.CountersStopped(known)
}

// count adds what is pending to the counters, if they are updated.
func (t *table) count() {
	if len(t.pending) == 0 || t.stopped() != "" {
		return
	}
	for _, p := range t.pending {
		t.counted = t.counted.Add(p.Add)
		if s := t.services[p.Service]; s != nil {
			s.counters = s.counters.Add(p.Add)
			if e := s.byAddr[p.Server]; e != nil {
				e.Stats.Counters = e.Stats.Counters.Add(p.Add)
			}
		}
	}
	t.pending = t.pending[:0]
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

// Connections iterates over the connection table as the real kernel does. Like that it
// reuses its value.
func (k *Kernel) Connections(ctx context.Context, from kernel.ConnectionSource) iter.Seq2[*kernel.Connection, error] {
	return func(yield func(*kernel.Connection, error) bool) {
		if err := k.enter(ctx, "list connections", anyone); err != nil {
			yield(nil, err)
			return
		}
		counted := k.hooks.oldKernel
		k.mu.Unlock()
		kernel.Listing{
			Counted: counted,
			Size: func() (uint32, error) {
				k.mu.Lock()
				defer k.mu.Unlock()
				return k.table.info.ConnTableSize, nil
			},
			Read: func(look func() error) iter.Seq2[*kernel.Connection, error] {
				return k.readConnections(ctx, from, look)
			},
		}.Connections()(yield)
	}
}

// readConnections lists the connection table once, as kernel.Listing.Read.
func (k *Kernel) readConnections(
	ctx context.Context, from kernel.ConnectionSource, look func() error,
) iter.Seq2[*kernel.Connection, error] {
	return func(yield func(*kernel.Connection, error) bool) {
		source, now := k.nextReading()
		var shown kernel.Connection
		n := 0
		for c := range source {
			err := ctx.Err()
			if now.Resized != 0 && n == now.Before {
				k.resize(now.Resized)
				err = look()
			}
			if err != nil {
				yield(nil, err)
				return
			}
			n++
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
		if now.Resized != 0 && n <= now.Before {
			k.resize(now.Resized)
		}
	}
}

// nextReading returns what the next reading of the connection table lists.
func (k *Kernel) nextReading() (Source, Reading) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.hooks.readings != nil {
		r := k.hooks.readings(k.hooks.read)
		k.hooks.read++
		return slices.Values(r.Connections), r
	}
	if k.table.connections == nil {
		return func(func(kernel.Connection) bool) {}, Reading{}
	}
	return k.table.connections, Reading{}
}

// resize changes the number of buckets of the connection table.
func (k *Kernel) resize(buckets uint32) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.table.info.ConnTableSize = buckets
}
