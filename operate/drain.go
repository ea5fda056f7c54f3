package operate

import (
	"cmp"
	"context"
	"errors"
	"time"

	"lvs/kernel"
	"lvs/operate/state"
)

// NotHeldError means that nothing was changed, because nothing would take the
// change back when its time is over. Remembering is set if the weights could not
// be remembered; otherwise no process could be started that waits.
type NotHeldError struct {
	Remembering bool
	Err         error
}

func (e *NotHeldError) Error() string { return "nothing was changed: " + e.Err.Error() }

// Unwrap returns the reason.
func (e *NotHeldError) Unwrap() error { return e.Err }

// Drain remembers the weights of servers and sets them to 0, in this order: what
// was changed can be restored whatever happens between. If hold is not zero they
// are undrained after that time (NotHeldError). It returns the weights that are
// remembered.
func (o *Operator) Drain(ctx context.Context, servers []Member, hold time.Duration) (remembered map[kernel.ServerKey]int, err error) {
	jobID := ""
	if hold > 0 {
		j, err := o.Later(UndrainJob, hold, "undrain", "--job", state.ThisJob)
		if err != nil {
			return nil, &NotHeldError{Err: err}
		}
		jobID = j.ID
	}
	remembered, err = o.keepWeights(ctx, servers, 0, jobID)
	switch {
	case err != nil && jobID != "":
		o.State.CallOff(jobID)
		return nil, &NotHeldError{true, err}
	case err != nil && ctx.Err() != nil:
		return nil, err
	case err != nil:
		o.tell(Unremembered{err, servers})
	}
	steps := WeightSteps(servers, 0)
	if len(steps) == 0 {
		return remembered, nil
	}
	err = o.Apply(ctx, steps)
	if refused := (kernel.Refusals)(nil); errors.As(err, &refused) {
		keys := make([]kernel.ServerKey, len(refused))
		for i, r := range refused {
			keys[i] = kernel.ServerKey{Service: steps[r.Index].Service.ServiceID, Server: steps[r.Index].Server.Addr}
		}
		o.Forget(ctx, keys)
		if jobID != "" && len(refused) == len(steps) {
			o.State.CallOff(jobID)
		}
	}
	return remembered, err
}

// Hold remembers the weight of a server and starts what restores it after a
// while. The weight is not set yet. known is false if the server has that weight
// already and no other is remembered: then there is nothing to restore and no
// job. A failure is a NotHeldError.
func (o *Operator) Hold(ctx context.Context, m Member, weight int, hold time.Duration) (j state.Job, known bool, err error) {
	j, err = o.Later(UndrainJob, hold, "undrain", "--job", state.ThisJob)
	if err != nil {
		return j, false, &NotHeldError{Err: err}
	}
	before, err := o.keepWeights(ctx, []Member{m}, weight, j.ID)
	if err != nil {
		o.State.CallOff(j.ID)
		return j, false, &NotHeldError{true, err}
	}
	if len(before) == 0 {
		o.State.CallOff(j.ID)
	}
	return j, len(before) > 0, nil
}

// keepWeights remembers the weights of servers that are going to have another
// one, and returns what is remembered then. job restores them; empty is none.
// What was set before by us, and not changed since, keeps what was remembered
// first.
func (o *Operator) keepWeights(ctx context.Context, servers []Member, set int, job string) (map[kernel.ServerKey]int, error) {
	if o.Table == "" {
		return nil, o.noTable()
	}
	out := map[kernel.ServerKey]int{}
	replaced := map[string]bool{}
	err := o.changeWeights(ctx, func(w *state.Weights) error {
		for i := range servers {
			m := &servers[i]
			r := state.Weight{Weight: m.Weight, Set: set, Since: o.Now().UTC(), Job: job}
			key := m.Key()
			if old, known := w.Find(key); known {
				if old.Set == m.Weight {
					r.Weight, r.Since = old.Weight, old.Since
				}
				if old.Job != "" && old.Job != job {
					replaced[old.Job] = true
				}
			} else if m.Weight == set {
				continue // what it was before is not known
			}
			w.Put(key, r)
			out[key] = r.Weight
		}
		o.callOff(w.Unused(replaced))
		return nil
	})
	return out, err
}

// errNoTable is a table that has no identity, so nothing can be kept under it.
var errNoTable = errors.New("the network namespace cannot be identified")

func (o *Operator) noTable() error { return cmp.Or(o.NoTable, errNoTable) }

func (o *Operator) changeWeights(ctx context.Context, change func(*state.Weights) error) error {
	aside, err := o.State.ChangeWeights(ctx, o.Table, change)
	if aside != nil {
		o.tell(SetAside{aside})
	}
	return err
}

// callOff calls off jobs that have nothing left to restore.
func (o *Operator) callOff(jobs []string) {
	for _, id := range jobs {
		j, _ := o.State.Job(id)
		if o.State.CallOff(id) {
			o.tell(CalledOff{j})
		}
	}
}

// Forget forgets what is remembered of servers, because they are gone or their
// weight was set for good. Jobs that have nothing left to restore are called off.
func (o *Operator) Forget(ctx context.Context, keys []kernel.ServerKey) {
	if len(keys) == 0 || o.Table == "" || !o.State.HasWeights() {
		return // nearly always
	}
	err := o.changeWeights(ctx, func(w *state.Weights) error {
		jobs := map[string]bool{}
		for _, key := range keys {
			if r, known := w.Drop(key); known && r.Job != "" {
				jobs[r.Job] = true
			}
		}
		o.callOff(w.Unused(jobs))
		return nil
	})
	if err != nil {
		o.tell(NotForgotten{err})
	}
}

// ForgetUnlessRefused forgets servers after a change, but not those whose change
// the kernel refused. failure is what Apply returned.
func (o *Operator) ForgetUnlessRefused(ctx context.Context, servers []Member, failure error) {
	var refused kernel.Refusals
	if failure != nil && !errors.As(failure, &refused) {
		return
	}
	kept := map[kernel.ServerKey]bool{}
	for _, r := range refused {
		kept[kernel.ServerKey{Service: r.Err.Service, Server: r.Err.Server}] = true
	}
	var keys []kernel.ServerKey
	for i := range servers {
		if key := servers[i].Key(); !kept[key] {
			keys = append(keys, key)
		}
	}
	o.Forget(ctx, keys)
}

// Remembered returns what is remembered of servers.
func (o *Operator) Remembered(servers []Member) (map[kernel.ServerKey]state.Weight, error) {
	if o.Table == "" {
		return nil, o.noTable()
	}
	return o.State.Weights(o.Table, Keys(servers))
}

// DeleteDrained deletes from their services those of the servers that are
// drained, marks them Deleted, and forgets them. before are the servers as they
// were, in the same order.
func (o *Operator) DeleteDrained(ctx context.Context, drained []Drain, before []Member) error {
	var steps []Step
	var keys []kernel.ServerKey
	for i := range drained {
		d := &drained[i]
		if d.State != Drained {
			continue // it is gone
		}
		was := before[i].Server
		was.Weight = d.Weight
		steps = append(steps, Step{
			Change: kernel.Change{Op: kernel.DeleteServer, Service: kernel.Service{ServiceID: d.Service},
				Server: kernel.Server{Addr: d.Server}},
			BeforeServer: &was,
		})
		keys = append(keys, d.ServerKey)
		d.State = Deleted
	}
	if len(steps) == 0 {
		return nil
	}
	if err := o.Apply(ctx, steps); err != nil {
		return err
	}
	o.Forget(ctx, keys)
	return nil
}
