package commands

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"lvs/kernel"
	"lvs/output"
)

const (
	firstLook = 200 * time.Millisecond // between looks at the table
	lastLook  = time.Second
)

// longer is the pause after the next look.
func longer(pause time.Duration) time.Duration { return min(pause*5/4, lastLook) }

// follow waits if that was asked for, deletes what is drained if that was asked
// for, and reports.
func (o *drain) follow(ctx context.Context, w *drainWatch, found []member) error {
	a := o.app
	p, err := a.printer(output.Options{})
	if err != nil {
		return err
	}
	report := &drainReport{app: a, printer: p}
	start := a.Now()
	if !o.wait && !o.delete {
		if !a.reports() {
			return nil
		}
		rows, err := o.look(ctx, w, found)
		if err != nil {
			return err
		}
		return report.last(rows)
	}
	rows, err := o.await(ctx, w, found, report)
	if err != nil {
		return err
	}
	if o.delete {
		if err := o.remove(ctx, w, rows, found); err != nil {
			return err
		}
	}
	a.note("%s drained after %s", isOrAre(found), output.Duration(a.Now().Sub(start)))
	return report.last(rows)
}

func isOrAre(found []member) string {
	addrs := addressesOf(found)
	if len(addrs) == 1 {
		return addrs[0] + " is"
	}
	return enumerate(addrs) + " are"
}

// addressesOf lists the servers, each once: by address where it has more ports.
func addressesOf(found []member) []string {
	ports := map[netip.Addr]map[uint16]bool{}
	var order []netip.Addr
	for i := range found {
		addr := found[i].Addr
		if ports[addr.Addr()] == nil {
			ports[addr.Addr()] = map[uint16]bool{}
			order = append(order, addr.Addr())
		}
		ports[addr.Addr()][addr.Port()] = true
	}
	var out []string
	for _, addr := range order {
		text := addr.String()
		if len(ports[addr]) == 1 {
			for port := range ports[addr] {
				text = netip.AddrPortFrom(addr, port).String()
			}
		}
		out = append(out, text)
	}
	return out
}

// look reads where the servers stand now.
func (o *drain) look(ctx context.Context, w *drainWatch, found []member) ([]output.Drain, error) {
	snap, err := w.read(ctx, servicesOf(found))
	if err != nil {
		return nil, err
	}
	rows := make([]output.Drain, len(found))
	entries := entriesOf(snap)
	for i := range found {
		id, addr := found[i].service.ServiceID, found[i].Addr
		rows[i] = output.Drain{Service: id, Server: addr, Forward: found[i].Forward, State: output.Gone, Reason: "somebody deleted it"}
		if s := entries[id]; s != nil {
			if srv := findServer(s, addr); srv != nil {
				rows[i] = w.row(&member{s.Service, *srv})
			}
		}
		rows[i].Before = -1
		if n, known := o.before[kernel.ServerKey{Service: id, Server: addr}]; known {
			rows[i].Before = n
		}
	}
	return rows, nil
}

func servicesOf(found []member) []kernel.ServiceID {
	var ids []kernel.ServiceID
	seen := map[kernel.ServiceID]bool{}
	for i := range found {
		if id := found[i].service.ServiceID; !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	return ids
}

// await looks until nothing is left.
func (o *drain) await(ctx context.Context, w *drainWatch, found []member, report *drainReport) ([]output.Drain, error) {
	a := o.app
	progress := &drainProgress{liveLine: a.liveLine(), what: "draining " + enumerate(addressesOf(found))}
	defer progress.end()
	var rows []output.Drain
	for pause := firstLook; ; pause = longer(pause) {
		now, err := o.look(ctx, w, found)
		if err == nil {
			rows = now
			if err := report.stream(rows); err != nil {
				return nil, err
			}
			switch undone, serving := leftOver(rows); {
			case len(serving) > 0:
				return nil, fmt.Errorf("drain %v: %s in %v: somebody else set it", serving[0].Server, serving[0].Reason, serving[0].Service)
			case len(undone) == 0:
				return rows, nil
			}
			progress.tell(rows)
			err = a.Sleep(ctx, pause)
		}
		if err != nil {
			progress.end()
			return nil, o.brokenOff(ctx, err, rows, found, report)
		}
	}
}

// leftOver gives the rows that are not drained yet, and those that somebody gave
// a weight.
func leftOver(rows []output.Drain) (undone, serving []output.Drain) {
	for _, r := range rows {
		switch r.State {
		case output.Draining:
			undone = append(undone, r)
		case output.Serving:
			serving = append(serving, r)
		}
	}
	return undone, serving
}

// brokenOff tells what is left where waiting ended before its time.
func (o *drain) brokenOff(ctx context.Context, err error, rows []output.Drain, found []member, report *drainReport) error {
	a := o.app
	timedOut, interrupted := broken(ctx, err)
	undo := o.command("undrain", found)
	switch {
	case interrupted:
		return (&fault{status: exitInterrupted, err: errors.New("interrupted: the weight stays 0")}).cure("%s brings it back", undo)
	case !timedOut:
		return err
	}
	var what []string
	cure := undo + " brings it back"
	for i := range rows {
		if r := &rows[i]; r.State == output.Draining {
			r.State = output.TimedOut
			what = append(what, fmt.Sprintf("%v %v: %s", r.Service, r.Server, r.Reason))
			cure = o.cureFor(r, found, undo)
		}
	}
	f := &fault{status: exitTimeout, err: fmt.Errorf("not drained after %s, and the weight stays 0: %s",
		a.global.timeout, strings.Join(what, "; ")), hint: cure}
	if err := report.last(rows); err != nil {
		return err
	}
	return f
}

// command is verb for just the servers found: a hint that is pasted touches
// neither other ports nor other services.
func (o *drain) command(verb string, found []member) string {
	text := o.app.Name + " " + verb + " " + strings.Join(addressesOf(found), " ")
	for _, id := range o.only {
		text += " --service " + id.String()
	}
	return text
}

// cureFor says what can be done about what is left.
func (o *drain) cureFor(r *output.Drain, found []member, undo string) string {
	switch {
	case strings.Contains(r.Reason, expireTemplates):
		return fmt.Sprintf("%s --expire-templates sends those clients elsewhere; %s brings it back", o.command("drain", found), undo)
	case r.Active > 0:
		return fmt.Sprintf("%s connections --server %v shows them; one that is idle is kept as long as %s timeouts says; %s brings it back",
			o.app.Name, r.Server, o.app.Name, undo)
	}
	return undo + " brings it back"
}
