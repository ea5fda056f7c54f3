package director

import (
	"context"
	"errors"
	"time"

	"lvs/operate"
	"lvs/operate/state"
)

// ErrNoJobs means that the director was not given a way to run jobs.
var ErrNoJobs = errors.New("this director runs no jobs")

// job is a job of the state folder that the director waits for.
type job struct {
	*state.HeldJob
	at time.Time
}

// RunLater implements Control.
func (d *Director) RunLater(ctx context.Context, id string) (err error) {
	bad := d.call(ctx, func(ctx context.Context) { err = d.takeJob(id) })
	return errors.Join(bad, err)
}

// takeJob waits for a job from now on.
func (c *core) takeJob(id string) error {
	if c.o.RunJob == nil {
		return ErrNoJobs
	}
	held, err := c.o.State.HoldJob(id)
	if err != nil {
		return err
	}
	now := c.o.Now()
	if err := held.Begin(now); err != nil {
		held.File.Close()
		return err
	}
	// An interval from now on: a clock that is set later does not change it.
	c.jobs = append(c.jobs, job{held, now.Add(max(held.At.Sub(now.Round(0)), 0))})
	return nil
}

// takeJobs takes the jobs of this table over that nobody waits for any more: a director
// waited for them before.
func (c *core) takeJobs() {
	if c.o.RunJob == nil || c.o.Table == "" || !c.o.State.HasJobs() {
		return
	}
	for _, j := range c.o.State.Broken() {
		if j.Table == c.o.Table && (j.Kind == operate.UndrainJob || j.Kind == operate.ConfirmJob) {
			if err := c.takeJob(j.ID); err != nil {
				c.alarm(AlarmJob, "job "+j.ID+": "+err.Error(), "")
			}
		}
	}
}

// runJobs runs the jobs that are due, and forgets those that were canceled.
func (c *core) runJobs(ctx context.Context, now time.Time) {
	left := c.jobs[:0]
	for _, j := range c.jobs {
		switch {
		case !c.o.State.Waits(j.HeldJob):
			j.File.Close()
		case now.Before(j.at):
			left = append(left, j)
		case c.o.State.CallOff(j.ID):
			c.runJob(ctx, j)
		default:
			j.File.Close()
		}
	}
	clear(c.jobs[len(left):])
	c.jobs = left
}

// runJob runs a job in a goroutine of its own: it may send the director a request.
func (c *core) runJob(ctx context.Context, j job) {
	done := make(chan error, 1)
	c.running = append(c.running, runningJob{j.ID, done})
	run := c.o.RunJob
	go func() {
		defer j.File.Close()
		done <- run(ctx, j.Job)
	}()
}

// runningJob is a job that runs.
type runningJob struct {
	id   string
	done chan error
}

// endJobs looks which jobs have ended.
func (c *core) endJobs() {
	left := c.running[:0]
	for _, r := range c.running {
		select {
		case err := <-r.done:
			if err != nil {
				c.alarm(AlarmJob, "job "+r.id+": "+err.Error(), "")
			}
		default:
			left = append(left, r)
		}
	}
	c.running = left
}
