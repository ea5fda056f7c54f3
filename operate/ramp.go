package operate

import (
	"context"
	"fmt"
	"time"

	"lvs/kernel"
	"lvs/operate/state"
)

// rampStep is the shortest time between two steps.
const rampStep = 250 * time.Millisecond

// ChangedError means that a weight was changed by someone else during a ramp.
type ChangedError struct {
	kernel.ServerKey
	// Found is its weight, Expected the weight that the ramp had set.
	Found, Expected int
}

func (e *ChangedError) Error() string {
	return fmt.Sprintf("weight of %v in %v: found %d, expected %d", e.Server, e.Service, e.Found, e.Expected)
}

// DrainedError means that a server was put out of service during a ramp.
type DrainedError struct {
	kernel.ServerKey
	state.Weight
}

func (e *DrainedError) Error() string {
	return fmt.Sprintf("%v in %v was drained", e.ServerKey.Server, e.ServerKey.Service)
}

// Ramp changes the weight of a server from one value to another in small steps, at most
// four a second. Each step changes only the weight in the server's current settings; a
// weight that was changed by someone else meanwhile ends the ramp (ChangedError), and so
// does a drain of the server (DrainedError). A server that is out of service before no
// longer is. seen,
// if not nil, is called after each step with the weight and the time left. It returns
// the weight that was reached, also with an error.
func (o *Operator) Ramp(ctx context.Context, key kernel.ServerKey, from, to int, over time.Duration,
	seen func(now int, left time.Duration)) (reached int, err error) {
	o.Forget(ctx, []kernel.ServerKey{key})
	start, now := o.Now(), from
	defer func() { o.ramped(ctx, reached, err) }()
	for now != to {
		due := rampNext(from, to, now, over)
		gone := o.Now().Sub(start)
		if err := o.Sleep(ctx, max(due-gone, rampStep)); err != nil {
			return now, err
		}
		next := rampAt(from, to, o.Now().Sub(start), over)
		if next == now {
			continue
		}
		if o.written.reached = &next; next == to {
			o.written.reached = nil
		}
		if err := o.rampTo(ctx, key, now, next); err != nil {
			return now, err
		}
		now = next
		if seen != nil {
			seen(now, max(over-o.Now().Sub(start), 0))
		}
	}
	return now, nil
}

// ramped records how a ramp ended, if that was before its end.
func (o *Operator) ramped(ctx context.Context, reached int, failure error) {
	w := &o.written
	if failure == nil {
		return
	}
	w.reached, w.stopped = &reached, true
	if w.problem == "" {
		w.problem = errorLine(failure)
	}
	o.writeEnd(ctx)
}

// rampAt returns the weight after a time, rounded towards from.
func rampAt(from, to int, gone, over time.Duration) int {
	if gone >= over {
		return to
	}
	// This is in floating point because the product does not fit 64 bits. A weight has
	// 31 bits and a double 53, so the result is exact enough, and never past the end.
	return from + int(float64(to-from)*(float64(gone)/float64(over)))
}

// rampNext returns the time from the start at which the weight differs from now.
func rampNext(from, to, now int, over time.Duration) time.Duration {
	units, all := float64(abs(now-from)+1), float64(abs(to-from))
	return min(time.Duration(units/all*float64(over))+time.Nanosecond, over)
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}

// rampTo makes one step, if the weight is still the one that the last step set.
func (o *Operator) rampTo(ctx context.Context, key kernel.ServerKey, from, to int) error {
	snap, err := o.Kernel.Snapshot(ctx, key.Service)
	if err != nil {
		return err
	}
	v := snap.Services[0].Server(key.Server)
	if v == nil {
		return &kernel.Error{Op: kernel.EditServer.String(), Service: key.Service, Server: key.Server,
			Err: kernel.ErrNoServer}
	}
	if out, _ := o.Outages(); len(out) > 0 {
		if r, drained := out[key]; drained {
			return &DrainedError{key, r}
		}
	}
	if v.Weight != from {
		return &ChangedError{key, v.Weight, from}
	}
	after := v.Server
	after.Weight = to
	return o.Apply(ctx, []Step{{
		Change:       kernel.Change{Op: kernel.EditServer, Service: kernel.Service{ServiceID: key.Service}, Server: after},
		BeforeServer: &v.Server,
	}})
}
