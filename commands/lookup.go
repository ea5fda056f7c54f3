package commands

import (
	"context"
	"errors"
	"net/netip"

	"lvs/kernel"
)

// servers reads the service and the names of its servers.
func (s *serverSelector) servers(service *selector, args []string) (kernel.ServiceID, []string, error) {
	id, rest, err := service.one(args)
	if err != nil {
		return id, nil, err
	}
	names := s.take(rest)
	if len(names) == 0 {
		return id, nil, usagef("service %v: SERVER is missing", id).
			hintf("name one as 10.0.0.11:80, or 10.0.0.11 for the service's port")
	}
	return id, names, nil
}

// lookup reads the named services and reports every missing one. what is what the
// user does with them, for errors: "delete service".
func (a *App) lookup(ctx context.Context, what string, ids []kernel.ServiceID) ([]kernel.ServiceEntry, error) {
	k, err := a.kernel()
	if err != nil {
		return nil, err
	}
	var bad faults
	var out []kernel.ServiceEntry
	for _, id := range ids {
		snap, err := k.Snapshot(ctx, id)
		switch {
		case errors.Is(err, kernel.ErrNoService):
			bad.add(kernel.WithOp(what, err))
		case err != nil:
			return nil, kernel.WithOp(what, err)
		default:
			out = append(out, snap.Services...)
		}
	}
	return out, bad.err()
}

// lookupServers reads the named servers of a service as they are now. what is what
// the user does with them.
func (a *App) lookupServers(ctx context.Context, what string, id kernel.ServiceID, names []string) ([]kernel.ServerEntry, error) {
	// A name that cannot be right needs no kernel to be refused.
	var bad faults
	for _, name := range names {
		_, err := parseServer(name, id)
		bad.add(err)
	}
	if err := bad.err(); err != nil {
		return nil, err
	}
	entries, err := a.lookup(ctx, what, []kernel.ServiceID{id})
	if err != nil {
		return nil, err
	}
	return pickServers(&entries[0], what, names)
}

// pickServers finds the named servers and reports every wrong or missing one. One
// that is named twice counts once.
func pickServers(s *kernel.ServiceEntry, what string, names []string) ([]kernel.ServerEntry, error) {
	var bad faults
	var out []kernel.ServerEntry
	seen := map[netip.AddrPort]bool{}
	for _, name := range names {
		addr, err := parseServer(name, s.ServiceID)
		if err != nil {
			bad.add(err)
			continue
		}
		found := s.Server(addr)
		if found == nil {
			bad.add(&kernel.Error{Op: what, Service: s.ServiceID, Server: addr, Err: kernel.ErrNoServer})
			continue
		}
		if !seen[addr] {
			seen[addr] = true
			out = append(out, *found)
		}
	}
	return out, bad.err()
}
