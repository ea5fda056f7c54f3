package commands

import (
	"context"
	"errors"
	"fmt"
	"os"

	"lvs/kernel"
)

// undrainKind is the kind of the jobs that restore weights.
const undrainKind = "undrain"

// quiesce remembers the weights and sets them to 0, in this order: what was
// changed can be restored whatever happens between.
func (o *drain) quiesce(ctx context.Context, found []member, steps []step) error {
	a := o.app
	jobID := ""
	if o.hold != "" {
		j, err := a.later(undrainKind, o.holdFor, "undrain", "--job", thisJob)
		if err != nil {
			return fmt.Errorf("--for: nothing would undrain it by itself, so nothing was changed: %w", err)
		}
		jobID = j.ID
	}
	var err error
	if o.before, err = a.keepWeights(found, 0, jobID); err != nil {
		if jobID != "" {
			a.callOff(jobID)
			return fmt.Errorf("--for: the weights cannot be remembered, so nothing was changed: %w", err)
		}
		a.cannotRemember(err, found)
	}
	if len(steps) == 0 {
		if o.hold == "" && !o.wait && !o.delete {
			a.note("nothing to do: the weight is 0 already")
		}
		return nil
	}
	err = a.change(ctx, steps)
	var refused kernel.Refusals
	if errors.As(err, &refused) {
		a.forgetSteps(steps, refused)
		if jobID != "" && len(refused) == len(steps) {
			a.callOff(jobID)
		}
	}
	return err
}

// keepWeights remembers the weights of servers that are going to have another
// one, and gives what is remembered then. job restores them by itself; empty is
// none. What lvs set before, and nobody changed since, keeps what was remembered
// first.
func (a *App) keepWeights(found []member, set int, job string) (map[kernel.ServerKey]int, error) {
	out := map[kernel.ServerKey]int{}
	stopped := map[string]bool{}
	err := a.remember(func(m *weights) error {
		for i := range found {
			f := &found[i]
			r := remembered{Weight: f.Weight, Set: set, Since: a.Now().UTC(), Job: job}
			at := kernel.ServerKey{Service: f.service.ServiceID, Server: f.Addr}
			if old, known := m.find(at); known {
				if old.Set == f.Weight {
					r.Weight, r.Since = old.Weight, old.Since
				}
				if old.Job != "" && old.Job != job {
					stopped[old.Job] = true
				}
			} else if f.Weight == set {
				continue // what it was before is not known
			}
			m.put(at, r)
			out[at] = r.Weight
		}
		m.release(a, stopped)
		return nil
	})
	return out, err
}

// release calls off the jobs that have nothing left to restore.
func (m *weights) release(a *App, jobs map[string]bool) {
	for _, r := range m.entries {
		delete(jobs, r.Job)
	}
	for id := range jobs {
		j, _ := a.readJob(id)
		if a.callOff(id) {
			a.note("called off: what was to be restored by itself at %s", j.At.Local().Format("15:04:05"))
		}
	}
}

// cannotRemember tells how to restore the weights by hand.
func (a *App) cannotRemember(why error, found []member) {
	a.note("the weights cannot be remembered in %s: %v", a.stateDir(), why)
	for i := range found {
		if f := &found[i]; f.Weight > 0 {
			a.say("hint: later: %s weight %v %v %d", a.Name, f.service.ServiceID, f.Addr, f.Weight)
		}
	}
}

// forgetSteps forgets the weights of servers whose change was refused.
func (a *App) forgetSteps(steps []step, refused kernel.Refusals) {
	var at []kernel.ServerKey
	for _, r := range refused {
		at = append(at, kernel.ServerKey{Service: steps[r.Index].Service.ServiceID, Server: steps[r.Index].Server.Addr})
	}
	a.forget(at)
}

// forget forgets what is remembered of servers, because they are gone or their
// weight was set for good. Jobs that have nothing left to restore are called off.
func (a *App) forget(at []kernel.ServerKey) {
	if _, err := os.Stat(a.memoryFile()); err != nil || len(at) == 0 {
		return // nothing is remembered: nearly always
	}
	err := a.remember(func(m *weights) error {
		jobs := map[string]bool{}
		for _, s := range at {
			if r, known := m.drop(s); known && r.Job != "" {
				jobs[r.Job] = true
			}
		}
		m.release(a, jobs)
		return nil
	})
	if err != nil {
		a.note("what is remembered of the weights could not be changed: %v", err)
	}
}
