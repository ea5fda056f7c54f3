package memory

import (
	"context"
	"math"
	"time"

	"lvs/kernel"
)

// Flush deletes every service. Totals, timeouts and daemons stay.
func (k *Kernel) Flush(ctx context.Context) error {
	if err := k.enter(ctx, "delete every service", admin); err != nil {
		return err
	}
	defer k.mu.Unlock()
	clear(k.table.services)
	return nil
}

// Zero clears counters and rates; those of the whole table only when no
// service is named.
func (k *Kernel) Zero(ctx context.Context, only ...kernel.ServiceID) error {
	if err := k.enter(ctx, "zero the counters", admin); err != nil {
		return err
	}
	defer k.mu.Unlock()
	if len(only) == 0 {
		for _, s := range k.table.services {
			s.zero()
		}
		k.table.counted = kernel.Counters{}
	}
	for _, id := range only {
		s, err := k.table.find(id)
		if err != nil {
			return &kernel.Error{Op: "zero the counters of", Service: id, Err: err}
		}
		s.zero()
	}
	return nil
}

func (s *service) zero() {
	s.counters = kernel.Counters{}
	for _, v := range s.servers {
		v.Stats = kernel.Stats{}
	}
}

// Timeouts gives the three that the kernel lets one set.
func (k *Kernel) Timeouts(ctx context.Context) (kernel.Timeouts, error) {
	if err := k.enter(ctx, "read the timeouts", admin); err != nil {
		return kernel.Timeouts{}, err
	}
	defer k.mu.Unlock()
	return k.table.timeouts, nil
}

// maxTimeout is what the kernel can hold: it counts in ticks, 250 a second on
// Debian's, in 31 bits.
const maxTimeout = math.MaxInt32 / 250 * time.Second

// SetTimeouts changes all that are not zero, or none.
func (k *Kernel) SetTimeouts(ctx context.Context, t kernel.Timeouts) error {
	if err := k.enter(ctx, "set the timeouts", admin); err != nil {
		return err
	}
	defer k.mu.Unlock()
	for _, d := range []time.Duration{t.TCP, t.TCPFin, t.UDP} {
		if d < 0 || d > maxTimeout {
			return &kernel.Error{Op: "set the timeouts", Err: kernel.ErrInvalid}
		}
	}
	set := func(to *time.Duration, d time.Duration) {
		if d != 0 {
			*to = d.Truncate(time.Second)
		}
	}
	set(&k.table.timeouts.TCP, t.TCP)
	set(&k.table.timeouts.TCPFin, t.TCPFin)
	set(&k.table.timeouts.UDP, t.UDP)
	return nil
}
