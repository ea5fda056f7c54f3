package cluster

// Steps plans the way from a table to what is wanted. Prune also stops sync
// daemons, if the files say which should run.
func (w *Wanted) Steps(have *Table, o PlanOptions) Steps {
	s := Steps{Changes: Plan(have.Snapshot, w.Services, o)}
	s.planTimeouts(have.Timeouts, w.Timeouts)
	s.planDaemons(have.Daemons, w.Sync, o.Prune && w.SyncGiven)
	return s
}
