package commands

import (
	"context"
	"slices"

	"lvs/director"
	"lvs/kernel"
	"lvs/output"
	"lvs/plan"
	"lvs/plan/journal"
)

// handOver has a running director undo an entry, if it is a person's decision about weights
// of its servers, and reports whether it did. Everything else about its services is refused
// later, as any change of them.
func (o *undo) handOver(ctx context.Context, e *journal.Entry, back *plan.Reversal) (done bool, err error) {
	a := o.app
	if e.Source == journal.Director || back.Empty() {
		return false, nil
	}
	act := a.actor(ctx)
	decisions, all := act.undoing(back)
	if !all {
		return false, nil
	}
	if a.global.dryRun {
		p, err := a.printer(output.Options{})
		if err != nil {
			return true, err
		}
		rows := undoRows(back, nil)
		for i := range rows {
			rows[i].DryRun = true
		}
		return true, p.Plan(rows)
	}
	a.undoes = e.ID
	for i := range decisions {
		now, err := a.decide(ctx, act, decisions[i])
		if err != nil {
			return true, err
		}
		a.noteDirected(now)
	}
	o.forgetConfirm(e.ID)
	a.note("entry %d (%s) is undone by the director", e.ID, e.Command)
	return true, nil
}

// undoing returns the decisions that undo changes of weights, and whether all of the changes
// are weights of the director's servers. A weight as in the file is the end of a decision.
func (act *actor) undoing(back *plan.Reversal) (list []director.Decision, all bool) {
	entries := back.Before.Snapshot.Index()
	for i := range back.Changes {
		c := &back.Changes[i]
		key := kernel.ServerKey{Service: c.Service.ServiceID, Server: c.Server.Addr}
		now := entries[key.Service].Server(key.Server)
		if c.Op != kernel.EditServer || now == nil || !act.owns(key) || !weightOnly(&now.Server, &c.Server) {
			return nil, false
		}
		d := director.Decision{Action: director.DoWeight, Weight: c.Server.Weight}
		switch c.Server.Weight {
		case act.declared[key]:
			d = director.Decision{Action: director.DoUndrain}
		case 0:
			d.Action = director.DoDrain
		}
		same := slices.IndexFunc(list, func(o director.Decision) bool {
			return o.Action == d.Action && o.Weight == d.Weight
		})
		if same < 0 {
			same, list = len(list), append(list, d)
		}
		list[same].Servers = append(list[same].Servers, key)
	}
	return list, len(list) > 0 && len(back.Changes) == len(back.Objects)
}

// weightOnly reports whether a server differs from another in nothing but its weight.
func weightOnly(before, after *kernel.Server) bool {
	a := *after
	a.Weight = before.Weight
	return plan.PlainServer(a) == plan.PlainServer(*before)
}
