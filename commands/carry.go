package commands

import (
	"context"
	"errors"
	"time"

	"lvs/kernel"
	"lvs/plan"
)

// carrier takes the steps from one table to another: all at once, or with time
// for servers to finish between what comes and what goes.
type carrier struct {
	app    *App
	kernel kernel.Kernel
	// patience is how long servers that go may take. Zero is not at all.
	patience time.Duration
	// ready is called when the first steps are in the journal; what it gives is
	// called where they come to nothing. Nil is nothing to do.
	ready func() (forget func(), err error)
	// again plans the steps anew for the table after the wait: somebody may have
	// done some of it.
	again func(now *plan.Table) plan.Steps
	// advice tells how to go on after half of it, and how back.
	advice func() string
	// where tells where the steps come from. Nil is nowhere.
	where placer
}

// parsePatience reads an option's time. Empty is zero.
func parsePatience(option, text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := parseDuration(text)
	if err != nil || d <= 0 {
		return 0, usagef("%s %q: it is a time such as 60s or 5m", option, text)
	}
	return d, nil
}

func (c *carrier) carryOut(ctx context.Context, before *plan.Table, steps plan.Steps) error {
	if err := c.app.warnNodest(ctx, c.kernel, deletedServers(before, &steps)); err != nil {
		return err
	}
	first, then := steps, plan.Steps{}
	if c.patience > 0 {
		first, then = steps.Quiesce(before.Snapshot)
	}
	c.app.sent = true
	if !first.Empty() {
		if err := c.take(ctx, before, &first); err != nil {
			return err
		}
		c.ready = nil
	}
	if then.Empty() {
		return nil
	}
	c.app.unfinished(ctx, errors.New("what goes has the weight 0 and was not deleted"))
	err := c.finish(ctx, before, &then)
	if err == nil {
		c.app.finished(ctx)
		err = c.remove(ctx, &then)
	}
	if err != nil {
		c.app.sent = false // all that is known is told
		c.app.unfinished(ctx, err)
		advice := "run it again"
		if c.app.written.entry != 0 {
			advice = c.advice()
		}
		c.app.note("servers that go have the weight 0 and are not deleted yet: %s", advice)
	}
	return err
}

// remove deletes what was to go. What is different meanwhile stays: nobody was
// asked about it, and what came had no time to finish.
func (c *carrier) remove(ctx context.Context, then *plan.Steps) error {
	now, err := plan.ReadTable(ctx, c.kernel)
	if err != nil {
		return err
	}
	rest := c.again(now)
	rest, others := rest.Within(then)
	if !others.Empty() {
		c.app.note("somebody else has changed the table meanwhile; not done: %s", tellTotals(&others, true))
	}
	if rest.Empty() {
		return nil // somebody else has done it
	}
	return c.take(ctx, now, &rest)
}

// take takes steps that were planned for the table before.
func (c *carrier) take(ctx context.Context, before *plan.Table, s *plan.Steps) error {
	a := c.app
	done := a.record(ctx, s.Objects(before))
	forget := func() {}
	if c.ready != nil {
		var err error
		if forget, err = c.ready(); err != nil {
			done(&plan.Failure{Cause: err}) // nothing was changed
			return err
		}
	}
	progress, end := a.progress("changes", len(s.Changes))
	_, err := s.Apply(ctx, c.kernel, before, plan.ApplyOptions{Progress: progress})
	end()
	done(err)
	if failure := (*plan.Failure)(nil); errors.As(err, &failure) {
		if failure.Undo == nil {
			forget()
		}
		return a.undone(failure, c.where)
	}
	return err
}
