package tui

import (
	"context"

	"lvs/kernel"
)

// Keys are the keys of one place, for manuals.
type Keys struct {
	Title string
	Keys  []Key
}

// Key is a key as people call it, with what it does.
type Key struct{ Name, Help string }

// KeyTable lists every key of the dashboard, from the tables that the keys
// themselves are read from.
func KeyTable() []Keys {
	m := newModel(context.Background(), Options{})
	services := newServices(m)
	groups := []group{globalKeys()}
	groups = append(groups, tableKeys(&services.table), selectionKeys(services), actKeys(services))
	for _, s := range []screen{services, newServers(m, kernel.ServiceID{}), newMachines(m), newConnections(m, scope{}, ""), newDetail(m, kernel.ServerKey{}), newCockpit(m, nil), newLog(m)} {
		groups = append(groups, s.keys()...)
	}
	groups = append(groups, confirmKeys(), formKeys(), filterKeys(), chooserKeys())
	out := make([]Keys, len(groups))
	for i, g := range groups {
		out[i].Title = g.title
		for j := range g.keys {
			out[i].Keys = append(out[i].Keys, Key{g.keys[j].name(), g.keys[j].help})
		}
	}
	return out
}
