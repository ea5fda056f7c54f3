package memory

import (
	"context"
	"fmt"
	"slices"

	"lvs/kernel"
)

// Info returns what New or Load set: version 1.2.1 and 4096 buckets by default.
func (k *Kernel) Info(ctx context.Context) (kernel.Info, error) {
	if err := k.enter(ctx, "read the IPVS version", admin); err != nil {
		return kernel.Info{}, err
	}
	defer k.mu.Unlock()
	return k.table.info, nil
}

// Snapshot copies the table, or the named services.
func (k *Kernel) Snapshot(ctx context.Context, only ...kernel.ServiceID) (*kernel.Snapshot, error) {
	op, about := "list services", kernel.ServiceID{}
	if len(only) > 0 {
		op, about = "read", only[0]
	}
	if err := k.enterService(ctx, op, about, admin); err != nil {
		return nil, err
	}
	defer k.mu.Unlock()
	out := &kernel.Snapshot{Time: k.now(), Info: k.table.info, Stopped: k.table.stopped(),
		Services: []kernel.ServiceEntry{}}
	if len(only) == 0 {
		for _, s := range k.table.services {
			out.Services = append(out.Services, s.entry())
		}
		out.Order = backwards(len(out.Services))
	}
	for _, id := range only {
		s, err := k.table.find(id)
		if err != nil {
			return nil, &kernel.Error{Op: op, Service: id, Err: err}
		}
		if out.Find(id) == nil {
			out.Services = append(out.Services, s.entry())
		}
	}
	slices.SortFunc(out.Services, func(a, b kernel.ServiceEntry) int { return a.ServiceID.Compare(b.ServiceID) })
	return out, nil
}

// Services is Snapshot without servers.
func (k *Kernel) Services(ctx context.Context, only ...kernel.ServiceID) (*kernel.Snapshot, error) {
	s, err := k.Snapshot(ctx, only...)
	if err != nil {
		return nil, err
	}
	for i := range s.Services {
		s.Services[i].Servers = nil
	}
	return s, nil
}

// Servers copies the servers of a service, newest first.
func (k *Kernel) Servers(
	ctx context.Context, of kernel.ServiceID, into []kernel.ServerEntry,
) ([]kernel.ServerEntry, error) {
	if err := k.enterService(ctx, "list the servers of", of, admin); err != nil {
		return nil, err
	}
	defer k.mu.Unlock()
	into = into[:0]
	if s := k.table.services[of]; s != nil {
		into = append(into, s.entry().Servers...)
	}
	return into, nil
}

// backwards returns the order in which this kernel lists n services. It is not the
// canonical one, as in the real kernel.
func backwards(n int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = n - 1 - i
	}
	return order
}

func (t *table) find(id kernel.ServiceID) (*service, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	if s := t.services[id]; s != nil {
		return s, nil
	}
	return nil, kernel.ErrNoService
}

// entry copies a service, newest server first.
func (s *service) entry() kernel.ServiceEntry {
	e := kernel.ServiceEntry{
		Service: s.Service,
		Stats:   kernel.Stats{Counters: s.counters},
		Servers: make([]kernel.ServerEntry, 0, len(s.servers)),
	}
	for _, v := range slices.Backward(s.servers) {
		e.Servers = append(e.Servers, *v)
		e.Stats.Rates = e.Stats.Rates.Add(v.Stats.Rates)
	}
	return e
}

// PublicSnapshot is the table without what /proc/net/ip_vs does not contain.
func (k *Kernel) PublicSnapshot(ctx context.Context) (*kernel.Snapshot, error) {
	if err := k.enter(ctx, "list services", anyone); err != nil {
		return nil, err
	}
	defer k.mu.Unlock()
	out := &kernel.Snapshot{Time: k.now(), Info: k.table.info, Public: true, Services: []kernel.ServiceEntry{}}
	for _, s := range k.table.services {
		e := s.entry()
		e.Stats = kernel.Stats{}
		e.Service = kernel.Service{ServiceID: e.ServiceID, Scheduler: e.Scheduler, OnePacket: e.OnePacket}
		for i, v := range e.Servers {
			e.Servers[i] = kernel.ServerEntry{
				Server: kernel.Server{Addr: v.Addr, Forward: v.Forward, Weight: v.Weight},
				Active: v.Active, Inactive: v.Inactive,
			}
		}
		out.Services = append(out.Services, e)
	}
	slices.SortFunc(out.Services, func(a, b kernel.ServiceEntry) int { return a.ServiceID.Compare(b.ServiceID) })
	return out, nil
}

// Totals returns the sum of what Traffic added.
func (k *Kernel) Totals(ctx context.Context) (kernel.Stats, error) {
	if err := k.enter(ctx, "read the totals", anyone); err != nil {
		return kernel.Stats{}, err
	}
	defer k.mu.Unlock()
	out := kernel.Stats{Counters: k.table.counted}
	for _, s := range k.table.services {
		out.Rates = out.Rates.Add(s.entry().Stats.Rates)
	}
	return out, nil
}

// TableStatus describes the hash tables that Linux 7 would have for the table.
func (k *Kernel) TableStatus(ctx context.Context) ([]kernel.TableStatus, error) {
	const op = "read the state of the hash tables"
	if err := k.enter(ctx, op, anyone); err != nil {
		return nil, err
	}
	defer k.mu.Unlock()
	if k.hooks.oldKernel {
		return nil, &kernel.Error{Op: op, Err: fmt.Errorf("%w: needs Linux 7 or later", kernel.ErrNotSupported)}
	}
	conns := 0
	for _, s := range k.table.services {
		for _, v := range s.servers {
			conns += int(v.Active) + int(v.Inactive) + int(v.Persistent)
		}
	}
	return []kernel.TableStatus{
		{Name: "Conns", Value: fmt.Sprint(conns)},
		{Name: "Conn buckets", Value: buckets(conns, 8, -4)},
		{Name: "Services", Value: fmt.Sprint(len(k.table.services))},
		{Name: "Service buckets", Value: buckets(len(k.table.services), 4, -3)},
	}, nil
}

// buckets describes a table of at least the given bits, and one bit more for each
// doubling of what it holds; the load factor keeps some of it free.
func buckets(held, bits, factor int) string {
	for 1<<(bits+factor) < held {
		bits++
	}
	return fmt.Sprintf("%d (%d bits, lfactor %d)", 1<<bits, bits, factor)
}
