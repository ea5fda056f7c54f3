package commands

import (
	"context"
	"fmt"
	"time"

	"lvs/kernel"
	"lvs/output"
)

// rampStep is the shortest time between two steps.
const rampStep = 250 * time.Millisecond

// ramp goes to a weight in small steps. Each changes the weight alone, in the
// configuration as it is then.
func (o *weight) ramp(ctx context.Context, to step) error {
	a, id, end := o.app, to.Service.ServiceID, to.Server.Weight
	from, addr := to.serverBefore.Weight, to.Server.Addr
	p, err := a.printer(output.Options{})
	if err != nil {
		return err
	}
	a.forget([]kernel.ServerKey{{Service: id, Server: addr}})
	line, start, now := a.liveLine(), a.Now(), from
	defer line.end()
	for now != end {
		due := rampNext(from, end, now, o.overFor)
		gone := a.Now().Sub(start)
		if err := a.Sleep(ctx, max(due-gone, rampStep)); err != nil {
			line.end()
			return o.rampBroken(ctx, err, to, now)
		}
		next := rampAt(from, end, a.Now().Sub(start), o.overFor)
		if next == now {
			continue
		}
		if err := o.rampTo(ctx, id, to.Server, now, next); err != nil {
			line.end()
			return o.rampBroken(ctx, err, to, now)
		}
		now = next
		line.show(func() string {
			left := max(o.overFor-a.Now().Sub(start), 0)
			return fmt.Sprintf("%v %v: weight %d, on the way from %d to %d, %s left", id, addr, now, from, end, output.Duration(left))
		})
	}
	if !a.reports() {
		return nil
	}
	return p.Changes([]output.Change{to.row()})
}

// rampAt is the weight after a time: whole steps that have been reached, the end
// at the end.
func rampAt(from, to int, gone, over time.Duration) int {
	if gone >= over {
		return to
	}
	// In floating point: the product does not fit 64 bits. A weight has 31 bits
	// and a double 53, so the result is exact enough, and never past the end.
	return from + int(float64(to-from)*(float64(gone)/float64(over)))
}

// rampNext is the time from the start at which the weight is another than now.
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

// rampTo makes one step, if the weight is still what the last one made it.
func (o *weight) rampTo(ctx context.Context, id kernel.ServiceID, server kernel.Server, from, to int) error {
	present, err := o.app.lookupServers(ctx, id, []string{server.Addr.String()})
	if err != nil {
		return err
	}
	before := present[0].Server
	if before.Weight != from {
		return fmt.Errorf("weight of %v in %v: stopped at %d: somebody else set it, the ramp had come to %d", server.Addr, id, before.Weight, from)
	}
	after := before
	after.Weight = to
	return o.app.change(ctx, []step{{
		Change:       kernel.Change{Op: kernel.EditServer, Service: kernel.Service{ServiceID: id}, Server: after},
		serverBefore: &before,
	}})
}

// rampBroken tells where a ramp was left.
func (o *weight) rampBroken(ctx context.Context, err error, to step, now int) error {
	end := to.Server.Weight
	what := fmt.Sprintf("the weight stays %d, on the way to %d", now, end)
	var f *fault
	switch timedOut, interrupted := broken(ctx, err); {
	case timedOut:
		f = &fault{status: exitTimeout, err: fmt.Errorf("timed out after %s: %s", o.app.global.timeout, what)}
	case interrupted:
		f = &fault{status: exitInterrupted, err: fmt.Errorf("interrupted: %s", what)}
	default:
		return err
	}
	return f.cure("%s weight %v %v %d sets it at once", o.app.Name, to.Service.ServiceID, to.Server.Addr, end)
}
