package director

import (
	"context"
	"maps"
	"os"
	"time"

	"lvs/director/health"
	"lvs/kernel"
	"lvs/plan/journal"
)

// The times of the loop.
const (
	// resyncEvery is the time between two readings of the whole table.
	resyncEvery = 10 * time.Second
	// lookEvery is the time between two looks at what changes without a message: the
	// remembered weights, the director's own reach, a table that was emptied.
	lookEvery = time.Second
	// retryFirst and retryMost are the times to the next try after the kernel refused a
	// change.
	retryFirst = 250 * time.Millisecond
	retryMost  = resyncEvery
)

// core is the state of a director. Only one goroutine uses it, but for events.
type core struct {
	o      Options
	events *eventLog
	prober Prober
	model  *Model

	services []*service
	byID     map[kernel.ServiceID]*service
	probes   map[health.Key]*probe
	owned    map[kernel.ServiceID]bool
	admin    admins
	doubt    doubt
	alarms   alarms
	drift    []Drift
	file     stateFile
	around   around
	// follow follows the role of a source, or of none (nil). Nil: nobody does.
	follow func(*RoleSource)
	watch  *PassiveWatch // nil: there is no passive health
	resets bool          // expire_nodest_conn is on

	started, loaded time.Time
	refused         string
	refusedAt       time.Time
	leaving         bool
	// person is who the changes of this pass are for. Nil: they are the director's own.
	person  *journal.Entry
	jobs    []job
	running []runningJob
	news    bool // something changed that Status shows

	// When there is something to do: a full pass, a look, a decision by time alone, and
	// the next try after a failure (zero: there was none).
	resyncAt, lookAt, changeAt, retryAt time.Time
	// resyncTook is how long the newest pass over the whole table took.
	resyncTook time.Duration
	retryWait  time.Duration
	urgent     map[*service]bool // services to be decided

	// fed are services whose servers ask for other shares, which are decided together at fedAt.
	fed   map[*service]bool
	fedAt time.Time
}

// fedTime is how long new shares that servers ask for are gathered. Agents report their load
// with every answer, and each weight that is written sends wrr to the head of its list.
const fedTime = 2 * time.Second

func newCore(o Options) *core {
	return &core{o: o, events: newEventLog(), byID: map[kernel.ServiceID]*service{},
		probes: map[health.Key]*probe{}, owned: map[kernel.ServiceID]bool{}, urgent: map[*service]bool{},
		fed:     map[*service]bool{},
		started: o.Now(), model: &Model{}, alarms: alarms{}}
}

func (c *core) emit(e Event) {
	e.At = c.o.Now()
	c.events.add(e)
	c.news = true
}

// begin reads what is remembered, adopts the table as it is, and brings it to the model.
func (c *core) begin(ctx context.Context, m *Model) error {
	c.recall(ctx)
	c.lookWeights(ctx)
	c.takeJobs()
	if err := c.adopt(ctx, m); err != nil {
		return err
	}
	c.emit(Event{Kind: EventStarted, To: m.Cluster})
	c.work(ctx, nil)
	return nil
}

// load takes a new model over.
func (c *core) load(ctx context.Context, m *Model) error {
	if err := c.adopt(ctx, m); err != nil {
		return err
	}
	c.refused, c.refusedAt = "", time.Time{}
	c.emit(Event{Kind: EventReloaded, To: m.Cluster})
	return nil
}

// refuse keeps the old model, because the files cannot be read.
func (c *core) refuse(err error) {
	c.refused, c.refusedAt = err.Error(), c.o.Now()
	c.emit(Event{Kind: EventRefused, Text: c.refused})
}

// work does all that is to be done now, and returns how long nothing else will be.
func (c *core) work(ctx context.Context, reports map[health.Key]health.Report) time.Duration {
	for _, r := range reports {
		c.hear(r)
	}
	now := c.o.Now()
	if !now.Before(c.lookAt) {
		c.look(ctx)
		c.lookTable(ctx)
		c.lackChecks(now)
		c.endJobs()
		c.lookAt = now.Add(lookEvery)
	}
	c.runJobs(ctx, now)
	c.watchDoubt(ctx, now)
	if !c.changeAt.IsZero() && !now.Before(c.changeAt) {
		for _, s := range c.services {
			if !s.aim.Changes.IsZero() && !now.Before(s.aim.Changes) {
				c.urgent[s] = true
			}
		}
	}
	if !c.fedAt.IsZero() && !now.Before(c.fedAt) {
		maps.Copy(c.urgent, c.fed)
		c.fedAt = time.Time{}
	}
	c.passes(ctx, now)
	c.save(now)
	return c.wait()
}

// passes decides what is urgent and writes it to the kernel, the whole table if its time
// has come.
func (c *core) passes(ctx context.Context, now time.Time) {
	retry := !c.retryAt.IsZero() && !now.Before(c.retryAt)
	full := !now.Before(c.resyncAt) || retry
	if full {
		for _, s := range c.services {
			c.urgent[s] = true
		}
	}
	if len(c.urgent) == 0 && !full {
		return
	}
	var changed []*service
	for s := range c.urgent {
		delete(c.fed, s)
		if c.decide(s, now) {
			changed = append(changed, s)
		}
	}
	clear(c.urgent)
	c.nextChange()
	switch {
	case full:
		c.settle(c.pass(ctx, nil), now)
		c.resyncTook = c.o.Now().Sub(now)
		c.learnWays()
		c.renewPaths(ctx)
		c.resyncAt = now.Add(resyncEvery)
	case len(changed) > 0:
		c.settle(c.pass(ctx, changed), now)
	}
}

// settle plans the next try after a pass that failed.
func (c *core) settle(err error, now time.Time) {
	if err == nil {
		if !c.retryAt.IsZero() {
			c.calm(AlarmKernel)
		}
		c.retryAt, c.retryWait = time.Time{}, 0
		return
	}
	c.retryWait = min(max(2*c.retryWait, retryFirst), retryMost)
	c.retryAt = now.Add(c.retryWait)
	c.alarm(AlarmKernel, err.Error(), "")
}

func (c *core) nextChange() {
	c.changeAt = time.Time{}
	for _, s := range c.services {
		c.changeAt = earliest(c.changeAt, s.aim.Changes)
	}
}

// wait returns the time to the next work.
func (c *core) wait() time.Duration {
	if len(c.urgent) > 0 {
		return 0
	}
	next := c.lookAt
	for _, t := range []time.Time{c.resyncAt, c.changeAt, c.retryAt, c.fedAt} {
		next = earliest(next, t)
	}
	return max(next.Sub(c.o.Now()), 0)
}

// stop ends the work as the settings ask for.
func (c *core) stop(ctx context.Context) error {
	var err error
	if all := c.model.Settings.OnStop == "remove"; all || c.hasPaths() {
		err = c.remove(ctx, all)
	}
	c.emit(Event{Kind: EventStopped, From: c.model.Cluster})
	c.saveNow()
	return err
}

// hasPaths reports whether there are services for checks through the forwarding path.
func (c *core) hasPaths() bool {
	for id := range c.owned {
		if IsPath(id) {
			return true
		}
	}
	return false
}

func (c *core) trusted() bool { return c.model.Settings.Trusted }

// snapshot returns the state as others see it.
func (c *core) snapshot() *Status {
	s := &Status{At: c.o.Now(), Started: c.started, Version: c.o.Version, PID: os.Getpid(), Netns: c.o.Netns,
		Files: c.model.Files, Cluster: c.model.Cluster, Loaded: c.loaded, Refused: c.refused, RefusedAt: c.refusedAt,
		Frozen: c.doubt.frozen(), Drift: append([]Drift(nil), c.drift...), Alarms: c.alarms.list()}
	for _, a := range c.model.Alarms {
		a.Since = c.loaded
		s.Alarms = append(s.Alarms, a)
	}
	s.Role = string(c.around.role)
	s.Services = make([]ServiceStatus, 0, len(c.services))
	for _, v := range c.services {
		if !IsPath(v.ServiceID) {
			s.Services = append(s.Services, c.serviceStatus(v, s.At))
		}
	}
	s.Addresses = AddressesOf(s.Services)
	s.Checks.Probes, s.Resync = len(c.probes), c.resyncTook
	for _, p := range c.probes {
		s.Checks.PerSecond += 1 / p.Every.Seconds()
	}
	if c.prober != nil {
		s.Checks.Done, s.Checks.Late, s.Checks.Local = c.prober.Stats()
	}
	return s
}
