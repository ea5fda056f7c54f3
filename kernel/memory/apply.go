package memory

import (
	"context"

	"lvs/kernel"
)

// Apply makes the changes one by one; see kernel.Kernel.
func (k *Kernel) Apply(ctx context.Context, changes []kernel.Change) error {
	if err := k.enter(ctx, "apply", anyone); err != nil {
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

// change looks for the reasons to refuse in the kernel's order, a test's own
// reason last, and changes the table only when there is none.
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
