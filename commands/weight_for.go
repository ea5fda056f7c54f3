package commands

import (
	"context"
	"fmt"

	"lvs/kernel"
)

// setFor sets a weight that comes back by itself. What would bring it back stands
// before anything is changed.
func (o *weight) setFor(ctx context.Context, m member, to step) error {
	a := o.app
	j, err := a.later(undrainKind, o.holdFor, "undrain", "--job", thisJob)
	if err != nil {
		return fmt.Errorf("--for: nothing would restore the weight, so nothing was changed: %w", err)
	}
	before, err := a.keepWeights([]member{m}, to.Server.Weight, j.ID)
	switch {
	case err != nil:
		a.callOff(j.ID)
		return fmt.Errorf("--for: the weight cannot be remembered, so nothing was changed: %w", err)
	case len(before) == 0:
		a.callOff(j.ID)
		return a.nothingChanges("server %v has the weight %d already", m.Addr, m.Weight)
	case to.Server == *to.serverBefore:
		return a.nothingChanges("server %v has the weight %d already, and keeps it until %s", m.Addr, m.Weight, j.At.Local().Format("15:04:05"))
	}
	if err = a.apply(ctx, []step{to}); err != nil {
		a.forget([]kernel.ServerKey{{Service: m.service.ServiceID, Server: m.Addr}}) // and calls the job off
	}
	return err
}
