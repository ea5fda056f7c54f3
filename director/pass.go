package director

import (
	"context"
	"errors"
	"slices"
	"time"

	"lvs/kernel"
	"lvs/operate"
	"lvs/plan"
	"lvs/plan/journal"
)

const (
	// lockTime is how long a pass waits for a command that changes the table. Then it goes
	// on: a failed server must not stay in use because of a command that hangs.
	lockTime = time.Second
	// passTime is how long the kernel may take for one pass.
	passTime = 30 * time.Second
	// quietTime is how long a journal that cannot be written is left alone: each try may
	// take seconds on a disk that hangs.
	quietTime = 30 * time.Second
)

// pass reads services, or the whole table if only is nil, and changes what differs from
// the aims. It is all or nothing for each service.
func (c *core) pass(ctx context.Context, only []*service) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), passTime)
	defer cancel()
	unlock := c.lockTable(ctx)
	defer unlock()
	services, full := only, only == nil
	if full {
		services = c.services
	}
	table, err := c.read(ctx, only)
	if err != nil {
		return err
	}
	if c.lookWeights(ctx) { // a command writes them before it changes the table
		for _, s := range services {
			c.decide(s, c.o.Now())
		}
		c.nextChange()
	}
	work := c.compare(table, services, full)
	if len(work.claimed) > 0 {
		c.claim(work.claimed)
	}
	err = c.carry(ctx, table, work)
	c.finish(work)
	if full {
		err = errors.Join(err, c.settings(ctx, func() *operate.Operator { return c.operator(work) }), c.sysctls(ctx))
	}
	return err
}

// lockTable excludes commands that change the table, unless one holds it for too long.
func (c *core) lockTable(ctx context.Context) (unlock func()) {
	nothing := func() {}
	if c.o.State.Dir == "" || c.o.Table == "" {
		return nothing
	}
	ctx, cancel := context.WithTimeout(ctx, lockTime)
	defer cancel()
	folder := c.o.State
	folder.Context = ctx
	unlock, err := folder.LockTable(ctx, c.o.Table, nothing)
	if err != nil {
		return nothing
	}
	return unlock
}

// read reads services; those that are missing are left out. Nil is the whole table.
func (c *core) read(ctx context.Context, only []*service) (*kernel.Snapshot, error) {
	ids := make([]kernel.ServiceID, 0, len(only))
	for _, s := range only {
		ids = append(ids, s.ServiceID)
	}
	table, err := c.o.Kernel.Snapshot(ctx, ids...)
	if len(ids) > 0 && errors.Is(err, kernel.ErrNoService) {
		table, err = c.o.Kernel.Snapshot(ctx)
	}
	return table, err
}

// work is what a pass found, and what it does.
type work struct {
	entries map[kernel.ServiceID]*kernel.ServiceEntry
	services,
	failed []*service
	full bool
	// set are the services as they should be, want as this pass leaves them: with the
	// drift that is only reported.
	set, want []plan.Service
	changes   []kernel.Change
	// gone are owned services that the model does not have, claimed those that are new.
	gone, claimed []kernel.ServiceID
	drift         []Drift
}

// compare finds the changes.
func (c *core) compare(table *kernel.Snapshot, services []*service, full bool) *work {
	w := &work{entries: table.Index(), services: services, full: full}
	report := c.model.Settings.Drift == "report"
	now := c.o.Now()
	for _, s := range services {
		e := w.entries[s.ServiceID]
		for i := range s.servers {
			s.force[i] = -1
			if v := e.Server(s.servers[i].Addr); v != nil {
				s.force[i] = v.Weight
			}
		}
		if !s.aim.Present {
			continue
		}
		set := s.wanted(now)
		want := set
		drift := s.differences(e, &set, now)
		w.drift = append(w.drift, drift...)
		if report && len(drift) > 0 {
			if e == nil {
				continue
			}
			want = s.tolerated(e, &set, drift)
		}
		w.set, w.want = append(w.set, set), append(w.want, want)
		if !c.owned[s.ServiceID] {
			w.claimed = append(w.claimed, s.ServiceID)
		}
	}
	w.changes = plan.Between(table, w.want, plan.Options{})
	if full {
		w.removals(c)
	}
	return w
}

// removals deletes the services that the director owns and the model does not have.
func (w *work) removals(c *core) {
	for id := range c.owned {
		if c.byID[id] != nil {
			continue
		}
		w.gone = append(w.gone, id)
	}
	slices.SortFunc(w.gone, kernel.ServiceID.Compare)
	for _, id := range w.gone {
		if e := w.entries[id]; e != nil {
			w.changes = append(w.changes, kernel.Change{Op: kernel.DeleteService, Service: e.Service})
		}
	}
}

// wanted returns the service as it should be in the table.
func (s *service) wanted(now time.Time) plan.Service {
	out := plan.Service{Service: s.Service.Service.Service, Servers: make([]kernel.Server, 0, len(s.servers))}
	for i := range s.servers {
		if a := &s.aim.Servers[i]; a.Weight >= 0 {
			v := s.servers[i].Server
			v.Weight = a.Weight
			out.Servers = append(out.Servers, v)
		}
	}
	kept := s.leaving[:0]
	for _, v := range s.leaving {
		if now.Before(v.until) && s.index(kernel.ServerKey{Server: v.Addr}) < 0 {
			kept = append(kept, v)
			out.Servers = append(out.Servers, v.Server)
		}
	}
	s.leaving = kept
	return out
}

// carry makes the changes: all at once or, if the kernel refuses one, service by service.
func (c *core) carry(ctx context.Context, table *kernel.Snapshot, w *work) error {
	if len(w.changes) == 0 {
		return nil
	}
	op := c.operator(w)
	err := op.Do(ctx, plan.Touched(table, w.changes), func() error {
		_, err := plan.Apply(ctx, c.o.Kernel, table, w.changes, plan.ApplyOptions{})
		return err
	})
	if op.Recorded() {
		c.calm(AlarmJournal)
	}
	if err == nil {
		if c.o.Journal != nil && !c.alarms.silent(AlarmJournal, c.o.Now()) {
			c.calm(AlarmJournal) // it was recorded
		}
		return nil
	}
	var refused kernel.Refusals
	if !errors.As(err, &refused) {
		w.failed = w.services
		return err
	}
	return c.carryEach(ctx, w)
}

// carryEach makes the changes of each service by itself, in the table as it is now: one
// service that the kernel refuses keeps no other back.
func (c *core) carryEach(ctx context.Context, w *work) error {
	table, err := c.o.Kernel.Snapshot(ctx)
	if err != nil {
		w.failed = w.services
		return err
	}
	op := c.operator(w)
	do := func(changes []kernel.Change) error {
		if len(changes) == 0 {
			return nil
		}
		return op.Do(ctx, plan.Touched(table, changes), func() error {
			_, err := plan.Apply(ctx, c.o.Kernel, table, changes, plan.ApplyOptions{})
			return err
		})
	}
	var errs []error
	for i := range w.want {
		if err := do(plan.Between(table, w.want[i:i+1], plan.Options{})); err != nil {
			errs = append(errs, err)
			w.failed = append(w.failed, c.byID[w.want[i].ServiceID])
		}
	}
	entries := table.Index()
	for _, id := range w.gone {
		if e := entries[id]; e != nil {
			errs = append(errs, do([]kernel.Change{{Op: kernel.DeleteService, Service: e.Service}}))
		}
	}
	return errors.Join(errs...)
}

// operator returns what carries the changes of one pass out and records them.
func (c *core) operator(w *work) *operate.Operator {
	person := c.person
	op := &operate.Operator{Kernel: c.o.Kernel, Netns: c.o.Netns, Table: c.o.Table, State: c.o.State, Now: c.o.Now,
		Describe: func() journal.Entry {
			if person != nil {
				return *person
			}
			e := c.o.Describe()
			e.Reason = c.reason(w)
			return e
		}}
	op.Tell = func(e operate.Event) {
		if u, ok := e.(operate.Unrecorded); ok {
			c.alarm(AlarmJournal, u.Err.Error(), "")
			c.alarms.quiet(AlarmJournal, c.o.Now().Add(quietTime))
		}
	}
	if c.o.Journal != nil && !c.alarms.silent(AlarmJournal, c.o.Now()) {
		j := *c.o.Journal
		j.Table, j.Source = c.o.Table, journal.Director
		if person != nil {
			j.Source = journal.Command
		}
		op.Journal = &j
	}
	return op
}

// mostReasons is how many reasons one entry of the journal names.
const mostReasons = 5

// reason returns why a pass changes something: "check 10.0.0.11:80 0, …".
func (c *core) reason(w *work) string {
	var text string
	n := 0
	for i := range w.changes {
		ch := &w.changes[i]
		if !ch.Op.OnServer() {
			continue
		}
		if n++; n > mostReasons {
			return text + ", …"
		}
		why := Why("drift")
		if s := c.byID[ch.Service.ServiceID]; s != nil {
			if j := s.index(kernel.ServerKey{Server: ch.Server.Addr}); j >= 0 {
				why = s.aim.Servers[j].Why
			} else {
				why = ByFile
			}
		}
		if text != "" {
			text += ", "
		}
		text += string(why) + " " + ch.Server.Addr.String()
	}
	return text
}

// finish remembers what the table has now, and emits events for what changed.
func (c *core) finish(w *work) {
	failed := map[kernel.ServiceID]bool{}
	for _, s := range w.failed {
		failed[s.ServiceID] = true
	}
	for i := range w.want {
		if want := &w.want[i]; !failed[want.ServiceID] {
			c.byID[want.ServiceID].left(c, w.entries[want.ServiceID], want)
			c.byID[want.ServiceID].wrote(c, &w.set[i], want)
		}
	}
	if len(w.failed) == 0 {
		for _, id := range w.gone {
			if w.entries[id] != nil && !IsPath(id) {
				c.emit(Event{Kind: EventService, Service: id, To: "removed"})
			}
			delete(c.owned, id)
			c.file.changed = true
		}
	}
	c.reportDrift(w)
	if len(w.changes) > 0 {
		c.news = true
	}
}

// left emits events for servers in the table that the files do not have.
func (s *service) left(c *core, had *kernel.ServiceEntry, want *plan.Service) {
	if had == nil {
		return
	}
	for i := range had.Servers {
		v := &had.Servers[i].Server
		k := kernel.ServerKey{Service: s.ServiceID, Server: v.Addr}
		if s.index(k) >= 0 || IsPath(s.ServiceID) {
			continue
		}
		weight := -1
		if now := serverOf(want, v); now != nil {
			weight = now.Weight
		}
		if weight != v.Weight {
			c.emit(Event{Kind: EventWeight, Service: k.Service, Server: k, From: weightText(v.Weight),
				To: weightText(weight), Why: ByAbsence})
		}
	}
}

// wrote remembers a service as it is in the table now.
func (s *service) wrote(c *core, set, want *plan.Service) {
	first := s.set == nil
	s.set = set
	for i := range s.servers {
		weight := -1
		for j := range want.Servers {
			if want.Servers[j].Addr == s.servers[i].Addr {
				weight = want.Servers[j].Weight
			}
		}
		if weight != s.force[i] {
			k := s.key(i)
			c.emit(Event{Kind: EventWeight, Service: k.Service, Server: k, From: weightText(s.force[i]),
				To: weightText(weight), Why: s.aim.Servers[i].Why})
			s.force[i] = weight
		}
	}
	if first {
		c.urgent[s] = true // Present may change what is decided
	}
}
