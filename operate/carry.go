package operate

import (
	"context"
	"errors"
	"slices"
	"time"

	"lvs/kernel"
	"lvs/plan"
)

// Carry carries out the steps from one table to another: all at once, or with time
// for connections to end before servers are deleted.
type Carry struct {
	*Operator
	// Patience is how long servers that are to be deleted may take to drain. Zero means
	// that they are not drained.
	Patience time.Duration
	// Ready is called when the first steps are in the journal, before they are carried
	// out; the function that it returns is called if they are undone. Nil is allowed.
	Ready func() (forget func(), err error)
	// Again plans the steps again for the table after the wait: another process may have
	// done some of them.
	Again func(now *plan.Table) plan.Steps
	// Anew plans all steps for the table as it is now, after the first steps were undone
	// because the table was changed since it was read. Nil means Again.
	Anew func(now *plan.Table) plan.Steps
}

// errQuiesced is the error in the journal while a change waits.
var errQuiesced = errors.New("servers to be deleted have the weight 0 and were not deleted")

// Run carries out the steps, which were planned for the table before. A refusal is a
// plan.Failure: then everything was undone, or Undo is why not. Quiesced is sent if
// servers have the weight 0 and could not be deleted.
func (c *Carry) Run(ctx context.Context, before *plan.Table, steps plan.Steps) error {
	first, then := steps, plan.Steps{}
	if c.Patience > 0 {
		first, then = steps.Quiesce(before.Snapshot)
	}
	c.Sent = true
	if !first.Empty() {
		err := c.take(ctx, before, &first)
		for try := 1; try < raceTries && raced(err); try++ {
			now, again, bad := c.again(ctx, &steps)
			if bad != nil {
				return bad
			}
			if again == nil {
				break // it would delete more than was agreed to
			}
			c.replanned()
			if before, first, then = now, *again, (plan.Steps{}); c.Patience > 0 {
				first, then = again.Quiesce(now.Snapshot)
			}
			if err = nil; !first.Empty() {
				err = c.take(ctx, before, &first)
			}
		}
		if err != nil {
			return err
		}
		c.Ready = nil
	}
	if then.Empty() {
		return nil
	}
	c.unfinished(ctx, errQuiesced)
	err := c.finish(ctx, before, &then)
	if err == nil {
		c.finished(ctx)
		err = c.remove(ctx, &then)
	}
	if err != nil {
		c.Sent = false // Quiesced says it
		c.unfinished(ctx, err)
		c.tell(Quiesced{})
	}
	return err
}

// raceTries is how often the steps are planned because a program that does not take the
// lock of the table changes it between reading and writing.
const raceTries = 5

// raced reports whether steps failed, and were undone, only because the table was changed
// since it was read.
func raced(err error) bool {
	var failure *plan.Failure
	if !errors.As(err, &failure) || failure.Undo != nil {
		return false
	}
	var refused kernel.Refusals
	if !errors.As(failure.Cause, &refused) || len(refused) == 0 {
		return false
	}
	return !slices.ContainsFunc(refused, func(r kernel.Refusal) bool {
		return !errors.Is(r.Err, kernel.ErrExists) && !errors.Is(r.Err, kernel.ErrNoService) &&
			!errors.Is(r.Err, kernel.ErrNoServer)
	})
}

// again plans the steps for the table as it is now. They are nil if they delete something
// that the steps planned first do not.
func (c *Carry) again(ctx context.Context, first *plan.Steps) (*plan.Table, *plan.Steps, error) {
	now, err := plan.ReadTable(ctx, c.Kernel)
	if err != nil {
		return nil, nil, err
	}
	plans := c.Anew
	if plans == nil {
		plans = c.Again
	}
	steps := plans(now)
	_, others := steps.Within(first)
	if slices.ContainsFunc(others.Changes, func(c kernel.Change) bool { return plan.KindOf(c.Op) == plan.Deleting }) {
		return now, nil, nil
	}
	return now, &steps, nil
}

// remove deletes what was planned to be deleted. Objects that were changed meanwhile
// stay: their deletion was not planned, and new servers had no time to drain.
func (c *Carry) remove(ctx context.Context, then *plan.Steps) error {
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
		return nil // another process has done it
	}
	rules, err := plan.ReadRules(ctx, c.Kernel)
	if err != nil {
		return err
	}
	c.tell(Deleting{plan.Sum(plan.Costs(now.Snapshot, rest.Changes, rules))})
	return c.take(ctx, now, &rest)
}

// take carries out steps that were planned for the table before.
func (c *Carry) take(ctx context.Context, before *plan.Table, s *plan.Steps) error {
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

// finish waits until the servers that are to be deleted are drained, or Patience is
// over.
func (c *Carry) finish(ctx context.Context, before *plan.Table, then *plan.Steps) error {
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

// departing returns the servers that steps delete, alone or with their service.
func departing(before *plan.Table, then *plan.Steps) []Member {
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

// stillBusy returns those of the servers that exist and are not drained. A server that
// got a weight from someone else is not among them: it is deleted anyway.
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
