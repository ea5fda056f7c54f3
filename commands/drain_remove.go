package commands

import (
	"context"

	"lvs/kernel"
	"lvs/output"
)

// remove deletes drained servers from their services. found are the rows' servers
// as they were.
func (o *drain) remove(ctx context.Context, w *drainWatch, rows []output.Drain, found []member) error {
	if err := o.mindReturning(ctx, w, rows); err != nil {
		return err
	}
	var steps []step
	for i := range rows {
		r := &rows[i]
		if r.State != output.Drained {
			continue // somebody else deleted it
		}
		before := found[i].Server
		before.Weight = r.Weight
		steps = append(steps, step{
			Change: kernel.Change{Op: kernel.DeleteServer, Service: kernel.Service{ServiceID: r.Service},
				Server: kernel.Server{Addr: r.Server}},
			serverBefore: &before,
		})
		r.State = output.Deleted
	}
	if len(steps) == 0 {
		return nil
	}
	if err := o.app.change(ctx, steps); err != nil {
		return err
	}
	at := make([]kernel.ServerKey, len(steps))
	for i := range steps {
		at[i] = kernel.ServerKey{Service: steps[i].Service.ServiceID, Server: steps[i].Server.Addr}
	}
	o.app.forget(at)
	return nil
}

// mindReturning tells what becomes of clients that come back by a connection the
// kernel still remembers: datagrams after a while, a port of TCP used again.
func (o *drain) mindReturning(ctx context.Context, w *drainWatch, rows []output.Drain) error {
	a := o.app
	var going []kernel.ServerEntry
	for i := range rows {
		r := &rows[i]
		if r.State != output.Drained {
			continue
		}
		if r.Inactive > 0 && !w.release && (r.Service.Protocol == kernel.UDP || r.Service.FWMark != 0) {
			a.note("net.ipv4.vs.%s is 0: what still comes over the %s to %v in %v is dropped until they time out",
				expireNodest, plural(uint64(r.Inactive), "old connection"), r.Server, r.Service)
			a.say("hint: sysctl -w net.ipv4.vs.%s=1 sends it elsewhere at once", expireNodest)
			return nil
		}
		going = append(going, kernel.ServerEntry{Server: kernel.Server{Addr: r.Server, Forward: r.Forward}, Active: r.Active, Inactive: r.Inactive})
	}
	k, err := a.kernel()
	if err != nil {
		return err
	}
	return a.warnNodest(ctx, k, going)
}
