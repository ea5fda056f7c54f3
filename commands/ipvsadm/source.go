package ipvsadm

import (
	"context"

	"lvs/kernel"
)

// source is a table to write. The servers are read when it is their service's
// turn, into the same memory: that of a whole table takes longer to be touched
// for the first time than the table to be read.
type source struct {
	*kernel.Snapshot
	// servers gives the servers of a service of the snapshot. They are valid
	// until the next call.
	servers func(*kernel.ServiceEntry) ([]kernel.ServerEntry, error)
}

// whole is a table that has been read.
func whole(s *kernel.Snapshot) source {
	return source{s, func(e *kernel.ServiceEntry) ([]kernel.ServerEntry, error) { return e.Servers, nil }}
}

// source begins to read the table, or some services of it. Names are asked for
// all at once, so with a namer it is read first.
func (p *Program) source(ctx context.Context, n *namer, only ...kernel.ServiceID) (source, error) {
	if n != nil {
		s, err := p.kernel.Snapshot(ctx, only...)
		return whole(s), err
	}
	s, err := p.kernel.Services(ctx, only...)
	var list []kernel.ServerEntry
	return source{s, func(e *kernel.ServiceEntry) ([]kernel.ServerEntry, error) {
		var err error
		list, err = p.kernel.Servers(ctx, e.ServiceID, list)
		return list, err
	}}, err
}
