package tui

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"lvs/kernel"
	"lvs/output"
)

// sample is one reading of IPVS. It does not change after that.
type sample struct {
	*kernel.Snapshot
	// totals are the counters of the whole table, including deleted services. If they
	// cannot be read, they are the sum of the services.
	totals kernel.Counters
	// slow is what rarely changes.
	slow *slow
	// outages are the servers that are drained, or have their weight only for some time;
	// pending is which change is undone unless it is confirmed.
	outages map[kernel.ServerKey]output.Outage
	pending string
	// took is how long reading took.
	took time.Duration
}

// slow is read every slowEvery. What cannot be read is empty.
type slow struct {
	at       time.Time
	timeouts kernel.Timeouts
	// daemons is nil if unknown: without privilege.
	daemons []kernel.Daemon
	status  []kernel.TableStatus
	sysctls []kernel.Sysctl
}

const slowEvery = 5 * time.Second

// reader takes samples, one at a time. It opens the kernel for the first sample, and
// again after a failure, because the module may have been loaded again.
type reader struct {
	open func() (kernel.Kernel, error)
	now  func() time.Time
	// outages is that of the options.
	outages func() (map[kernel.ServerKey]output.Outage, string)

	// stale makes the next sample read everything, as after a change. It can be set
	// while a sample is being taken.
	stale atomic.Bool

	mu   sync.Mutex
	k    kernel.Kernel
	slow *slow
}

func (r *reader) take(ctx context.Context) (*sample, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, err := r.read(ctx)
	if err != nil && ctx.Err() == nil {
		r.close()
	}
	return s, err
}

func (r *reader) read(ctx context.Context) (*sample, error) {
	if r.k == nil {
		k, err := r.open()
		if err != nil {
			return nil, err
		}
		r.k = k
	}
	start := r.now()
	snap, err := r.k.Snapshot(ctx)
	if errors.Is(err, kernel.ErrPermission) {
		refused := err
		if snap, err = r.k.PublicSnapshot(ctx); err != nil {
			err = refused
		}
	}
	if err != nil {
		return nil, err
	}
	s := &sample{Snapshot: snap}
	if t, err := r.k.Totals(ctx); err == nil {
		s.totals = t.Counters
	} else {
		for i := range snap.Services {
			s.totals = s.totals.Add(snap.Services[i].Stats.Counters)
		}
	}
	if r.stale.Swap(false) || r.slow == nil || start.Sub(r.slow.at) >= slowEvery {
		r.slow = r.readSlow(ctx, start)
	}
	s.slow = r.slow
	if r.outages != nil {
		s.outages, s.pending = r.outages()
	}
	s.took = r.now().Sub(start)
	return s, ctx.Err()
}

func (r *reader) readSlow(ctx context.Context, at time.Time) *slow {
	s := &slow{at: at}
	s.timeouts, _ = r.k.Timeouts(ctx)
	s.daemons, _ = r.k.Daemons(ctx)
	s.status, _ = r.k.TableStatus(ctx)
	s.sysctls, _ = r.k.Sysctls(ctx)
	return s
}

func (r *reader) close() {
	if r.k != nil {
		r.k.Close()
		r.k, r.slow = nil, nil
	}
}
