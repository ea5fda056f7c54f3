package commands

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"lvs/kernel"
	"lvs/output"
)

// drainWatch looks at servers again and again and tells how far they are from
// having no connections. Connections that are not active count for nothing once
// those among them that are just opening have had the time to: after a FIN all
// has been said.
type drainWatch struct {
	app *App
	// expire is net.ipv4.vs.expire_quiescent_template: persistence templates of
	// a server of weight 0 are ignored.
	expire bool
	// counting is false where packets are not counted: net.ipv4.vs.run_estimation
	// is 0, or the table is the public one.
	counting bool
	// release is net.ipv4.vs.expire_nodest_conn: what comes over a connection of a
	// deleted server goes to another one at once.
	release bool
	packets map[kernel.ServerKey]packets
	public  bool
	// quiet is since when a server was seen with the weight 0.
	quiet map[kernel.ServerKey]time.Time
}

// openingTime is how long a connection may take to become active: the client's
// SYN was balanced before the weight was 0, its answer to the server's SYN is
// still on its way, or is sent again after a second.
const openingTime = 3 * time.Second

// packets are what was sent to a server, and since when no more came.
type packets struct {
	n     uint64
	since time.Time
}

// quietTime is how long no datagram may have come for UDP to count as over: the
// kernel itself remembers it for minutes, and it has no end that could be seen.
// The kernel renews its counters every two seconds.
const quietTime = 5 * time.Second

const expireTemplates = "expire_quiescent_template"

// watchDrain reads the settings that decide what is in the way.
func (a *App) watchDrain(ctx context.Context) (*drainWatch, error) {
	k, err := a.kernel()
	if err != nil {
		return nil, err
	}
	settings, err := k.Sysctls(ctx)
	if err != nil && !errors.Is(err, kernel.ErrPermission) {
		return nil, err
	}
	w := &drainWatch{app: a, counting: true, packets: map[kernel.ServerKey]packets{}, quiet: map[kernel.ServerKey]time.Time{}}
	for _, s := range settings {
		switch s.Name {
		case expireTemplates:
			w.expire = s.Value != "0"
		case expireNodest:
			w.release = s.Value != "0"
		case "run_estimation":
			w.counting = s.Value != "0"
		}
	}
	return w, nil
}

// read reads the services named, or all where none is. A service that is gone is
// no error. Without privilege it takes what everyone may read.
func (w *drainWatch) read(ctx context.Context, ids []kernel.ServiceID) (*kernel.Snapshot, error) {
	k, err := w.app.kernel()
	if err != nil {
		return nil, err
	}
	var snap *kernel.Snapshot
	if !w.public {
		snap, err = k.Snapshot(ctx, ids...)
		switch {
		case errors.Is(err, kernel.ErrNoService) && len(ids) == 1:
			return &kernel.Snapshot{}, nil
		case errors.Is(err, kernel.ErrNoService):
			snap, err = k.Snapshot(ctx) // without the one that is gone
		}
		if !errors.Is(err, kernel.ErrPermission) {
			return snap, err
		}
	}
	snap, public := k.PublicSnapshot(ctx)
	if public != nil {
		return nil, errors.Join(err, public)
	}
	if !w.public {
		w.app.note("without privilege: only connections are seen, not clients bound by persistence (needs CAP_NET_ADMIN: sudo %s …)", w.app.Name)
		w.public, w.counting = true, false
	}
	return snap, nil
}

// row tells how far a server is.
func (w *drainWatch) row(m *member) output.Drain {
	d := output.Drain{Service: m.service.ServiceID, Server: m.Addr, Forward: m.Forward, Before: -1, Weight: m.Weight,
		Active: m.Active, Inactive: m.Inactive, Clients: int64(m.Persistent), State: output.Draining}
	if w.public {
		d.Clients = -1
	}
	var left []string
	if m.Active > 0 {
		left = append(left, plural(uint64(m.Active), "active connection"))
	}
	if m.service.Persistence > 0 && m.Persistent > 0 && !w.expire {
		left = append(left, fmt.Sprintf("%s bound by persistence (net.ipv4.vs.%s is 0)", plural(uint64(m.Persistent), "client"), expireTemplates))
	}
	if flows := w.flows(m); flows != "" {
		left = append(left, flows)
	}
	if w.opening(m) && len(left) == 0 {
		left = append(left, plural(uint64(m.Inactive), "inactive connection")+", of which some may be opening")
	}
	d.Reason = strings.Join(left, ", ")
	switch {
	case m.Weight > 0:
		d.State = output.Serving
		d.Reason = fmt.Sprintf("its weight is %d", m.Weight)
	case len(left) == 0:
		d.State = output.Drained
	}
	return d
}

// opening tells whether some of the inactive connections may be about to become
// active: new ones do not come any more.
func (w *drainWatch) opening(m *member) bool {
	at, now := kernel.ServerKey{Service: m.service.ServiceID, Server: m.Addr}, w.app.Now()
	if m.Weight > 0 {
		delete(w.quiet, at)
		return false
	}
	if _, seen := w.quiet[at]; !seen {
		w.quiet[at] = now
	}
	return m.Inactive > 0 && m.service.Protocol != kernel.UDP && now.Sub(w.quiet[at]) < openingTime
}

// flows tells whether datagrams still come. Those of UDP are inactive connections
// for the kernel; a firewall mark may have some among others.
func (w *drainWatch) flows(m *member) string {
	if m.service.FWMark == 0 && m.service.Protocol != kernel.UDP {
		return ""
	}
	at, now := kernel.ServerKey{Service: m.service.ServiceID, Server: m.Addr}, w.app.Now()
	last, seen := w.packets[at]
	if in := m.Stats.Counters.PacketsIn; !seen || last.n != in || m.Weight > 0 {
		last = packets{in, now}
		w.packets[at] = last
	}
	what := "UDP connection"
	if m.service.FWMark != 0 {
		what = "inactive connection"
	}
	switch quiet := now.Sub(last.since); {
	case m.Inactive == 0:
		return ""
	case !w.counting:
		return plural(uint64(m.Inactive), what) + ", which end by their timeout alone"
	case quiet >= quietTime:
		return ""
	case m.service.FWMark != 0 && m.Active > 0:
		return "" // the packets may be theirs
	default:
		return fmt.Sprintf("%s, the last packet less than %s ago", plural(uint64(m.Inactive), what), output.Duration(quietTime))
	}
}
