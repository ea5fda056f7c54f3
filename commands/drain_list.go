package commands

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"lvs/kernel"
	"lvs/operate"
	"lvs/operate/state"
	"lvs/output"
)

// list prints the servers that are drained, or have their weight only for some time: of
// the servers and services named, or all.
func (o *drain) list(ctx context.Context, args []string) error {
	a := o.app
	var names []machine
	var ids []kernel.ServiceID
	var err error
	if len(args)+len(o.named)+len(o.real) > 0 {
		if names, ids, err = o.parseSome(args); err != nil {
			return err
		}
	}
	p, err := a.printer(output.Options{})
	if err != nil {
		return err
	}
	k, err := a.kernel()
	if err != nil {
		return err
	}
	now, err := k.Snapshot(ctx)
	if errors.Is(err, kernel.ErrPermission) {
		now, err = publicSnapshot(ctx, a, k, nil, err)
	}
	if err != nil {
		return kernel.WithOp("drain --list", err)
	}
	rows := drainedRows(a.remembered(), now, func(key kernel.ServerKey) bool {
		return (len(ids) == 0 || slices.Contains(ids, key.Service)) &&
			(len(names) == 0 || slices.ContainsFunc(names, func(m machine) bool { return m.is(key.Server) }))
	})
	if err := missingFrom(now, rows, names, ids, a.Name); err != nil {
		return err
	}
	a.notePending()
	if len(rows) == 0 {
		a.note("no server is drained")
		if a.global.output == "" && a.global.jq == "" && a.global.template == "" {
			return nil // an empty table has no use
		}
	}
	return p.DrainList(rows)
}

// missingFrom returns an error for each server and service that was named and is neither
// in the table nor drained.
func missingFrom(
	now *kernel.Snapshot, rows []output.Drain, names []machine, ids []kernel.ServiceID, self string,
) error {
	var bad faults
	for _, id := range ids {
		if now.Find(id) == nil && !slices.ContainsFunc(rows, func(d output.Drain) bool { return d.Service == id }) {
			bad.add(&kernel.Error{Op: "drain --list of", Service: id, Err: kernel.ErrNoService})
		}
	}
	for _, m := range names {
		if len(membersOf(now, []machine{m})) == 0 &&
			!slices.ContainsFunc(rows, func(d output.Drain) bool { return m.is(d.Server) }) {
			bad.add((&fault{status: exitNotFound, err: errors.New("server " + m.text + ": no service has it")}).
				hintf("list the servers: %s list --columns service,server", self))
		}
	}
	return bad.err()
}

// drainedRows returns what is remembered together with the table as it is now.
func drainedRows(all map[kernel.ServerKey]state.Weight, now *kernel.Snapshot,
	want func(kernel.ServerKey) bool) []output.Drain {
	rows := []output.Drain{}
	entries := now.Index()
	for key, r := range all {
		if !want(key) {
			continue
		}
		row := output.Drain{Service: key.Service, Server: key.Server, Before: r.Weight, Clients: -1, State: output.Gone,
			Reason: "it is not in the table"}
		if v := entries[key.Service].Server(key.Server); v != nil {
			row = drainedRow(row, &r, v, now.Public)
		}
		o := outageRow(&r)
		row.Outage = &o
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b output.Drain) int {
		return cmp.Or(a.Service.Compare(b.Service), a.Server.Compare(b.Server))
	})
	return rows
}

// drainedRow adds a server as it is in the table: the state by its connections now.
func drainedRow(row output.Drain, r *state.Weight, v *kernel.ServerEntry, public bool) output.Drain {
	row.Forward, row.Weight, row.Active, row.Inactive = v.Forward, v.Weight, v.Active, v.Inactive
	if !public {
		row.Clients = int64(v.Persistent)
	}
	var left []string
	for _, n := range []struct {
		count uint64
		what  string
	}{{uint64(v.Active), "active connection"}, {uint64(v.Inactive), "inactive connection"},
		{uint64(max(row.Clients, 0)), "client"}} {
		if n.count > 0 {
			left = append(left, plural(n.count, n.what))
		}
	}
	switch {
	case v.Weight > 0 && !r.Out() && v.Weight == r.Set:
		row.State, row.Reason = output.Serving, fmt.Sprintf("weight %d for some time", r.Set)
	case v.Weight > 0:
		row.State, row.Reason = output.Serving, reasonText(&operate.Drain{Weight: v.Weight, Out: r.Out()})
	case len(left) > 0:
		row.State, row.Reason = output.Draining, strings.Join(left, ", ")
	default:
		row.State, row.Reason = output.Drained, ""
	}
	return row
}
