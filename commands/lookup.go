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
			cure("name one as 10.0.0.11:80, or 10.0.0.11 for the service's port")
	}
	return id, names, nil
}

// lookup reads the named services. Every missing one is told.
func (a *App) lookup(ctx context.Context, ids []kernel.ServiceID) ([]kernel.ServiceEntry, error) {
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
			bad.add(err)
		case err != nil:
			return nil, err
		default:
			out = append(out, snap.Services...)
		}
	}
	return out, bad.err()
}

// lookupServers reads the named servers of a service as they are now.
func (a *App) lookupServers(ctx context.Context, id kernel.ServiceID, names []string) ([]kernel.ServerEntry, error) {
	// A name that cannot be right needs no kernel to be refused.
	var bad faults
	for _, name := range names {
		_, err := parseServer(name, id)
		bad.add(err)
	}
	if err := bad.err(); err != nil {
		return nil, err
	}
	entries, err := a.lookup(ctx, []kernel.ServiceID{id})
	if err != nil {
		return nil, err
	}
	return pickServers(&entries[0], names)
}

// pickServers finds the named servers. Every wrong or missing one is told; one
// named twice counts once.
func pickServers(s *kernel.ServiceEntry, names []string) ([]kernel.ServerEntry, error) {
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
			bad.add(&kernel.Error{Op: "find server", Service: s.ServiceID, Server: addr, Err: kernel.ErrNoServer})
			continue
		}
		if !seen[addr] {
			seen[addr] = true
			out = append(out, *found)
		}
	}
	return out, bad.err()
}
