package commands

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"lvs/kernel"
	"lvs/operate"
	"lvs/operate/state"
	"lvs/output"
)

// outages returns the servers of the table that are out of service. If that cannot be
// read, it prints why and returns none.
func (a *App) outages() (operate.Outages, error) {
	if a.Identity == nil || !a.state().HasWeights() {
		return nil, nil // the usual case
	}
	op, err := a.operator()
	if err != nil {
		return nil, err
	}
	out, err := op.Outages()
	if err != nil {
		a.note("cannot find out which servers are drained: %v", err)
	}
	return out, nil
}

// remembered returns what is remembered about servers of the table, for a verb that only
// reads. It opens nothing in the usual case.
func (a *App) remembered() map[kernel.ServerKey]state.Weight {
	folder := a.state()
	if a.Identity == nil || !folder.HasWeights() {
		return nil
	}
	table, err := a.Identity(a.global.netns)
	if err != nil {
		return nil // the kernel cannot be opened either, which is reported
	}
	all, err := folder.AllWeights(table)
	if err != nil {
		a.note("cannot find out which servers are drained: %v", err)
	}
	return all
}

// outageRows returns what is remembered, as it is printed.
func outageRows(all map[kernel.ServerKey]state.Weight) map[kernel.ServerKey]output.Outage {
	out := make(map[kernel.ServerKey]output.Outage, len(all))
	for key, r := range all {
		out[key] = outageRow(&r)
	}
	return out
}

func outageRow(r *state.Weight) output.Outage {
	o := output.Outage{Before: r.Weight, Set: r.Set, Since: r.Since.Local(), User: r.User, SudoUser: r.SudoUser,
		Reason: r.Reason}
	if !r.Until.IsZero() {
		o.Until = r.Until.Local()
	}
	return o
}

// addKeepingOut makes the steps, which add servers. One that is out of service gets the
// weight 0.
func (a *App) addKeepingOut(ctx context.Context, steps []operate.Step) error {
	out, err := a.outages()
	if err != nil {
		return err
	}
	var kept []operate.Kept
	for i := range steps {
		_, one := out.KeepOut(&kernel.Snapshot{}, []kernel.Change{steps[i].Change})
		if len(one) > 0 {
			steps[i].Server.Weight = 0
		}
		kept = append(kept, one...)
	}
	if err := a.apply(ctx, steps); err != nil {
		return err
	}
	a.noteKept(kept)
	if len(kept) > 0 && !a.global.dryRun {
		a.op.Declare(ctx, kept)
	}
	return nil
}

// putBack ends the drain of the servers to which the steps gave a weight that somebody
// asked for. failure is what the change returned.
func (a *App) putBack(ctx context.Context, steps []operate.Step, failure error) {
	if a.global.dryRun || !a.state().HasWeights() {
		return
	}
	op, err := a.operator()
	if err != nil {
		return
	}
	var set []operate.Member
	for i := range steps {
		if s := &steps[i]; s.Server.Weight > 0 || !a.isOut(op, s) {
			set = append(set, operate.Member{Service: kernel.Service{ServiceID: s.Service.ServiceID},
				ServerEntry: kernel.ServerEntry{Server: s.Server}})
		}
	}
	if ended := op.ForgetUnlessRefused(ctx, set, failure); len(ended) > 0 {
		a.note("no longer drained: %s", listed(serversOf(ended)))
	}
}

// isOut reports whether the server of a step is out of service.
func (a *App) isOut(op *operate.Operator, s *operate.Step) bool {
	out, _ := op.Outages()
	_, drained := out[kernel.ServerKey{Service: s.Service.ServiceID, Server: s.Server.Addr}]
	return drained
}

// noteKept prints that drained servers stay drained, and how to put them back.
func (a *App) noteKept(kept []operate.Kept) {
	var keys []kernel.ServerKey
	for i := range kept {
		if kept[i].Now == 0 { // else noteOverridden says it
			keys = append(keys, kept[i].ServerKey)
		}
	}
	if len(keys) == 0 {
		return
	}
	stay := serversOf(keys)
	a.note("drained, so the weight stays 0: %s%s; %s", listed(stay), a.drainedBy(kept),
		a.undrainText(stay)+" restores it")
}

// drainedBy returns who drained the servers, if all have the same state.
func (a *App) drainedBy(kept []operate.Kept) string {
	first := a.drainedText(&kept[0].Outage)
	for i := range kept {
		if a.drainedText(&kept[i].Outage) != first {
			return ""
		}
	}
	return " (" + first + ")"
}

// undrainText returns the command line that undrains the servers.
func (a *App) undrainText(servers []netip.AddrPort) string {
	if len(servers) > mostListed {
		return a.here() + " undrain SERVER"
	}
	text := a.here() + " undrain"
	for _, s := range servers {
		text += " " + s.String()
	}
	return text
}

// noteOverridden prints which drained servers have a weight, because someone else set it.
func (a *App) noteOverridden(out operate.Outages, now *kernel.Snapshot) {
	all := out.Overridden(now)
	for i := range all {
		if i == mostListed {
			a.note("… and %s: %s drain --list", plural(len(all)-i, "other drained server"), a.here())
			return
		}
		m := &all[i]
		r := out[m.Key()]
		a.note("%v of %v is drained (%s), but has the weight %d now: it was set by someone else", m.Addr,
			m.Service.ServiceID, a.drainedText(&r), m.Weight)
		if i == len(all)-1 || i == mostListed-1 {
			a.say("hint: %s drain %v takes it out of service again; %s undrain %v ends the drain", a.here(), m.Addr, a.here(),
				m.Addr)
		}
	}
}

// noteDrained prints which servers of a table have the weight 0 because they are drained,
// for a table without a column that shows it.
func (a *App) noteDrained(out operate.Outages, now *kernel.Snapshot) {
	if len(out) == 0 {
		return // the usual case
	}
	var keys []kernel.ServerKey
	for i := range now.Services {
		e := &now.Services[i]
		for j := range e.Servers {
			key := kernel.ServerKey{Service: e.ServiceID, Server: e.Servers[j].Addr}
			if _, drained := out[key]; drained && e.Servers[j].Weight == 0 {
				keys = append(keys, key)
			}
		}
	}
	if len(keys) > 0 {
		a.note("drained: %s; %s drain --list shows by whom, since when and why", listed(serversOf(keys)), a.here())
	}
}

// drainedText returns who drained a server, since and until when, and why.
func (a *App) drainedText(r *state.Weight) string {
	text := "since " + a.clock(r.Since)
	if who := userText(r.User, r.SudoUser); who != "" {
		text = "by " + who + " " + text
	}
	if !r.Until.IsZero() {
		text += ", until " + a.clock(r.Until)
	}
	if r.Reason != "" {
		text += ", " + r.Reason
	}
	return text
}

// userText returns a user, and who became it by sudo.
func userText(user, sudo string) string {
	if sudo == "" || sudo == user {
		return user
	}
	return sudo + " as " + user
}

// clock returns the local time of day, with the date if it is another day.
func (a *App) clock(t time.Time) string {
	t = t.Local()
	if now := a.Now().Local(); now.Format(time.DateOnly) != t.Format(time.DateOnly) {
		return t.Format("2006-01-02 15:04")
	}
	return t.Format(time.TimeOnly)
}

// serversOf returns the addresses of servers, each once.
func serversOf(keys []kernel.ServerKey) (out []netip.AddrPort) {
	for _, k := range keys {
		if !slices.Contains(out, k.Server) {
			out = append(out, k.Server)
		}
	}
	slices.SortFunc(out, netip.AddrPort.Compare)
	return out
}

// mostListed is how many servers a message names.
const mostListed = 3

// listed returns the first few, and how many more there are.
func listed(all []netip.AddrPort) string {
	var names []string
	for i, a := range all {
		if i == mostListed {
			return strings.Join(names, ", ") + fmt.Sprintf(" and %d more", len(all)-mostListed)
		}
		names = append(names, a.String())
	}
	return strings.Join(names, ", ")
}

// declaredWeights gives drained servers of a table the weight that undrain restores, and
// prints that. It returns a comment about each, by service.
func (a *App) declaredWeights(snap *kernel.Snapshot) map[kernel.ServiceID][]string {
	comments := map[kernel.ServiceID][]string{}
	var changed []kernel.ServerKey
	a.noteTemporary(snap, "exported")
	a.eachDrained(snap, func(id kernel.ServiceID, v *kernel.ServerEntry, r *state.Weight) {
		v.Weight = r.Weight
		changed = append(changed, kernel.ServerKey{Service: id, Server: v.Addr})
		comments[id] = append(comments[id], fmt.Sprintf("%v is drained (%s); its weight before was %d", v.Addr,
			a.drainedText(r), r.Weight))
	})
	if len(changed) > 0 {
		a.note("drained, and exported with the weight before: %s; %s apply keeps them drained on this machine only",
			listed(serversOf(changed)), a.here())
	}
	return comments
}

// drainedServices collects those services of a table with drained servers, while the table
// is read one service after another.
type drainedServices struct {
	of   map[kernel.ServiceID]bool
	snap kernel.Snapshot
}

func keepDrained(remembered map[kernel.ServerKey]state.Weight) *drainedServices {
	d := &drainedServices{of: map[kernel.ServiceID]bool{}}
	for key := range remembered {
		d.of[key.Service] = true
	}
	return d
}

func (d *drainedServices) add(e *kernel.ServiceEntry, servers []kernel.ServerEntry) {
	if d.of[e.ServiceID] {
		d.snap.Services = append(d.snap.Services, kernel.ServiceEntry{Service: e.Service, Servers: slices.Clone(servers)})
	}
}

// noteSavedDrained prints which servers are saved with the weight 0 because they are
// drained.
func (a *App) noteSavedDrained(snap *kernel.Snapshot) {
	var all []string
	a.noteTemporary(snap, "saved")
	a.eachDrained(snap, func(id kernel.ServiceID, v *kernel.ServerEntry, r *state.Weight) {
		all = append(all, fmt.Sprintf("%v of %v (weight before: %d)", v.Addr, id, r.Weight))
	})
	if len(all) > 0 {
		a.note("drained, and saved with the weight 0: %s", enumerate(all))
		a.say("hint: %s export keeps the weight before", a.here())
	}
}

// noteTemporary prints which servers of a table that is exported or saved have their weight
// only for some time.
func (a *App) noteTemporary(snap *kernel.Snapshot, done string) {
	var all []string
	remembered := a.remembered()
	for i := range snap.Services {
		e := &snap.Services[i]
		for j := range e.Servers {
			v := &e.Servers[j]
			r, found := remembered[kernel.ServerKey{Service: e.ServiceID, Server: v.Addr}]
			if found && !r.Out() && v.Weight == r.Set {
				all = append(all, fmt.Sprintf("%v of %v (weight %d, before: %d)", v.Addr, e.ServiceID, v.Weight, r.Weight))
			}
		}
	}
	if len(all) > 0 {
		a.note("%s with a temporary weight: %s", done, enumerate(all))
	}
}

// eachDrained calls do for the servers of a table that are drained and have the weight 0,
// and whose weight before is known.
func (a *App) eachDrained(snap *kernel.Snapshot, do func(kernel.ServiceID, *kernel.ServerEntry, *state.Weight)) {
	out := operate.OutagesOf(a.remembered())
	for i := range snap.Services {
		e := &snap.Services[i]
		for j := range e.Servers {
			v := &e.Servers[j]
			r, drained := out[kernel.ServerKey{Service: e.ServiceID, Server: v.Addr}]
			if drained && v.Weight == 0 && r.Weight > 0 {
				do(e.ServiceID, v, &r)
			}
		}
	}
}
