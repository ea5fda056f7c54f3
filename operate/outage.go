package operate

import (
	"lvs/kernel"
	"lvs/operate/state"
	"lvs/plan"
	"lvs/plan/journal"
)

// Outages are the servers of a table that are out of service, by drain or weight 0 --for.
// Some may be deleted, or have a weight that someone else set.
type Outages map[kernel.ServerKey]state.Weight

// All returns the remembered weights of all servers, also of those that are deleted.
func (o *Operator) All() (map[kernel.ServerKey]state.Weight, error) {
	if o.Table == "" || !o.State.HasWeights() {
		return nil, nil // the usual case
	}
	return o.State.AllWeights(o.Table)
}

// Outages returns the servers that are out of service. A damaged file is a
// state.UnreadableError.
func (o *Operator) Outages() (Outages, error) {
	all, err := o.All()
	return OutagesOf(all), err
}

// OutagesOf returns those of the servers that are out of service.
func OutagesOf(all map[kernel.ServerKey]state.Weight) Outages {
	if len(all) == 0 {
		return nil // the usual case
	}
	out := Outages{}
	for key, r := range all {
		if r.Out() {
			out[key] = r
		}
	}
	return out
}

// Kept is a change that would give a weight to a server that is out of service.
type Kept struct {
	kernel.ServerKey
	// Asked is the weight that the change would set, Now the weight that the server keeps:
	// not 0 if someone else has set it.
	Asked, Now int
	// Outage is the state of the server before.
	Outage state.Weight
}

// KeepOut returns the changes without the weights of servers that are out of service: one
// that is added gets the weight 0, an existing one keeps its weight. A change that then
// changes nothing is left out. before has the objects before the changes.
func (out Outages) KeepOut(before *kernel.Snapshot, changes []kernel.Change) (rest []kernel.Change, kept []Kept) {
	if len(out) == 0 {
		return changes, nil
	}
	entries := before.Index()
	for _, c := range changes {
		r, drained := out[kernel.ServerKey{Service: c.Service.ServiceID, Server: c.Server.Addr}]
		if !drained || c.Op != kernel.AddServer && c.Op != kernel.EditServer {
			rest = append(rest, c)
			continue
		}
		k := Kept{ServerKey: kernel.ServerKey{Service: c.Service.ServiceID, Server: c.Server.Addr},
			Asked: c.Server.Weight, Outage: r}
		// A server that is deleted first and added again is a new one.
		v := entries[c.Service.ServiceID].Server(c.Server.Addr)
		if v != nil && c.Op == kernel.EditServer {
			k.Now = v.Weight
		}
		if k.Asked > 0 && k.Asked != k.Now {
			kept = append(kept, k)
			c.Server.Weight = k.Now
		}
		if c.Op == kernel.EditServer && v != nil && changesNothing(&c.Server, &v.Server) {
			continue
		}
		rest = append(rest, c)
	}
	return rest, kept
}

func changesNothing(after, before *kernel.Server) bool {
	a := *after
	if before.Forward == kernel.Local { // whatever was set
		a.Forward, a.Tunnel = before.Forward, before.Tunnel
	}
	return plan.PlainServer(a) == plan.PlainServer(*before)
}

// Without returns the outages but those of some servers.
func (out Outages) Without(keys []kernel.ServerKey) Outages {
	if len(keys) == 0 {
		return out
	}
	rest := make(Outages, len(out))
	for key, r := range out {
		rest[key] = r
	}
	for _, key := range keys {
		delete(rest, key)
	}
	return rest
}

// Overridden returns the servers that are out of service and have a weight nevertheless,
// because someone else set it, in the order of the table.
func (out Outages) Overridden(now *kernel.Snapshot) (all []Member) {
	if len(out) == 0 {
		return nil
	}
	for i := range now.Services {
		s := &now.Services[i]
		for j := range s.Servers {
			m := Member{s.Service, s.Servers[j]}
			if _, drained := out[m.Key()]; drained && m.Weight > 0 {
				all = append(all, m)
			}
		}
	}
	return all
}

// EndedBy returns the servers that a journal entry put out of service, and that still are:
// to undo it ends that. A change before the drain, or of something else, is not one.
func (out Outages) EndedBy(e *journal.Entry) (keys []kernel.ServerKey) {
	if len(out) == 0 {
		return nil
	}
	for i := range e.Objects {
		o := &e.Objects[i]
		if o.BeforeServer == nil || o.AfterServer == nil || o.BeforeServer.Weight == 0 || o.AfterServer.Weight > 0 {
			continue
		}
		key := kernel.ServerKey{Service: o.Service, Server: o.Server}
		if r, drained := out[key]; drained && !e.Time.Before(r.Since) {
			keys = append(keys, key)
		}
	}
	return keys
}

// Asked returns the servers that were drained after a journal entry had changed their
// weight: to undo the entry is to restore, in the end, the weight before it.
func (out Outages) Asked(made []plan.Object) (kept []Kept) {
	for i := range made {
		o := &made[i]
		if o.BeforeServer == nil || o.AfterServer == nil || o.BeforeServer.Weight == o.AfterServer.Weight {
			continue
		}
		key := kernel.ServerKey{Service: o.Service, Server: o.Server}
		if r, drained := out[key]; drained && r.Weight == o.AfterServer.Weight {
			kept = append(kept, Kept{ServerKey: key, Asked: o.BeforeServer.Weight, Outage: r})
		}
	}
	return kept
}
