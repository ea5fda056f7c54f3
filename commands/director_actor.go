package commands

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"lvs/director"
	"lvs/director/api"
	"lvs/kernel"
	"lvs/operate"
	"lvs/output"
	"lvs/plan"
)

// actor is the director that runs for the table of this command, and what it owns: only it
// changes the weights of its servers. A nil actor owns nothing.
type actor struct {
	client   *api.Client
	status   *output.DirectorRow
	services map[kernel.ServiceID]bool
	// servers are those of the files, with their declared weights, in the order of the files.
	servers  []kernel.ServerKey
	declared map[kernel.ServerKey]int
}

// actorTime bounds the question whether a director runs.
const actorTime = 2 * time.Second

// actor returns the director of this table, or nil if none runs. It asks once.
func (a *App) actor(ctx context.Context) *actor {
	if a.actorAsked {
		return a.acting
	}
	a.actorAsked = true
	path, err := a.directorSocket()
	if err != nil || !exists(path) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, actorTime)
	defer cancel()
	act := &actor{client: &api.Client{Path: path, SudoUser: a.Env("SUDO_USER")}, services: map[kernel.ServiceID]bool{},
		declared: map[kernel.ServerKey]int{}}
	if act.status, err = act.client.Status(ctx); err != nil {
		a.noteSilentDirector(err)
		return nil
	}
	for i := range act.status.Services {
		s := &act.status.Services[i]
		id, err := kernel.ParseServiceID(s.Service)
		if err != nil {
			continue
		}
		act.services[id] = true
		for j := range s.Servers {
			if key, err := keyOf(&s.Servers[j]); err == nil {
				act.servers = append(act.servers, key)
				act.declared[key] = s.Servers[j].Declared
			}
		}
	}
	a.acting = act
	return act
}

// noteSilentDirector prints why a director cannot be asked, unless it has ended.
func (a *App) noteSilentDirector(err error) {
	if f, gone := a.directorError(err).(*fault); gone && f.status == exitNotFound {
		return
	}
	a.note("a director runs for this table and cannot be asked: %v", err)
}

func (act *actor) owns(key kernel.ServerKey) bool {
	if act == nil {
		return false
	}
	_, ok := act.declared[key]
	return ok
}

// minLeft returns the shares below which changes of services ask, where the director's files
// have one.
func (act *actor) minLeft() map[kernel.ServiceID]int {
	least := map[kernel.ServiceID]int{}
	if act == nil {
		return least
	}
	for i := range act.status.Services {
		s := &act.status.Services[i]
		if id, err := kernel.ParseServiceID(s.Service); err == nil && s.MinLeft > 0 {
			least[id] = s.MinLeft
		}
	}
	return least
}

// matching returns the servers of the director that are named, in the given services or in
// all. all reports whether it has one for each name.
func (act *actor) matching(names []machine, ids []kernel.ServiceID) (keys []kernel.ServerKey, all bool) {
	if act == nil {
		return nil, false
	}
	met := make([]bool, len(names))
	for _, key := range act.servers {
		if len(ids) > 0 && !slices.Contains(ids, key.Service) {
			continue
		}
		mine := false
		for n := range names {
			if names[n].is(key.Server) {
				met[n], mine = true, true
			}
		}
		if mine {
			keys = append(keys, key)
		}
	}
	return keys, len(names) > 0 && !slices.Contains(met, false)
}

// others returns the servers that the director does not own.
func (act *actor) others(found []operate.Member) []operate.Member {
	return slices.DeleteFunc(slices.Clone(found), func(m operate.Member) bool { return act.owns(m.Key()) })
}

// decide has a decision carried out by the director. Meanwhile this command lets others
// change the table.
func (a *App) decide(ctx context.Context, act *actor, d director.Decision) ([]output.DirectedServerRow, error) {
	d.Reason, d.Command, d.Undoes = a.global.reason, shellLine(a.Name, a.args), a.undoes
	var now []output.DirectedServerRow
	err := a.apart(ctx, func() error {
		var err error
		now, err = act.client.Decide(ctx, &d)
		return err
	})
	if err != nil {
		return nil, a.directorError(err)
	}
	return now, nil
}

// ownedServices returns the services of changes that the director keeps, each once.
func (act *actor) ownedServices(ids []kernel.ServiceID) (owned []string) {
	if act == nil {
		return nil
	}
	for _, id := range ids {
		if text := id.String(); act.services[id] && !slices.Contains(owned, text) {
			owned = append(owned, text)
		}
	}
	return owned
}

// refuseOwned returns an error if a director keeps one of the services: it would undo the
// change, or the change would be lost with the next reading of its files.
func (a *App) refuseOwned(ctx context.Context, ids []kernel.ServiceID) error {
	if len(ids) == 0 {
		return nil
	}
	act := a.actor(ctx)
	owned := act.ownedServices(ids)
	if len(owned) == 0 {
		return nil
	}
	files := strings.Join(act.status.Files, ", ")
	text := fmt.Sprintf("%s: a director (process %d) keeps it as in %s", enumerate(owned), act.status.PID, files)
	if a.global.dryRun {
		a.note("%s, and would refuse this", text)
		return nil
	}
	f := &fault{status: exitFailed, err: fmt.Errorf("%s; nothing was changed", text)}
	if len(act.status.Files) == 1 {
		files = shellWord(files)
	}
	return f.hintf("edit %s, then run: %s director reload", files, a.here())
}

// objectServices returns the services that objects change, not those whose counters alone do.
func objectServices(objects []plan.Object) (ids []kernel.ServiceID) {
	for i := range objects {
		if o := &objects[i]; !o.Zeroed && o.Service != (kernel.ServiceID{}) {
			ids = append(ids, o.Service)
		}
	}
	return ids
}

// servicesOfChanges is objectServices for changes.
func servicesOfChanges(changes []kernel.Change) []kernel.ServiceID {
	ids := make([]kernel.ServiceID, len(changes))
	for i := range changes {
		ids[i] = changes[i].Service.ServiceID
	}
	return ids
}

// servicesOfKeys returns the services of servers.
func servicesOfKeys(keys []kernel.ServerKey) []kernel.ServiceID {
	ids := make([]kernel.ServiceID, len(keys))
	for i := range keys {
		ids[i] = keys[i].Service
	}
	return ids
}

// weights adds the declared weights of servers to the weights before a drain.
func (act *actor) weights(before map[kernel.ServerKey]int, keys []kernel.ServerKey) map[kernel.ServerKey]int {
	if before == nil {
		before = map[kernel.ServerKey]int{}
	}
	for _, k := range keys {
		before[k] = act.declared[k]
	}
	return before
}

// directs reports whether a director runs on these files, and on no others.
func (a *App) directs(ctx context.Context, paths []string) bool {
	if len(paths) == 0 {
		return false
	}
	act := a.actor(ctx)
	return act != nil && slices.Equal(act.status.Files, paths)
}

// noteDirected prints which weights the director, not this command, decides from now on.
func (a *App) noteDirected(now []output.DirectedServerRow) {
	for i := range now {
		r := &now[i]
		if r.Health == "down" {
			a.note("the director keeps server %s of %s out of use: %s: %s", r.Server, r.Service, r.WhyText(), r.ResultText())
		}
	}
}
