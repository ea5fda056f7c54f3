package operate

import (
	"cmp"
	"context"
	"errors"
	"time"

	"lvs/kernel"
	"lvs/operate/state"
)

// NotHeldError means that nothing was changed, because nothing would undo the change
// when its time is over. Remembering is set if the weights could not be remembered;
// otherwise no process could be started that waits.
type NotHeldError struct {
	Remembering bool
	Err         error
}

func (e *NotHeldError) Error() string { return "nothing was changed: " + e.Err.Error() }

// Unwrap returns the reason.
func (e *NotHeldError) Unwrap() error { return e.Err }

// Drain puts servers out of service: it remembers their weights and then sets them to 0,
// so that they can always be restored. If hold is not zero they are undrained after that
// time (NotHeldError). It returns the remembered weights.
func (o *Operator) Drain(ctx context.Context, servers []Member, hold time.Duration) (
	remembered map[kernel.ServerKey]int, err error) {
	var j state.Job
	if hold > 0 {
		if j, err = o.Later(UndrainJob, hold, "undrain", "--job", state.ThisJob); err != nil {
			return nil, &NotHeldError{Err: err}
		}
	}
	remembered, err = o.keepWeights(ctx, servers, 0, j, true)
	switch {
	case err != nil && j.ID != "":
		o.State.CallOff(j.ID)
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
		if j.ID != "" && len(refused) == len(steps) {
			o.State.CallOff(j.ID)
		}
	}
	return remembered, err
}

// Hold remembers the weight of a server and starts the job that restores it after a
// time. It does not set the weight. known is false if the server has that weight
// already and no other is remembered: then there is nothing to restore, and no job.
// Its error is a NotHeldError.
func (o *Operator) Hold(ctx context.Context, m Member, weight int, hold time.Duration) (
	j state.Job, known bool, err error) {
	j, err = o.Later(UndrainJob, hold, "undrain", "--job", state.ThisJob)
	if err != nil {
		return j, false, &NotHeldError{Err: err}
	}
	before, err := o.keepWeights(ctx, []Member{m}, weight, j, false)
	if err != nil {
		o.State.CallOff(j.ID)
		return j, false, &NotHeldError{true, err}
	}
	if len(before) == 0 {
		o.State.CallOff(j.ID)
	}
	return j, len(before) > 0, nil
}

// keepWeights remembers the weights of servers whose weight is about to be set, and
// returns what is remembered then. j restores them; the zero Job is none. A server whose
// weight was set before, and not changed by others since, keeps its first remembered
// weight. Servers that have the weight already, and no other is remembered, are left out
// unless all is set.
func (o *Operator) keepWeights(ctx context.Context, servers []Member, set int, j state.Job, all bool) (
	map[kernel.ServerKey]int, error) {
	if o.Table == "" {
		return nil, o.noTable()
	}
	out := map[kernel.ServerKey]int{}
	replaced := map[string]bool{}
	who := o.Describe()
	err := o.changeWeights(ctx, func(w *state.Weights) error {
		for i := range servers {
			m := &servers[i]
			r := state.Weight{Weight: m.Weight, Set: set, Since: o.Now().UTC(), Job: j.ID, Until: j.At,
				User: who.User, SudoUser: who.SudoUser, Reason: o.Reason}
			key := m.Key()
			if old, known := w.Find(key); known {
				if old.Set == m.Weight { // not changed by others since
					r.Weight = old.Weight
				}
				if r.Set == old.Set && old.Set == m.Weight {
					r.Since, r.User, r.SudoUser = old.Since, old.User, old.SudoUser
					r.Reason = cmp.Or(r.Reason, old.Reason)
				}
				if old.Job != "" && old.Job != j.ID {
					replaced[old.Job] = true
				}
			} else if m.Weight == set && !all {
				continue // its weight before is unknown
			}
			w.Put(key, r)
			out[key] = r.Weight
		}
		o.callOff(w.Unused(replaced))
		return nil
	})
	return out, err
}

// errNoTable is a table without an identity, so that nothing can be kept under it.
var errNoTable = errors.New("the network namespace cannot be identified")

func (o *Operator) noTable() error { return cmp.Or(o.NoTable, errNoTable) }

func (o *Operator) changeWeights(ctx context.Context, change func(*state.Weights) error) error {
	aside, err := o.State.ChangeWeights(ctx, o.Table, change)
	if aside != nil {
		o.tell(SetAside{aside})
	}
	return err
}

// callOff cancels jobs that have nothing left to restore.
func (o *Operator) callOff(jobs []string) {
	for _, id := range jobs {
		j, _ := o.State.Job(id)
		if o.State.CallOff(id) && !j.Broken {
			o.tell(CalledOff{j})
		}
	}
}

// Forget forgets the remembered weights of servers, because their weight was set
// permanently. It returns those that were out of service and no longer are. Jobs that
// have nothing left to restore are canceled.
func (o *Operator) Forget(ctx context.Context, keys []kernel.ServerKey) (ended []kernel.ServerKey) {
	if len(keys) == 0 || o.Table == "" || !o.State.HasWeights() {
		return nil // the usual case
	}
	err := o.changeWeights(ctx, func(w *state.Weights) error {
		jobs := map[string]bool{}
		for _, key := range keys {
			r, known := w.Drop(key)
			if known && r.Job != "" {
				jobs[r.Job] = true
			}
			if known && r.Out() {
				ended = append(ended, key)
			}
		}
		o.callOff(w.Unused(jobs))
		return nil
	})
	if err != nil {
		o.tell(NotForgotten{err})
		return nil
	}
	return ended
}

// ForgetUnlessRefused forgets servers after a change, but not those whose change
// the kernel refused. failure is what Apply returned. It returns what Forget does.
func (o *Operator) ForgetUnlessRefused(ctx context.Context, servers []Member, failure error) []kernel.ServerKey {
	var refused kernel.Refusals
	if failure != nil && !errors.As(failure, &refused) {
		return nil
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
	return o.Forget(ctx, keys)
}

// Remembered returns the remembered weights of servers.
func (o *Operator) Remembered(servers []Member) (map[kernel.ServerKey]state.Weight, error) {
	if o.Table == "" {
		return nil, o.noTable()
	}
	return o.State.Weights(o.Table, Keys(servers))
}

// DeleteDrained deletes those of the servers that are drained, and sets their state to
// Deleted. They stay out of service: added again, they have the weight 0. before are the
// servers as they were, in the same order.
func (o *Operator) DeleteDrained(ctx context.Context, drained []Drain, before []Member) error {
	var steps []Step
	for i := range drained {
		d := &drained[i]
		if d.State != Drained {
			continue // it no longer exists
		}
		was := before[i].Server
		was.Weight = d.Weight
		steps = append(steps, Step{
			Change: kernel.Change{Op: kernel.DeleteServer, Service: kernel.Service{ServiceID: d.Service},
				Server: kernel.Server{Addr: d.Server}},
			BeforeServer: &was,
		})
		d.State = Deleted
	}
	if len(steps) == 0 {
		return nil
	}
	return o.Apply(ctx, steps)
}

// Undraining is how the weights of servers are restored.
type Undraining struct {
	// Steps set the weights.
	Steps []Step
	// Done are the servers whose weights can be forgotten afterwards: those of Steps and
	// Changed.
	Done []Member
	// Changed are servers whose weight was changed by someone else since it was
	// remembered. They keep it.
	Changed []Member
	// Unknown are servers with the weight 0 and no remembered weight.
	Unknown []Member
	// Zero are servers of Done whose weight stays 0, because it was 0 before the drain.
	Zero []Member
}

// Undrain decides how to restore the weights of servers. weight, unless it is 0,
// replaces the remembered ones. Servers that have a weight and no remembered one are
// not drained, and stay as they are.
func Undrain(servers []Member, remembered map[kernel.ServerKey]state.Weight, weight int) (u Undraining) {
	for i := range servers {
		m := servers[i]
		r, known := remembered[m.Key()]
		to := r.Weight
		switch {
		case weight > 0 && (known || m.Weight == 0):
			to = weight
		case known && r.Set != m.Weight:
			u.Changed = append(u.Changed, m)
			u.Done = append(u.Done, m)
			continue
		case !known && m.Weight == 0:
			u.Unknown = append(u.Unknown, m)
			continue
		case !known:
			continue
		}
		u.Done = append(u.Done, m)
		if to == 0 {
			u.Zero = append(u.Zero, m)
		}
		u.Steps = append(u.Steps, WeightSteps([]Member{m}, to)...)
	}
	return u
}
