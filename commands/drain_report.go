package commands

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"lvs/doctor"
	"lvs/kernel"
	"lvs/operate"
	"lvs/output"
	"lvs/traffic"
)

// reasonText returns why a server is not drained yet, or an empty string.
func reasonText(d *operate.Drain) string {
	switch {
	case d.State == operate.Gone:
		return "it was deleted by someone else"
	case d.Weight > 0 && d.Out:
		return fmt.Sprintf("drained, but its weight is %d now: it was set by someone else", d.Weight)
	case d.Weight > 0:
		return fmt.Sprintf("its weight is %d", d.Weight)
	}
	return output.BlocksText(d.Blocked)
}

// hintFor returns what helps with what is left on a server, ending with "; ", or an empty
// string. drain is the command that drains it.
func (a *App) hintFor(d *operate.Drain, drain string) string {
	for _, b := range d.Blocked {
		switch {
		case b.Reason == traffic.BoundClients:
			return drain + " --expire-templates sends those clients to other servers; "
		case b.Setting.Name != "":
			return a.inNamespace(doctor.ReturnFix(b.Setting, d.Forward)) + " sends those clients to other servers; "
		case b.Reason == traffic.RecentDatagrams, b.Reason == traffic.UncountedDatagrams:
			return deleteCommand(drain) + " deletes it and moves its clients; "
		case d.Service.FWMark != 0 && (b.Reason == traffic.RecentPackets || b.Reason == traffic.Uncounted):
			return deleteCommand(drain) + " deletes it and moves its UDP clients; "
		}
	}
	if d.Active == 0 {
		return ""
	}
	return fmt.Sprintf("%s connections --server %v lists them; %s timeouts shows how long an idle one is kept; ",
		a.here(), d.Server, a.here())
}

// deleteCommand returns the command that deletes a server although UDP clients do not
// stop, and moves them.
func deleteCommand(drain string) string { return drain + " --delete --release --timeout 10s" }

// noteSilent prints which servers still have UDP connections: they carry no datagrams now,
// but a client that sends again comes back.
func (o *drain) noteSilent(now []operate.Drain, found []operate.Member) {
	silent := false
	for i := range now {
		d := &now[i]
		if d.State != operate.Drained || d.Inactive == 0 || d.Service.FWMark != 0 || d.Service.Protocol != kernel.UDP {
			continue
		}
		silent = true
		o.app.note("%v %v: %s left, no packet for %s: a client that sends again comes back", d.Service, d.Server,
			plural(uint64(d.Inactive), "UDP connection"), output.Duration(traffic.QuietTime))
	}
	if silent {
		o.app.say("hint: %s moves such clients", deleteCommand(o.command("drain", found)))
	}
}

// drainRow returns a state as it is printed.
func drainRow(d *operate.Drain) output.Drain {
	return output.Drain{Service: d.Service, Server: d.Server, Forward: d.Forward, Before: d.Before, Weight: d.Weight,
		Active: d.Active, Inactive: d.Inactive, Clients: d.Clients, State: output.DrainState(d.State), Reason: reasonText(d)}
}

// drainReport prints the state of servers: at the end and, with -o jsonl, at each
// change.
type drainReport struct {
	app     *App
	printer *output.Printer
	printed map[kernel.ServerKey]output.Drain
	// outages is what is remembered. A pointer stays the same as long as its value does.
	outages map[kernel.ServerKey]*output.Outage
}

// row returns a state as it is printed, with who drained the server.
func (r *drainReport) row(d *operate.Drain) output.Drain {
	row := drainRow(d)
	row.Outage = r.outages[d.ServerKey]
	return row
}

// recall reads who drained the servers.
func (r *drainReport) recall() {
	now := outageRows(r.app.remembered())
	if r.outages == nil {
		r.outages = map[kernel.ServerKey]*output.Outage{}
	}
	for key := range r.outages {
		if _, still := now[key]; !still {
			delete(r.outages, key)
		}
	}
	for key, o := range now {
		if old := r.outages[key]; old == nil || *old != o {
			r.outages[key] = &o
		}
	}
}

// stream prints what is new, with -o jsonl.
func (r *drainReport) stream(now []operate.Drain) error {
	if r.app.global.output != "jsonl" || !r.app.reports() {
		return nil
	}
	if r.printed == nil {
		r.printed = map[kernel.ServerKey]output.Drain{}
	}
	var fresh []output.Drain
	r.recall()
	for _, d := range byAddress(now) {
		row := r.row(&d)
		at := kernel.ServerKey{Service: row.Service, Server: row.Server}
		if r.printed[at] != row {
			r.printed[at] = row
			fresh = append(fresh, row)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	return r.printer.Drains(fresh)
}

// last prints the final state.
func (r *drainReport) last(now []operate.Drain) error {
	switch {
	case !r.app.reports():
		return nil
	case r.app.global.output == "jsonl":
		return r.stream(now)
	}
	var rows []output.Drain
	r.recall()
	for _, d := range byAddress(now) {
		rows = append(rows, r.row(&d))
	}
	return r.printer.Drains(rows)
}

// byAddress sorts the servers of each service by address. The kernel lists the last
// one added first.
func byAddress(now []operate.Drain) []operate.Drain {
	out := slices.Clone(now)
	for rest := out; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].Service == rest[0].Service {
			n++
		}
		slices.SortFunc(rest[:n], func(a, b operate.Drain) int { return a.Server.Compare(b.Server) })
		rest = rest[n:]
	}
	return out
}

// waitLine is what the live line shows of a wait: what it does, to what, and how fast. The
// subject comes last, because it may be too long for the terminal.
type waitLine struct {
	does, subject string
	slope         operate.Slope
}

// showDraining shows the progress of draining on the live line.
func (a *App) showDraining(now []operate.Drain) {
	active := operate.Active(now)
	a.waiting.slope.Add(a.Now(), active)
	a.live().show(func() string {
		does, subject := cmp.Or(a.waiting.does, "draining"), cmp.Or(a.waiting.subject, "servers to delete")
		var left []string
		for i := range now {
			if now[i].State != operate.Drained {
				left = append(left, fmt.Sprintf("%v %s", now[i].Service, reasonText(&now[i])))
			}
		}
		if active == 0 {
			return does + ": " + enumerate(left)
		}
		text := fmt.Sprintf("%s: %s left in %s", does, plural(active, "active connection"), plural(len(left), "service"))
		perSecond, end, ok := a.waiting.slope.Estimate()
		if !ok {
			return text + ", not getting fewer: " + subject
		}
		return fmt.Sprintf("%s, done in about %s (%.1f fewer each second): %s", text, output.Duration(max(end, time.Second)),
			perSecond, subject)
	})
}

// addressesOf returns the servers, each once: without a port if it has several.
func addressesOf(found []operate.Member) []string {
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
