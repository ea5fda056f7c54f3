package director

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"lvs/kernel"
	"lvs/operate/state"
	"lvs/plan/journal"
)

// admins are the decisions of people. The remembered weights of the state folder have
// them (state.Weight), whoever made them: lvs drain without a director writes the same.
type admins struct {
	known map[kernel.ServerKey]Admin
	ramps map[kernel.ServerKey]adminRamp
	// file describes the file that known was read from. read is set once it was.
	file fs.FileInfo
	read bool
}

// adminRamp is how a weight is reached. It is not remembered: after a restart the weight
// is set at once.
type adminRamp struct {
	from  int
	over  time.Duration
	began time.Time
}

func (a *admins) of(k kernel.ServerKey) Admin {
	if d, ok := a.known[k]; ok {
		return d
	}
	return Admin{AdminStatus: AdminStatus{State: Ready, Weight: -1}}
}

func (a Admin) status() AdminStatus { return a.AdminStatus }

// diskTime is how long the state folder may take.
const diskTime = 2 * time.Second

// folder returns the state folder with a limit of time.
func (c *core) folder(ctx context.Context) (state.Folder, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, diskTime)
	f := c.o.State
	f.Context = ctx
	return f, cancel
}

// lookWeights reads the remembered weights if the file changed, and reports whether a
// decision did.
func (c *core) lookWeights(ctx context.Context) bool {
	if c.o.State.Dir == "" || c.o.Table == "" || c.alarms.silent(AlarmDecisions, c.o.Now()) {
		return false
	}
	f, cancel := c.folder(ctx)
	defer cancel()
	info := f.StatWeights()
	if c.admin.read && sameFile(info, c.admin.file) && f.Context.Err() == nil {
		return false
	}
	all, err := f.AllWeights(c.o.Table)
	if err != nil {
		c.noDecisions(err)
		return false // what is known stays in force
	}
	c.admin.file, c.admin.read = info, true
	c.calm(AlarmDecisions)
	return c.takeWeights(all)
}

// noDecisions reports that the decisions cannot be read or written, and leaves them alone
// for a time: a disk that hangs would keep the director from its work.
func (c *core) noDecisions(err error) {
	c.alarm(AlarmDecisions, err.Error(), "")
	c.alarms.quiet(AlarmDecisions, c.o.Now().Add(quietTime))
}

func sameFile(a, b fs.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}

// takeWeights makes decisions of remembered weights.
func (c *core) takeWeights(all map[kernel.ServerKey]state.Weight) (changed bool) {
	before := c.admin.known
	c.admin.known = make(map[kernel.ServerKey]Admin, len(all))
	for k, w := range all {
		d := decided(&w)
		if r, ok := c.admin.ramps[k]; ok && d.Weight >= 0 {
			d.From, d.Over, d.Began = r.from, r.over, r.began
		}
		c.admin.known[k] = d
		if d != before[k] {
			changed = c.turned(k, before[k], d) || changed
		}
	}
	for k, old := range before {
		if _, still := c.admin.known[k]; !still {
			delete(c.admin.ramps, k)
			changed = c.turned(k, old, Admin{}) || changed
		}
	}
	return changed
}

// turned reports a new decision about a server of the director.
func (c *core) turned(k kernel.ServerKey, old, now Admin) bool {
	s := c.byID[k.Service]
	if s == nil || s.index(k) < 0 {
		return false
	}
	c.urgent[s] = true
	e := Event{Kind: EventAdmin, Service: k.Service, Server: k, From: old.word(), To: now.word(), User: now.User,
		Reason: now.Reason}
	if at := c.o.Now(); c.person == nil && !old.Until.IsZero() && !at.Before(old.Until) {
		e.User, e.Reason, e.Text = "", "", timeOver
	} else if !now.Set && c.person != nil {
		e.User, e.Reason = c.person.User, c.person.Reason
	}
	c.emit(e)
	return true
}

// timeOver is the text of the event that ends a decision at its time.
const timeOver = "its time is over"

// word returns a decision as a word: its state, or a weight.
func (a *Admin) word() string {
	switch {
	case !a.Set:
		return string(Ready)
	case a.Weight >= 0:
		return weightText(a.Weight)
	}
	return string(a.State)
}

// decided returns what a remembered weight means.
func decided(w *state.Weight) Admin {
	d := Admin{Set: true, AdminStatus: AdminStatus{State: Ready, Since: w.Since, Until: w.Until,
		User: cmp.Or(w.SudoUser, w.User), Reason: w.Reason, Weight: -1}}
	if w.Before != nil && !w.Before.Out() {
		d.Then, d.ThenSet = w.Before.Set, true
	}
	switch {
	case !w.Out():
		d.Weight = w.Set
	case w.Maintenance:
		d.State = Maintenance
	default:
		d.State = Drained
	}
	return d
}

// look finds what changed without a message: remembered weights, and decisions that end.
func (c *core) look(ctx context.Context) {
	c.lookWeights(ctx)
	now := c.o.Now()
	var ended []kernel.ServerKey
	for k, d := range c.admin.known {
		if d.Set && !d.Until.IsZero() && !now.Before(d.Until) {
			ended = append(ended, k)
		}
	}
	if len(ended) == 0 || c.alarms.silent(AlarmDecisions, now) {
		return
	}
	err := c.changeWeights(ctx, func(w *state.Weights) {
		for _, k := range ended {
			if r, ok := w.Find(k); ok && !r.Until.IsZero() && !now.Before(r.Until) {
				end(w, k)
			}
		}
	})
	if err != nil {
		c.noDecisions(err)
	}
}

// end ends a decision: what it replaced for a time is in force again.
func end(w *state.Weights, k kernel.ServerKey) {
	if r, _ := w.Find(k); r.Before != nil {
		w.Put(k, *r.Before)
		return
	}
	w.Drop(k)
}

// replaced returns the decision that comes back when a new one ends: a weight without an end,
// if the new one has an end or takes the server out of use.
func replaced(old *state.Weight, next *state.Weight) *state.Weight {
	switch {
	case next.Until.IsZero() && !next.Out():
		return nil
	case old.Out() || !old.Until.IsZero():
		return old.Before
	}
	before := *old
	before.Job, before.Before = "", nil
	return &before
}

// changeWeights changes the remembered weights, and takes them over.
func (c *core) changeWeights(ctx context.Context, change func(*state.Weights)) error {
	f, cancel := c.folder(ctx)
	defer cancel()
	var all map[kernel.ServerKey]state.Weight
	aside, err := f.ChangeWeights(f.Context, c.o.Table, func(w *state.Weights) error {
		change(w)
		all = w.All()
		return nil
	})
	if aside != nil {
		c.alarm(AlarmDamaged, aside.Error(), "")
	}
	if err != nil {
		return err
	}
	c.takeWeights(all)
	c.admin.file, c.admin.read = f.StatWeights(), true
	return nil
}

// Decide implements Control.
func (d *Director) Decide(ctx context.Context, what Decision) (out []ServerStatus, err error) {
	bad := d.call(ctx, func(ctx context.Context) {
		if err = d.decideFor(ctx, &what); err == nil {
			out = d.statusOf(what.Servers)
		}
	})
	return out, errors.Join(bad, err)
}

// decideFor carries a decision out: it is remembered, and then in force.
func (c *core) decideFor(ctx context.Context, what *Decision) error {
	if err := c.ownsAll(what.Servers); err != nil {
		return err
	}
	now := c.o.Now()
	put := func(w *state.Weights) {
		jobs := map[string]bool{}
		for _, k := range what.Servers {
			old, known := w.Find(k)
			if known && old.Job != "" {
				jobs[old.Job] = true
			}
			if what.Action == DoUndrain {
				end(w, k)
				continue
			}
			next := c.remembered(what, k, now)
			if known {
				next.Before = replaced(&old, &next)
			}
			w.Put(k, next)
		}
		for _, id := range w.Unused(jobs) {
			c.o.State.CallOff(id)
		}
	}
	for _, k := range what.Servers {
		delete(c.admin.ramps, k)
		if what.Action == DoWeight && what.Over > 0 {
			if c.admin.ramps == nil {
				c.admin.ramps = map[kernel.ServerKey]adminRamp{}
			}
			s := c.byID[k.Service]
			c.admin.ramps[k] = adminRamp{max(s.force[s.index(k)], 0), what.Over, now}
		}
	}
	c.person = &journal.Entry{User: what.User, Command: what.Command, Reason: what.Reason, Undoes: what.Undoes}
	defer func() { c.person = nil }()
	if err := c.changeWeights(ctx, put); err != nil {
		return err
	}
	c.work(ctx, nil)
	return nil
}

// remembered returns what is remembered of a decision.
func (c *core) remembered(what *Decision, k kernel.ServerKey, now time.Time) state.Weight {
	s := c.byID[k.Service]
	w := state.Weight{Weight: s.servers[s.index(k)].Weight, Since: now.UTC().Round(0), User: what.User,
		Reason: what.Reason, Maintenance: what.Action == DoMaintain}
	if what.Action == DoWeight {
		w.Set = what.Weight
	}
	if what.For > 0 {
		w.Until = now.Add(what.For).UTC().Round(0)
	}
	return w
}

func (c *core) ownsAll(keys []kernel.ServerKey) error {
	var others []kernel.ServerKey
	for _, k := range keys {
		if s := c.byID[k.Service]; s == nil || s.index(k) < 0 {
			others = append(others, k)
		}
	}
	if len(others) > 0 {
		return &NotOwnedError{others}
	}
	return nil
}

func (c *core) statusOf(keys []kernel.ServerKey) []ServerStatus {
	out, now := make([]ServerStatus, 0, len(keys)), c.o.Now()
	for _, k := range keys {
		if s := c.byID[k.Service]; s != nil && s.index(k) >= 0 {
			out = append(out, c.serverStatus(s, s.index(k), now))
		}
	}
	return out
}
