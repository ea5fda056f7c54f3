package plan

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"slices"

	"lvs/kernel"
)

// Table is all that a kernel is configured with.
type Table struct {
	*kernel.Snapshot
	Timeouts kernel.Timeouts
	Daemons  []kernel.Daemon
}

// ReadTable reads the services, the timeouts and the sync daemons.
func ReadTable(ctx context.Context, k kernel.Kernel) (*Table, error) {
	snap, err := k.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	t := &Table{Snapshot: snap}
	if t.Timeouts, err = k.Timeouts(ctx); err != nil {
		return nil, err
	}
	t.Daemons, err = k.Daemons(ctx)
	return t, err
}

// Steps lead from one table to another.
type Steps struct {
	// Changes of services and servers, in an order that interrupts nothing.
	Changes []kernel.Change
	// Timeouts to set. Zero leaves one as it is.
	Timeouts kernel.Timeouts
	// Stop and Start are sync daemons. One that differs is stopped and started.
	Stop, Start []kernel.Daemon
}

// Empty tells that nothing is to be done.
func (s *Steps) Empty() bool { return s.Len() == 0 }

// Len counts the steps.
func (s *Steps) Len() int {
	n := len(s.Changes) + len(s.Stop) + len(s.Start)
	if s.Timeouts != (kernel.Timeouts{}) {
		n++
	}
	return n
}

// PlanTimeouts leaves out what is so already.
func (s *Steps) PlanTimeouts(have, want kernel.Timeouts) {
	if want.TCP != have.TCP {
		s.Timeouts.TCP = want.TCP
	}
	if want.TCPFin != have.TCPFin {
		s.Timeouts.TCPFin = want.TCPFin
	}
	if want.UDP != have.UDP {
		s.Timeouts.UDP = want.UDP
	}
}

// PlanDaemons brings the daemons of the roles that are wanted to their wanted
// settings. With prune those of the other roles are stopped.
func (s *Steps) PlanDaemons(have, want []kernel.Daemon, prune bool) {
	for _, h := range have {
		same := slices.ContainsFunc(want, func(w kernel.Daemon) bool { return w.Role == h.Role && sameDaemon(h, w) })
		if !same && (prune || hasRole(want, h.Role)) {
			s.Stop = append(s.Stop, h)
		}
	}
	for _, w := range want {
		if !slices.ContainsFunc(have, func(h kernel.Daemon) bool { return h.Role == w.Role && sameDaemon(h, w) }) {
			s.Start = append(s.Start, w)
		}
	}
}

// sameDaemon tells whether a daemon runs as wanted: what is zero in the wanted
// one is the kernel's default, or for MaxLen the kernel's choice.
func sameDaemon(have, want kernel.Daemon) bool {
	if want.MaxLen == 0 {
		want.MaxLen = have.MaxLen
	}
	return withDefaults(have) == withDefaults(want)
}

func withDefaults(d kernel.Daemon) kernel.Daemon {
	if !d.Group.IsValid() {
		d.Group = DefaultDaemon().Group
	}
	d.Port = cmp.Or(d.Port, DefaultDaemon().Port)
	d.TTL = cmp.Or(d.TTL, DefaultDaemon().TTL)
	return d
}

// Apply takes the steps from the table as it was read before. It is all or
// nothing like the function Apply, whose result and errors it has: when one is
// refused, those taken are undone.
func (s *Steps) Apply(ctx context.Context, k kernel.Kernel, before *Table, o ApplyOptions) (Result, error) {
	settling := false
	result, err := applyWith(ctx, k, before.Snapshot, s.Changes, o, func() error {
		settling = true
		return s.applySettings(ctx, k)
	})
	if f := (*Failure)(nil); errors.As(err, &f) && settling {
		if e := s.undoSettings(context.WithoutCancel(ctx), k, before); f.Undo == nil {
			f.Undo = e
		}
	}
	return result, err
}

// applySettings sets what is not in the services.
func (s *Steps) applySettings(ctx context.Context, k kernel.Kernel) error {
	if s.Timeouts != (kernel.Timeouts{}) {
		if err := k.SetTimeouts(ctx, s.Timeouts); err != nil {
			return err
		}
	}
	for _, d := range s.Stop {
		if err := k.StopDaemon(ctx, d.Role); err != nil {
			return err
		}
	}
	for _, d := range s.Start {
		if err := k.StartDaemon(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// undoSettings goes back from wherever applySettings came to.
func (s *Steps) undoSettings(ctx context.Context, k kernel.Kernel, before *Table) error {
	if s.Timeouts != (kernel.Timeouts{}) {
		if err := k.SetTimeouts(ctx, before.Timeouts); err != nil {
			return err
		}
	}
	now, err := k.Daemons(ctx)
	if err != nil {
		return err
	}
	var back Steps
	back.PlanDaemons(s.touched(now), s.touched(before.Daemons), true)
	return back.applySettings(ctx, k)
}

// touched gives the daemons of the roles that the steps concern.
func (s *Steps) touched(all []kernel.Daemon) []kernel.Daemon {
	return slices.DeleteFunc(slices.Clone(all), func(d kernel.Daemon) bool {
		return !hasRole(s.Stop, d.Role) && !hasRole(s.Start, d.Role)
	})
}

func hasRole(daemons []kernel.Daemon, r kernel.Role) bool {
	return slices.ContainsFunc(daemons, func(d kernel.Daemon) bool { return d.Role == r })
}

// DefaultDaemon returns what the kernel uses if the settings of a daemon are zero.
func DefaultDaemon() kernel.Daemon {
	return kernel.Daemon{Group: netip.AddrFrom4([4]byte{224, 0, 0, 81}), Port: 8848, TTL: 1}
}
