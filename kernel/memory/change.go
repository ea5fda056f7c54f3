package memory

import (
	"context"
	"math"
	"time"

	"lvs/kernel"
)

// Apply makes the changes one after another; see kernel.Kernel.
func (k *Kernel) Apply(ctx context.Context, changes []kernel.Change) error {
	if err := k.enter(ctx, "change the table", anyone); err != nil {
		return err
	}
	defer k.mu.Unlock()
	k.calls.Applies++
	k.calls.Changes += len(changes)
	var refused kernel.Refusals
	for i, c := range changes {
		if err := k.change(c); err != nil {
			refused = append(refused, kernel.Refusal{Index: i, Err: refusal(c, err)})
		}
	}
	if len(refused) > 0 {
		return refused
	}
	return nil
}

func refusal(c kernel.Change, err error) *kernel.Error {
	e := &kernel.Error{Op: c.Op.String(), Service: c.Service.ServiceID, Err: err}
	if c.Op.OnServer() {
		e.Server = c.Server.Addr
	}
	return e
}

// change checks the reasons to refuse a change in the kernel's order, a test's own
// reason last, and changes the table only if there is none.
func (k *Kernel) change(c kernel.Change) error {
	if err := k.hooks.closed(admin); err != nil {
		return err
	}
	commit, err := k.check(c)
	if err == nil && k.hooks.refuse != nil {
		err = k.hooks.refuse(c)
	}
	if err == nil {
		commit()
		if c.Op == kernel.DeleteService || c.Op == kernel.DeleteServer {
			k.table.release()
		}
	}
	return err
}

func (k *Kernel) check(c kernel.Change) (commit func(), err error) {
	id := c.Service.ServiceID
	if c.Op < kernel.AddService || c.Op > kernel.DeleteServer {
		return nil, kernel.ErrNotSupported
	}
	if err := checkID(id); err != nil {
		return nil, err
	}
	s := k.table.services[id]
	if s == nil && c.Op != kernel.AddService {
		return nil, kernel.ErrNoService
	}
	switch c.Op {
	case kernel.AddService:
		return k.table.addService(s, c.Service)
	case kernel.EditService:
		return s.edit(c.Service)
	case kernel.DeleteService:
		return func() { delete(k.table.services, id) }, nil
	case kernel.AddServer:
		return k.table.addServer(s, c.Server)
	case kernel.EditServer:
		return k.table.editServer(s, c.Server)
	case kernel.DeleteServer:
		return s.deleteServer(c.Server.Addr)
	}
	return nil, kernel.ErrNotSupported
}

// Flush deletes every service. It keeps totals, timeouts and daemons.
func (k *Kernel) Flush(ctx context.Context) error {
	if err := k.enter(ctx, "delete every service", admin); err != nil {
		return err
	}
	defer k.mu.Unlock()
	clear(k.table.services)
	k.table.release()
	return nil
}

// release ends the connections of deleted servers after a deletion, if the setting is on
// (expire_nodest_conn_handler, from Linux 5.9).
func (t *table) release() {
	all := t.connections
	if all == nil || t.sysctls[kernel.ExpireNodestConn] == "0" {
		return
	}
	left := &kernel.Snapshot{}
	for _, s := range t.services {
		left.Services = append(left.Services, s.entry())
	}
	owners := kernel.NewOwners(left)
	t.connections = func(yield func(kernel.Connection) bool) {
		for c := range all {
			if owners.Orphaned(&c) != kernel.Orphaned && !yield(c) {
				return
			}
		}
	}
}

// Zero clears counters and rates; those of the whole table only if no service is
// named.
func (k *Kernel) Zero(ctx context.Context, only ...kernel.ServiceID) error {
	op, about := "zero the counters", kernel.ServiceID{}
	if len(only) > 0 {
		op, about = "zero the counters of", only[0]
	}
	if err := k.enterService(ctx, op, about, admin); err != nil {
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
			return &kernel.Error{Op: op, Service: id, Err: err}
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

// Timeouts returns the timeouts that can be set.
func (k *Kernel) Timeouts(ctx context.Context) (kernel.Timeouts, error) {
	if err := k.enter(ctx, "read the timeouts", admin); err != nil {
		return kernel.Timeouts{}, err
	}
	defer k.mu.Unlock()
	return k.table.timeouts, nil
}

// maxTimeout is the longest timeout of the kernel, which counts ticks in 31 bits:
// 250 per second in Debian's kernel.
const maxTimeout = math.MaxInt32 / 250 * time.Second

// SetTimeouts sets all timeouts that are not zero, or none if one is invalid.
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
