package cluster

import (
	"lvs/plan"
)

// Steps plans the way from a table to what is wanted. Prune also stops sync
// daemons, if the files say which should run.
func (w *Wanted) Steps(have *plan.Table, o plan.Options) plan.Steps {
	s := plan.Steps{Changes: plan.Between(have.Snapshot, w.Services, o)}
	s.PlanTimeouts(have.Timeouts, w.Timeouts)
	s.PlanDaemons(have.Daemons, w.Sync, o.Prune && w.SyncGiven)
	return s
}
