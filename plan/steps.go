package plan

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"slices"

	"lvs/kernel"
)

// Table is the whole IPVS configuration of a kernel.
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

// Empty reports whether there is nothing to do.
func (s *Steps) Empty() bool { return s.Len() == 0 }

// Len returns the number of steps. All timeouts together are one.
func (s *Steps) Len() int {
	n := len(s.Changes) + len(s.Stop) + len(s.Start)
	if s.Timeouts != (kernel.Timeouts{}) {
		n++
	}
	return n
}

// PlanTimeouts sets the timeouts that differ from the wanted ones.
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

// PlanDaemons starts the wanted daemons that do not run with their settings, and
// stops those of the same roles that run with others. With prune it also stops the
// daemons of all other roles.
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

// sameDaemon reports whether a daemon runs as wanted. Zero settings of the wanted
// one stand for the kernel's default, or for MaxLen for the kernel's choice.
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

// Apply carries out the steps, which were planned for the table before. It is all
// or nothing and has the result and the errors of the function Apply: if a step is
// refused, the steps before it are undone.
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

// applySettings sets the timeouts and the daemons.
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

// undoSettings undoes applySettings, however far that came.
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

// touched returns the daemons of the roles that the steps stop or start.
func (s *Steps) touched(all []kernel.Daemon) []kernel.Daemon {
	return slices.DeleteFunc(slices.Clone(all), func(d kernel.Daemon) bool {
		return !hasRole(s.Stop, d.Role) && !hasRole(s.Start, d.Role)
	})
}

func hasRole(daemons []kernel.Daemon, r kernel.Role) bool {
	return slices.ContainsFunc(daemons, func(d kernel.Daemon) bool { return d.Role == r })
}

// DefaultDaemon returns the settings that the kernel uses in place of zero ones.
func DefaultDaemon() kernel.Daemon {
	return kernel.Daemon{Group: netip.AddrFrom4([4]byte{224, 0, 0, 81}), Port: 8848, TTL: 1}
}

// Kinds is a set of kinds of changes. The zero value has all of them.
type Kinds uint8

// The kinds.
const (
	Adding Kinds = 1 << iota
	Updating
	Deleting
)

// KindOf returns the kind of a change.
func KindOf(op kernel.Op) Kinds {
	switch op {
	case kernel.AddService, kernel.AddServer:
		return Adding
	case kernel.EditService, kernel.EditServer:
		return Updating
	}
	return Deleting
}

// Has reports whether a kind is in the set.
func (k Kinds) Has(kind Kinds) bool { return k == 0 || k&kind != 0 }

// Narrow splits the steps into those of the allowed kinds and the others, and
// keeps their order. Timeouts, and a sync daemon that is restarted with other
// settings, are updates.
func (s *Steps) Narrow(allowed Kinds) (kept, left Steps) {
	if allowed == 0 {
		return *s, Steps{}
	}
	side := func(kind Kinds) *Steps {
		if allowed.Has(kind) {
			return &kept
		}
		return &left
	}
	for i := range s.Changes {
		to := side(KindOf(s.Changes[i].Op))
		to.Changes = append(to.Changes, s.Changes[i])
	}
	side(Updating).Timeouts = s.Timeouts
	for _, d := range s.Stop {
		kind := Deleting
		if hasRole(s.Start, d.Role) {
			kind = Updating
		}
		side(kind).Stop = append(side(kind).Stop, d)
	}
	for _, d := range s.Start {
		kind := Adding
		if hasRole(s.Stop, d.Role) {
			kind = Updating
		}
		side(kind).Start = append(side(kind).Start, d)
	}
	return kept, left
}

// Within splits the steps into the changes that were planned before, and all
// others. It compares operation and object, not settings.
func (s *Steps) Within(planned *Steps) (kept, others Steps) {
	type deed struct {
		op      kernel.Op
		service kernel.ServiceID
		server  netip.AddrPort
	}
	deedOf := func(c *kernel.Change) deed { return deed{c.Op, c.Service.ServiceID, c.Server.Addr} }
	known := make(map[deed]bool, len(planned.Changes))
	for i := range planned.Changes {
		known[deedOf(&planned.Changes[i])] = true
	}
	for i := range s.Changes {
		to := &others
		if known[deedOf(&s.Changes[i])] {
			to = &kept
		}
		to.Changes = append(to.Changes, s.Changes[i])
	}
	others.Timeouts, others.Stop, others.Start = s.Timeouts, s.Stop, s.Start
	return kept, others
}

// Quiesce splits the steps in two, so that connections can end between them: the
// first part makes all changes but the deletions, and sets the weight of servers
// that are to be deleted to 0; the second part deletes. A service that is to be
// deleted accepts no new connections in between.
func (s *Steps) Quiesce(before *kernel.Snapshot) (first, then Steps) {
	first, then = s.Narrow(Adding | Updating)
	first.Stop, then.Stop = append(first.Stop, then.Stop...), nil
	services := before.Index()
	quiet := func(of kernel.Service, v kernel.Server) {
		if v.Weight > 0 {
			v.Weight = 0
			first.Changes = append(first.Changes, kernel.Change{Op: kernel.EditServer, Service: of, Server: v})
		}
	}
	for i := range then.Changes {
		c := &then.Changes[i]
		e := services[c.Service.ServiceID]
		// The kernel lists the last added server first. Undo adds servers in the order
		// of the journal, which is this one.
		for _, v := range slices.Backward(e.Servers) {
			if c.Op == kernel.DeleteService || v.Addr == c.Server.Addr {
				quiet(e.Service, v.Server)
			}
		}
	}
	return first, then
}
