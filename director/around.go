package director

import (
	"context"
	"slices"
	"strings"

	"lvs/kernel"
	"lvs/operate"
	"lvs/plan"
)

// around is what a director knows of the machine around its table.
type around struct {
	model *Model   // as the files have it
	paths *Paths   // nil without a Network
	needs []Need   // settings of the kernel
	codes []string // of the alarms about them
	role  Role
	// follows is set if the files want the role to be followed.
	follows bool
}

// AlarmRole is the code of the alarm about a role that cannot be read.
const AlarmRole = "role"

// lookAround returns a model as it can be carried out on this machine, and keeps what it
// needs. The role begins as unknown.
func (c *core) lookAround(m *Model) *Model {
	a := &c.around
	a.model, a.needs, a.paths = m, Needs(m), nil
	if c.o.Network != nil {
		a.paths = NewPaths(m, c.o.Network)
		m = a.paths.Model
		a.needs = append(a.needs, a.paths.Needs...)
		if alarm, ok := a.paths.Alarm(c.o.Now()); ok {
			c.alarm(alarm.Code, alarm.What, alarm.Fix)
		} else {
			c.calm(AlarmPath)
		}
	}
	source := RoleSourceOf(m, c.o.Network)
	if a.follows = source != nil; !a.follows {
		a.role = RoleNone
	}
	if c.follow != nil {
		c.follow(source)
	}
	if c.watch != nil {
		c.watch.Set(m.Services)
	}
	return m
}

// renewPaths sends checks another way if something that this depends on has changed: a
// setting, a route, an address of this machine.
func (c *core) renewPaths(ctx context.Context) {
	a := &c.around
	if a.paths == nil || len(a.paths.servers) == 0 && len(a.paths.Direct) == 0 ||
		NewPaths(a.model, c.o.Network).same(a.paths) {
		return
	}
	loaded := c.loaded
	if err := c.adopt(ctx, a.model); err != nil {
		c.alarm(AlarmKernel, err.Error(), "")
	}
	c.loaded = loaded
}

// setRole takes a new role over.
func (c *core) setRole(role Role, err error) {
	if err != nil {
		c.alarm(AlarmRole, err.Error(), "")
	} else {
		c.calm(AlarmRole)
	}
	if role == c.around.role || !c.around.follows {
		return
	}
	c.emit(Event{Kind: EventRole, From: string(c.around.role), To: string(role)})
	c.around.role = role
	c.resyncAt = c.o.Now() // the sync daemons follow it
}

// sysctls compares the settings of the kernel with what the model needs, and changes them
// if the files ask for that.
func (c *core) sysctls(ctx context.Context) error {
	a := &c.around
	needs := a.needs
	if c.o.Network == nil { // only those of IPVS can be read
		needs = slices.DeleteFunc(slices.Clone(needs), func(n Need) bool { return !strings.HasPrefix(n.Name, vs) })
	}
	alarms, changed, err := CheckSysctls(ctx, c.o.Kernel, c.o.Network, needs, c.model.Settings.Sysctl == "set", c.o.Now())
	if err != nil {
		return err
	}
	before := a.codes
	a.codes = nil
	for i := range alarms {
		c.alarm(alarms[i].Code, alarms[i].What, alarms[i].Fix)
		a.codes = append(a.codes, alarms[i].Code)
	}
	for _, code := range before {
		if !slices.Contains(a.codes, code) {
			c.calm(code)
		}
	}
	for _, s := range changed {
		c.emit(Event{Kind: EventSysctl, From: s.From, To: s.To, Text: s.Name})
	}
	return c.readResets(ctx)
}

// readResets reads whether removing a server ends its connections.
func (c *core) readResets(ctx context.Context) error {
	found, err := c.o.Kernel.Sysctls(ctx, kernel.ExpireNodestConn)
	if err != nil {
		return err
	}
	resets, _ := kernel.Switch(found, kernel.ExpireNodestConn)
	if resets != c.resets {
		c.resets = resets
		c.hurry()
	}
	return nil
}

// settings sets the timeouts of the files, and starts and stops their sync daemons. They
// are changed apart from services: what the kernel refuses here keeps no server in use.
func (c *core) settings(ctx context.Context, op func() *operate.Operator) error {
	want := c.model.Wanted
	if want == nil || want.Timeouts == (kernel.Timeouts{}) && !want.SyncGiven {
		return nil
	}
	have := &plan.Table{Snapshot: &kernel.Snapshot{}}
	var err error
	if have.Timeouts, err = c.o.Kernel.Timeouts(ctx); err != nil {
		return err
	}
	var steps plan.Steps
	steps.PlanTimeouts(have.Timeouts, want.Timeouts)
	if want.SyncGiven {
		if have.Daemons, err = c.o.Kernel.Daemons(ctx); err != nil {
			return err
		}
		if daemons, given := SyncFor(c.around.role, c.around.follows, want.Sync); given {
			steps.PlanDaemons(have.Daemons, daemons, true)
		}
	}
	if steps.Empty() {
		return nil
	}
	return op().Do(ctx, steps.Objects(have), func() error {
		_, err := steps.Apply(ctx, c.o.Kernel, have, plan.ApplyOptions{})
		return err
	})
}

// remove deletes the services of the files from the table, because the settings ask for
// that at the end, and those of checks through the forwarding path in any case.
func (c *core) remove(ctx context.Context, all bool) error {
	unlock := c.lockTable(ctx)
	defer unlock()
	table, err := c.o.Kernel.Snapshot(ctx)
	if err != nil {
		return err
	}
	var steps []operate.Step
	for i := range table.Services {
		e := &table.Services[i]
		if c.byID[e.ServiceID] == nil || !c.owned[e.ServiceID] || !all && !IsPath(e.ServiceID) {
			continue
		}
		steps = append(steps, operate.Step{Change: kernel.Change{Op: kernel.DeleteService, Service: e.Service},
			BeforeService: &e.Service, Entry: e})
	}
	if len(steps) == 0 {
		return nil
	}
	w := &work{changes: make([]kernel.Change, len(steps))}
	for i := range steps {
		w.changes[i] = steps[i].Change
	}
	if err := c.operator(w).Apply(ctx, steps); err != nil {
		return err
	}
	for i := range steps {
		delete(c.owned, steps[i].Service.ServiceID)
	}
	return nil
}
