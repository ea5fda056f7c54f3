package director

import (
	"context"
	"net/netip"
	"time"

	"lvs/director/health"
)

// thawAfter is how long the director's own way must work again before failures are
// believed again: long enough for servers that answer to be found up.
const thawAfter = 10 * time.Second

// learnEvery is the time between two readings of the ways to all servers: two messages to
// the kernel for each.
const learnEvery = time.Minute

// doubt is whether the director believes the failures that it sees. If most servers fail
// within one interval and its own way to them does not work, it changes nothing for them.
type doubt struct {
	reach *Reach
	// from is the time from which failures are not believed, zero if they are. since and
	// why are what others see of it.
	from, since time.Time
	why         string
	// well is since when the own way works again.
	well time.Time
	// window is the longest time in which a failure of all servers at once is seen.
	window time.Duration
	// turned is set if a probe has come to another verdict since the last look.
	turned   bool
	lookAt   time.Time
	learnAt  time.Time
	learning chan struct{}
}

func (d *doubt) frozen() *Frozen {
	if d.from.IsZero() {
		return nil
	}
	return &Frozen{Since: d.since, Why: d.why}
}

// watchDoubt freezes and thaws.
func (c *core) watchDoubt(ctx context.Context, now time.Time) {
	d := &c.doubt
	if d.reach == nil || !d.turned && now.Before(d.lookAt) {
		return
	}
	d.turned, d.lookAt = false, now.Add(lookEvery)
	since := now.Add(-d.window)
	if !d.from.IsZero() {
		since = d.from
	}
	failing, most := c.failing(since)
	if d.from.IsZero() {
		if !most {
			return
		}
		if ok, why := d.reach.Reach(ctx, failing); !ok {
			d.from, d.since, d.why, d.well = since, now, why, time.Time{}
			c.emit(Event{Kind: EventFrozen, Text: why})
			c.hurry()
		}
		return
	}
	switch ok, _ := d.reach.Reach(ctx, failing); {
	case !ok:
		d.well = time.Time{}
	case d.well.IsZero():
		d.well = now
	case now.Sub(d.well) >= thawAfter:
		d.from, d.well = time.Time{}, time.Time{}
		c.emit(Event{Kind: EventThawed})
		c.hurry()
	}
}

// failing returns the addresses whose probes failed since a time, and whether they are
// most of those that were up before.
func (c *core) failing(since time.Time) (failing []netip.Addr, most bool) {
	up := 0
	for _, p := range c.probes {
		switch {
		case p.Verdict == health.Up:
			up++
		case p.Verdict == health.Down && !p.State.Since.Before(since):
			failing = append(failing, c.serverOf(p))
		}
	}
	return failing, len(failing) > up
}

// serverOf returns the address of the server that a probe asks, also by way of the virtual
// address.
func (c *core) serverOf(p *probe) netip.Addr {
	if a := c.around.paths.Server(p.Mark); a.IsValid() {
		return a
	}
	return p.Addr.Addr()
}

// hurry decides all services.
func (c *core) hurry() {
	for _, s := range c.services {
		c.urgent[s] = true
	}
}

// learnWays keeps how the servers are reached while all is well. It reads the routes in a
// goroutine of its own.
func (c *core) learnWays() {
	d, now := &c.doubt, c.o.Now()
	if d.reach == nil || !d.from.IsZero() || now.Before(d.learnAt) {
		return
	}
	if d.learning != nil {
		select {
		case <-d.learning:
		default:
			return // it is still at it
		}
	}
	addrs := make([]netip.Addr, 0, len(c.probes))
	for _, p := range c.probes {
		if a := c.serverOf(p); p.Verdict != health.Down && a.IsValid() {
			addrs = append(addrs, a)
		}
	}
	d.learnAt = now.Add(learnEvery)
	done, reach := make(chan struct{}), d.reach
	d.learning = done
	go func() {
		defer close(done)
		reach.Learn(addrs)
	}()
}

// windowOf returns the longest time that probes take to notice that their target has gone.
func windowOf(probes map[health.Key]*probe) (longest time.Duration) {
	for _, p := range probes {
		longest = max(longest, p.Every+time.Duration(p.Fall)*(p.FastEvery+p.Timeout))
	}
	return longest
}
