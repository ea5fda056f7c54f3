package operate

import (
	"context"
	"errors"
	"time"

	"lvs/kernel"
)

// Drain says how far a server of a service is from having no connections.
type Drain struct {
	kernel.ServerKey
	Forward kernel.Forward
	Weight  int
	// Before is the weight that is remembered, -1 if none is.
	Before           int
	Active, Inactive uint32
	// Clients are those bound by persistence, -1 if they cannot be seen.
	Clients int64
	State   DrainState
	// Blocked says what is in the way of being drained. It is empty once the
	// server is drained.
	Blocked []Block
}

// DrainState is where a server stands.
type DrainState string

// The states.
const (
	Serving  DrainState = "serving"   // the weight is not 0
	Draining DrainState = "draining"  // the weight is 0, something is left
	Drained  DrainState = "drained"   // the weight is 0, nothing is left
	Gone     DrainState = "gone"      // it was deleted by someone else
	Deleted  DrainState = "deleted"   // it was deleted because it was drained
	TimedOut DrainState = "timed-out" // it was still draining when the time was over
)

// Block is one thing that is in the way, with how many connections or clients it
// concerns.
type Block struct {
	Reason BlockReason
	Count  uint64
}

// BlockReason says what is in the way of being drained.
type BlockReason uint8

// The reasons.
const (
	// ActiveConnections are established.
	ActiveConnections BlockReason = iota + 1
	// BoundClients are clients that persistence sends to the server even at weight
	// 0, because net.ipv4.vs.expire_quiescent_template is 0.
	BoundClients
	// RecentPackets: datagrams came within QuietTime.
	RecentPackets
	// RecentPacketsOfMark: packets came within QuietTime for a firewall mark that
	// has inactive connections alone, of which some may be UDP.
	RecentPacketsOfMark
	// Uncounted and UncountedOfMark are connections that may still carry datagrams:
	// the kernel counts no packets, so they end by their timeout alone.
	Uncounted
	UncountedOfMark
	// Opening: some inactive connections may be about to become active.
	Opening
)

// Is reports whether a reason is among what is in the way.
func (d *Drain) Is(reason BlockReason) bool {
	for _, b := range d.Blocked {
		if b.Reason == reason {
			return true
		}
	}
	return false
}

// Watch looks at servers again and again and finds how far they are from having
// no connections. Connections that are not active count for nothing once those
// among them that are just opening have had the time to: after a FIN all has
// been said.
type Watch struct {
	op *Operator
	// ExpireTemplates is net.ipv4.vs.expire_quiescent_template: clients bound to a
	// server of weight 0 go elsewhere.
	ExpireTemplates bool
	// ExpireNodest is net.ipv4.vs.expire_nodest_conn: what comes over a connection
	// of a deleted server goes to another one at once.
	ExpireNodest bool
	// Public is set once only what everyone may read is seen (Unprivileged).
	Public bool

	// counting is false if packets are not counted: net.ipv4.vs.run_estimation is
	// 0, or the table is the public one.
	counting bool
	packets  map[kernel.ServerKey]packets
	// quiet is since when a server was seen with the weight 0.
	quiet map[kernel.ServerKey]time.Time
}

const (
	// openingTime is how long a connection may take to become active: the client's
	// SYN was balanced before the weight was 0, its answer to the server's SYN is
	// still on its way, or is sent again after a second.
	openingTime = 3 * time.Second
	// QuietTime is how long no datagram may have come for UDP to count as over:
	// the kernel itself remembers it for minutes, and it has no end that could be
	// seen. The kernel renews its counters every two seconds.
	QuietTime = 5 * time.Second
)

// packets are what was sent to a server, and since when no more came.
type packets struct {
	n     uint64
	since time.Time
}

// Watch reads the settings that decide what is in the way of being drained.
func (o *Operator) Watch(ctx context.Context) (*Watch, error) {
	settings, err := o.Kernel.Sysctls(ctx)
	if err != nil && !errors.Is(err, kernel.ErrPermission) {
		return nil, err
	}
	w := &Watch{op: o, packets: map[kernel.ServerKey]packets{}, quiet: map[kernel.ServerKey]time.Time{}}
	w.ExpireTemplates, _ = kernel.Switch(settings, kernel.ExpireQuiescentTemplate)
	w.ExpireNodest, _ = kernel.Switch(settings, kernel.ExpireNodestConn)
	counting, known := kernel.Switch(settings, kernel.RunEstimation)
	w.counting = counting || !known
	return w, nil
}

// Read reads some services, or all if none is named. A service that is gone is no
// error. Without privilege it reads what everyone may read, and Public is set.
func (w *Watch) Read(ctx context.Context, ids ...kernel.ServiceID) (*kernel.Snapshot, error) {
	var snap *kernel.Snapshot
	var err error
	if !w.Public {
		snap, err = w.op.Kernel.Snapshot(ctx, ids...)
		switch {
		case errors.Is(err, kernel.ErrNoService) && len(ids) == 1:
			return &kernel.Snapshot{}, nil
		case errors.Is(err, kernel.ErrNoService):
			snap, err = w.op.Kernel.Snapshot(ctx) // without the one that is gone
		}
		if !errors.Is(err, kernel.ErrPermission) {
			return snap, err
		}
	}
	snap, public := w.op.Kernel.PublicSnapshot(ctx)
	if public != nil {
		return nil, errors.Join(err, public)
	}
	if !w.Public {
		w.Public, w.counting = true, false
		w.op.tell(Unprivileged{})
	}
	return snap, nil
}

// Drain returns how far a server is.
func (w *Watch) Drain(m *Member) Drain {
	d := Drain{ServerKey: m.Key(), Forward: m.Forward, Before: -1, Weight: m.Weight,
		Active: m.Active, Inactive: m.Inactive, Clients: int64(m.Persistent), State: Draining}
	if w.Public {
		d.Clients = -1
	}
	if m.Active > 0 {
		d.Blocked = append(d.Blocked, Block{ActiveConnections, uint64(m.Active)})
	}
	if m.Service.Persistence > 0 && m.Persistent > 0 && !w.ExpireTemplates {
		d.Blocked = append(d.Blocked, Block{BoundClients, uint64(m.Persistent)})
	}
	if reason := w.flows(m); reason != 0 {
		d.Blocked = append(d.Blocked, Block{reason, uint64(m.Inactive)})
	}
	if w.opening(m) && len(d.Blocked) == 0 {
		d.Blocked = append(d.Blocked, Block{Opening, uint64(m.Inactive)})
	}
	switch {
	case m.Weight > 0:
		d.State, d.Blocked = Serving, nil
	case len(d.Blocked) == 0:
		d.State = Drained
	}
	return d
}

// opening reports whether some of the inactive connections may be about to become
// active: new ones do not come any more.
func (w *Watch) opening(m *Member) bool {
	at, now := m.Key(), w.op.Now()
	if m.Weight > 0 {
		delete(w.quiet, at)
		return false
	}
	if _, seen := w.quiet[at]; !seen {
		w.quiet[at] = now
	}
	return m.Inactive > 0 && m.Service.Protocol != kernel.UDP && now.Sub(w.quiet[at]) < openingTime
}

// flows returns why datagrams may still come, or 0. Those of UDP are inactive
// connections for the kernel; a firewall mark may have some among others.
func (w *Watch) flows(m *Member) BlockReason {
	mark := m.Service.FWMark != 0
	if !mark && m.Service.Protocol != kernel.UDP {
		return 0
	}
	at, now := m.Key(), w.op.Now()
	last, seen := w.packets[at]
	if in := m.Stats.Counters.PacketsIn; !seen || last.n != in || m.Weight > 0 {
		last = packets{in, now}
		w.packets[at] = last
	}
	switch {
	case m.Inactive == 0:
		return 0
	case !w.counting && mark:
		return UncountedOfMark
	case !w.counting:
		return Uncounted
	case now.Sub(last.since) >= QuietTime:
		return 0
	case mark && m.Active > 0:
		return 0 // the packets may be theirs
	case mark:
		return RecentPacketsOfMark
	}
	return RecentPackets
}

// Look reads where servers stand now. remembered has the weights that are
// remembered.
func (w *Watch) Look(ctx context.Context, servers []Member, remembered map[kernel.ServerKey]int) ([]Drain, error) {
	snap, err := w.Read(ctx, ServicesOf(Keys(servers))...)
	if err != nil {
		return nil, err
	}
	out := make([]Drain, len(servers))
	entries := snap.Index()
	for i := range servers {
		key := servers[i].Key()
		out[i] = Drain{ServerKey: key, Forward: servers[i].Forward, State: Gone}
		if e := entries[key.Service]; e != nil {
			if v := e.Server(key.Server); v != nil {
				out[i] = w.Drain(&Member{e.Service, *v})
			}
		}
		out[i].Before = -1
		if n, known := remembered[key]; known {
			out[i].Before = n
		}
	}
	return out, nil
}
