package operate

import (
	"context"
	"errors"
	"time"

	"lvs/kernel"
	"lvs/plan"
)

// Carry takes the steps from one table to another: all at once, or with time for
// servers to finish between what comes and what goes.
type Carry struct {
	*Operator
	// Patience is how long servers that go may take. Zero is not at all.
	Patience time.Duration
	// Ready is called when the first steps are in the journal, before they are
	// taken; what it returns is called if they come to nothing. Nil is nothing to
	// do.
	Ready func() (forget func(), err error)
	// Again plans the steps anew for the table after the wait: someone else may
	// have done some of it.
	Again func(now *plan.Table) Steps
}

// errQuiesced is what the journal says of a change while it waits.
var errQuiesced = errors.New("what goes has the weight 0 and was not deleted")

// Run takes the steps, which were planned for the table before. A refusal is a
// plan.Failure: then everything was taken back, or Undo says why not. Servers
// that have the weight 0 and could not be deleted are told as Quiesced.
func (c *Carry) Run(ctx context.Context, before *plan.Table, steps Steps) error {
	if going := deletedServers(before, &steps); len(going) > 0 {
		c.tell(Deleting{going})
	}
	first, then := steps, Steps{}
	if c.Patience > 0 {
		first, then = steps.Quiesce(before.Snapshot)
	}
	c.Sent = true
	if !first.Empty() {
		if err := c.take(ctx, before, &first); err != nil {
			return err
		}
		c.Ready = nil
	}
	if then.Empty() {
		return nil
	}
	c.Unfinished(ctx, errQuiesced)
	err := c.finish(ctx, before, &then)
	if err == nil {
		c.Finished(ctx)
		err = c.remove(ctx, &then)
	}
	if err != nil {
		c.Sent = false // all that is known is told
		c.Unfinished(ctx, err)
		c.tell(Quiesced{})
	}
	return err
}

// remove deletes what was to go. What is different meanwhile stays: it was not
// planned so, and what came had no time to finish.
func (c *Carry) remove(ctx context.Context, then *Steps) error {
	now, err := plan.ReadTable(ctx, c.Kernel)
	if err != nil {
		return err
	}
	rest := c.Again(now)
	rest, others := rest.Within(then)
	if !others.Empty() {
		c.tell(LeftAlone{others})
	}
	if rest.Empty() {
		return nil // someone else has done it
	}
	return c.take(ctx, now, &rest)
}

// take takes steps that were planned for the table before.
func (c *Carry) take(ctx context.Context, before *plan.Table, s *Steps) error {
	done := c.Record(ctx, s.Objects(before))
	forget := func() {}
	if c.Ready != nil {
		var err error
		if forget, err = c.Ready(); err != nil {
			done(&plan.Failure{Cause: err}) // nothing was changed
			return err
		}
	}
	var progress func(done, total int)
	if c.Tell != nil {
		progress = func(done, total int) { c.Tell(Progress{done, total}) }
	}
	_, err := s.Apply(ctx, c.Kernel, before, plan.ApplyOptions{Progress: progress})
	done(err)
	if failure := (*plan.Failure)(nil); errors.As(err, &failure) && failure.Undo == nil {
		forget()
	}
	return err
}

// finish waits until the servers that go are drained, but no longer than they
// are given.
func (c *Carry) finish(ctx context.Context, before *plan.Table, then *Steps) error {
	watch, err := c.Watch(ctx)
	if err != nil {
		return err
	}
	going := departing(before, then)
	begun := c.Now()
	return c.pollAtMost(ctx, 0, func() (bool, time.Duration, error) {
		snap, err := watch.Read(ctx, ServicesOf(Keys(going))...)
		if err != nil {
			return false, 0, err
		}
		busy := stillBusy(watch, snap, going)
		rest := c.Patience - c.Now().Sub(begun)
		if len(busy) == 0 || rest <= 0 {
			c.tell(WaitEnded{c.Patience, busy})
			return true, 0, nil
		}
		c.tell(DrainProgress{busy})
		return false, max(rest, time.Millisecond), nil
	})
}

// deletedServers are those that go from services that stay.
func deletedServers(before *plan.Table, steps *Steps) []kernel.ServerEntry {
	var out []kernel.ServerEntry
	entries := before.Index()
	for i := range steps.Changes {
		if c := &steps.Changes[i]; c.Op == kernel.DeleteServer {
			out = append(out, *entries[c.Service.ServiceID].Server(c.Server.Addr))
		}
	}
	return out
}

// departing are the servers that steps delete, alone or with their service.
func departing(before *plan.Table, then *Steps) []Member {
	var all []Member
	entries := before.Index()
	for i := range then.Changes {
		gone := &then.Changes[i]
		e := entries[gone.Service.ServiceID]
		for j := range e.Servers {
			if gone.Op == kernel.DeleteService || e.Servers[j].Addr == gone.Server.Addr {
				all = append(all, Member{e.Service, e.Servers[j]})
			}
		}
	}
	return all
}

// stillBusy returns those of the servers that are there and not drained. A weight
// that someone else has set does not matter: the server goes.
func stillBusy(w *Watch, now *kernel.Snapshot, going []Member) []Drain {
	var busy []Drain
	entries := now.Index()
	for i := range going {
		e := entries[going[i].Service.ServiceID]
		if v := e.Server(going[i].Addr); v != nil {
			if d := w.Drain(&Member{e.Service, *v}); d.State == Draining {
				busy = append(busy, d)
			}
		}
	}
	return busy
}
