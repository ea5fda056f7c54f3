package plan

import (
	"net/netip"
	"slices"

	"lvs/kernel"
)

// Kinds is a set of kinds of changes. The zero value is all of them.
type Kinds uint8

// The kinds.
const (
	Adding Kinds = 1 << iota
	Updating
	Deleting
)

// KindOf gives the kind of a change.
func KindOf(op kernel.Op) Kinds {
	switch op {
	case kernel.AddService, kernel.AddServer:
		return Adding
	case kernel.EditService, kernel.EditServer:
		return Updating
	}
	return Deleting
}

// Has tells whether a kind is in the set.
func (k Kinds) Has(kind Kinds) bool { return k == 0 || k&kind != 0 }

// Narrow parts the steps into those of the kinds that are allowed and the
// others, each in its order. Timeouts, and a sync daemon that is started anew
// with other settings, are updates.
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

// Within parts the steps into the changes that were planned before, and all
// others. It looks at what they do to which object, not at what that becomes.
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

// Quiesce parts the steps in two, with time between them for connections to end:
// first all but the deletions, which become weight 0, and then the deletions. A
// service that goes takes no new connections in between.
func (s *Steps) Quiesce(before *kernel.Snapshot) (first, then Steps) {
	first, then = s.Narrow(Adding | Updating)
	first.Stop, then.Stop = append(first.Stop, then.Stop...), nil
	services := index(before)
	quiet := func(of kernel.Service, v kernel.Server) {
		if v.Weight > 0 {
			v.Weight = 0
			first.Changes = append(first.Changes, kernel.Change{Op: kernel.EditServer, Service: of, Server: v})
		}
	}
	for i := range then.Changes {
		c := &then.Changes[i]
		e := services[c.Service.ServiceID]
		// The kernel lists first what was added last. The way back goes by the
		// journal, which is in this order.
		for _, v := range slices.Backward(e.Servers) {
			if c.Op == kernel.DeleteService || v.Addr == c.Server.Addr {
				quiet(e.Service, v.Server)
			}
		}
	}
	return first, then
}
