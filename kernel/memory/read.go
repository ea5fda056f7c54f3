package memory

import (
	"context"
	"slices"

	"lvs/kernel"
)

// What the real client calls what it tries.
const (
	askInfo   = "ask IPVS for its version"
	procTable = "/proc/thread-self/net/ip_vs"
)

// Info gives what Save kept or New set: version 1.2.1, 4096 buckets.
func (k *Kernel) Info(ctx context.Context) (kernel.Info, error) {
	if err := k.enter(ctx, askInfo, admin); err != nil {
		return kernel.Info{}, err
	}
	defer k.mu.Unlock()
	return k.table.info, nil
}

// Snapshot copies the table, or the services named.
func (k *Kernel) Snapshot(ctx context.Context, only ...kernel.ServiceID) (*kernel.Snapshot, error) {
	op := "list services"
	if len(only) > 0 {
		op = "read " + only[0].String()
	}
	if err := k.enter(ctx, op, admin); err != nil {
		return nil, err
	}
	defer k.mu.Unlock()
	out := &kernel.Snapshot{Time: k.now(), Info: k.table.info, Services: []kernel.ServiceEntry{}}
	if len(only) == 0 {
		for _, s := range k.table.services {
			out.Services = append(out.Services, s.entry())
		}
		out.Order = backwards(len(out.Services))
	}
	for _, id := range only {
		s, err := k.table.find(id)
		if err != nil {
			return nil, &kernel.Error{Op: "read", Service: id, Err: err}
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
func (k *Kernel) Servers(ctx context.Context, of kernel.ServiceID, into []kernel.ServerEntry) ([]kernel.ServerEntry, error) {
	if err := k.enter(ctx, "list the servers of "+of.String(), admin); err != nil {
		return nil, err
	}
	defer k.mu.Unlock()
	into = into[:0]
	if s := k.table.services[of]; s != nil {
		into = append(into, s.entry().Servers...)
	}
	return into, nil
}

// backwards is the order in which this kernel lists n services: any but the
// canonical one, as the real one does.
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

// PublicSnapshot is the table less what /proc/net/ip_vs does not tell.
func (k *Kernel) PublicSnapshot(ctx context.Context) (*kernel.Snapshot, error) {
	if err := k.enter(ctx, "read "+procTable, anyone); err != nil {
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

// Totals sums up what Traffic told.
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
