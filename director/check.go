package director

import (
	"context"
	"errors"
	"time"

	"lvs/director/health"
	"lvs/kernel"
)

// answerPoll is how often Check looks whether the answers are there.
const answerPoll = 20 * time.Millisecond

// Check implements Control. It waits for one answer of each probe, or until the context
// ends.
func (d *Director) Check(ctx context.Context, servers []kernel.ServerKey) (out []ServerStatus, err error) {
	var asked map[health.Key]time.Time
	bad := d.call(ctx, func(context.Context) {
		if err = d.ownsAll(servers); err == nil {
			asked = d.ask(servers)
		}
	})
	if err = errors.Join(bad, err); err != nil {
		return nil, err
	}
	for {
		missing := false
		bad := d.call(ctx, func(context.Context) {
			missing = !d.answered(asked)
			out = d.statusOf(servers)
		})
		if bad != nil || !missing {
			return out, bad
		}
		select {
		case <-ctx.Done():
			return out, ctx.Err()
		case <-time.After(answerPoll):
		}
	}
}

// ask asks the probes of servers, and returns the times of their last results.
func (c *core) ask(servers []kernel.ServerKey) map[health.Key]time.Time {
	asked := map[health.Key]time.Time{}
	var keys []health.Key
	for _, k := range servers {
		s := c.byID[k.Service]
		if v := &s.servers[s.index(k)]; v.check != nil {
			v.check.each(func(key health.Key) {
				if _, twice := asked[key]; !twice {
					asked[key] = c.probes[key].Last.At
					keys = append(keys, key)
				}
			})
		}
	}
	if len(keys) > 0 {
		c.prober.Ask(keys...)
	}
	return asked
}

// answered reports whether all probes have a newer result. One that was removed has none
// to come.
func (c *core) answered(asked map[health.Key]time.Time) bool {
	for key, at := range asked {
		if p := c.probes[key]; p != nil && !p.Last.At.After(at) {
			return false
		}
	}
	return true
}
