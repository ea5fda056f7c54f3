package director

import (
	"context"

	"lvs/kernel"
	"lvs/operate"
)

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

// settings reads what decisions depend on, and plans the timeouts of the files.
func (c *core) settings(ctx context.Context, w *work) error {
	if err := c.readResets(ctx); err != nil {
		return err
	}
	resets := c.resets
	if needs := c.needsResets(); needs && !resets {
		c.alarm(AlarmNodest, "failed servers stay in the table with the weight 0: "+
			"expire_nodest_conn is 0, so their removal would leave clients hanging", "")
	} else {
		c.calm(AlarmNodest)
	}
	if c.model.Wanted == nil || c.model.Wanted.Timeouts == (kernel.Timeouts{}) {
		return nil
	}
	have, err := c.o.Kernel.Timeouts(ctx)
	if err != nil {
		return err
	}
	w.steps.PlanTimeouts(have, c.model.Wanted.Timeouts)
	return nil
}

// needsResets reports whether a service wants failed servers to be removed.
func (c *core) needsResets() bool {
	for _, s := range c.services {
		if !s.Keep && !refusesAtZero(&s.Service.Service.Service) {
			return true
		}
	}
	return false
}

func (c *core) trusted() bool { return c.model.Settings.Trusted }

// remove deletes the services of the files from the table, because the settings ask for
// that at the end.
func (c *core) remove(ctx context.Context) error {
	unlock := c.lockTable(ctx)
	defer unlock()
	table, err := c.o.Kernel.Snapshot(ctx)
	if err != nil {
		return err
	}
	var steps []operate.Step
	for i := range table.Services {
		if e := &table.Services[i]; c.byID[e.ServiceID] != nil && c.owned[e.ServiceID] {
			steps = append(steps, operate.Step{Change: kernel.Change{Op: kernel.DeleteService, Service: e.Service},
				BeforeService: &e.Service, Entry: e})
		}
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
	clear(c.owned)
	return nil
}
