package operate

import (
	"context"
	"errors"
	"time"

	"lvs/kernel"
)

// Drain is how far a server of a service is from having no connections.
type Drain struct {
	kernel.ServerKey
	Forward kernel.Forward
	Weight  int
	// Before is the remembered weight, -1 if there is none. Out is set if the server is
	// out of service.
	Before           int
	Out              bool
	Active, Inactive uint32
	// Clients is the number of clients bound by persistence, -1 if it is unknown.
	Clients int64
	State   DrainState
	// Blocked is why the server is not drained. It is empty once it is.
	Blocked []Block
}

// DrainState is the state of a server.
type DrainState string

// The states.
const (
	Serving  DrainState = "serving"   // the weight is not 0
	Draining DrainState = "draining"  // the weight is 0, connections are left
	Drained  DrainState = "drained"   // the weight is 0, no connections are left
	Gone     DrainState = "gone"      // it was deleted by someone else
	Deleted  DrainState = "deleted"   // it was deleted because it was drained
	TimedOut DrainState = "timed-out" // it was still draining when the time was over
)

// Block is one reason why a server is not drained, with the number of connections or
// clients.
type Block struct {
	Reason BlockReason
	Count  uint64
}

// BlockReason is why a server is not drained.
type BlockReason uint8

// The reasons.
const (
	// ActiveConnections are established.
	ActiveConnections BlockReason = iota + 1
	// BoundClients are clients that persistence sends to the server even at weight
	// 0, because net.ipv4.vs.expire_quiescent_template is 0.
	BoundClients
	// RecentPackets are connections of UDP with datagrams within QuietTime.
	RecentPackets
	// RecentPacketsOfMark are connections of a firewall mark with packets within
	// QuietTime. All of them are inactive, and some may be UDP.
	RecentPacketsOfMark
	// Uncounted and UncountedOfMark are connections that may still carry datagrams: the
	// kernel counts no packets, so only their timeout ends them.
	Uncounted
	UncountedOfMark
	// Opening are inactive connections of which some may be about to become active.
	Opening
)

// Is reports whether a reason is among Blocked.
func (d *Drain) Is(reason BlockReason) bool {
	for _, b := range d.Blocked {
		if b.Reason == reason {
			return true
		}
	}
	return false
}

// Watch reads servers repeatedly and finds how far they are from having no connections.
// Inactive connections do not count once those that are just opening have had time to
// become active: after a FIN no data follows.
type Watch struct {
	op *Operator
	// ExpireTemplates is net.ipv4.vs.expire_quiescent_template: clients bound to a server
	// with weight 0 get another one.
	ExpireTemplates bool
	// ExpireNodest is net.ipv4.vs.expire_nodest_conn: packets of a connection to a
	// deleted server go to another one immediately.
	ExpireNodest bool
	// Public is set once only what everyone may read is known (Unprivileged).
	Public bool

	// counting is false if packets are not counted: see kernel.CountersStopped, or
	// the table is the public one.
	counting bool
	packets  map[kernel.ServerKey]packets
	// quiet is when each server was first seen with the weight 0.
	quiet map[kernel.ServerKey]time.Time
}

const (
	// openingTime is how long a connection may take to become active: the client's SYN
	// was scheduled before the weight was 0, its answer to the server's SYN is still on
	// its way, or is sent again after a second.
	openingTime = 3 * time.Second
	// QuietTime is how long a UDP connection must be without a datagram to count as
	// ended: it has no visible end, and the kernel keeps it for minutes. The kernel
	// updates its counters every two seconds.
	QuietTime = 5 * time.Second
)

// packets is the number of packets to a server, and when it last changed.
type packets struct {
	n     uint64
	since time.Time
}

// Watch reads the settings that decide when a server is drained.
func (o *Operator) Watch(ctx context.Context) (*Watch, error) {
	settings, err := o.Kernel.Sysctls(ctx)
	if err != nil && !errors.Is(err, kernel.ErrPermission) {
		return nil, err
	}
	w := &Watch{op: o, packets: map[kernel.ServerKey]packets{}, quiet: map[kernel.ServerKey]time.Time{}}
	w.ExpireTemplates, _ = kernel.Switch(settings, kernel.ExpireQuiescentTemplate)
	w.ExpireNodest, _ = kernel.Switch(settings, kernel.ExpireNodestConn)
	w.counting = kernel.CountersStopped(settings) == ""
	return w, nil
}

// Read reads some services, or all if none is given. It ignores services that do not
// exist. Without privilege it reads what everyone may read, and sets Public.
func (w *Watch) Read(ctx context.Context, ids ...kernel.ServiceID) (*kernel.Snapshot, error) {
	var snap *kernel.Snapshot
	var err error
	if !w.Public {
		snap, err = w.op.Kernel.Snapshot(ctx, ids...)
		switch {
		case errors.Is(err, kernel.ErrNoService) && len(ids) == 1:
			return &kernel.Snapshot{}, nil
		case errors.Is(err, kernel.ErrNoService):
			snap, err = w.op.Kernel.Snapshot(ctx) // has the services that exist
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

// Drain returns how far a server is from having no connections.
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

// opening reports whether some inactive connections may be about to become active. New
// ones no longer come.
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

// flows returns why datagrams may still come, or 0. The kernel counts UDP connections as
// inactive; a firewall mark may have some among others.
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

// Look reads the state of servers. remembered has the remembered weights.
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

// slopeTime is the time over which the pace of draining is measured.
const slopeTime = 30 * time.Second

// Slope estimates when a shrinking number will be zero. The zero value is ready to use.
type Slope struct{ samples []slopeSample }

type slopeSample struct {
	at   time.Time
	left uint64
}

// Add adds the number at a time.
func (s *Slope) Add(at time.Time, left uint64) {
	s.samples = append(s.samples, slopeSample{at, left})
	for len(s.samples) > 2 && at.Sub(s.samples[0].at) > slopeTime {
		s.samples = s.samples[1:]
	}
}

// Estimate returns by how much the number shrinks in a second, and the time until it is
// zero. ok is false if it does not shrink.
func (s *Slope) Estimate() (perSecond float64, end time.Duration, ok bool) {
	if len(s.samples) < 2 {
		return 0, 0, false
	}
	first, last := s.samples[0], s.samples[len(s.samples)-1]
	seconds := last.at.Sub(first.at).Seconds()
	if seconds <= 0 || last.left >= first.left {
		return 0, 0, false
	}
	perSecond = float64(first.left-last.left) / seconds
	return perSecond, time.Duration(float64(last.left) / perSecond * float64(time.Second)), true
}
