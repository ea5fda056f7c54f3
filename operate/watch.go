package operate

import (
	"context"
	"errors"
	"time"

	"lvs/kernel"
	"lvs/traffic"
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
	Blocked []traffic.Block
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

// Is reports whether a reason is among Blocked.
func (d *Drain) Is(reason traffic.BlockReason) bool {
	for _, b := range d.Blocked {
		if b.Reason == reason {
			return true
		}
	}
	return false
}

// Watch reads servers repeatedly and finds how far they are from having no connections.
type Watch struct {
	op *Operator
	// Public is set once only what everyone may read is known (Unprivileged).
	Public bool

	// settings are read again with the table: they may be set to release clients.
	settings []kernel.Sysctl
	draining traffic.Draining
}

// Watch begins to watch servers.
func (o *Operator) Watch(ctx context.Context) (*Watch, error) {
	w := &Watch{op: o}
	return w, w.readSettings(ctx)
}

func (w *Watch) readSettings(ctx context.Context) error {
	settings, err := w.op.Kernel.Sysctls(ctx, traffic.DrainSettings...)
	if err != nil && !errors.Is(err, kernel.ErrPermission) {
		return err
	}
	w.settings = settings
	return nil
}

// Read reads some services, or all if none is given. It ignores services that do not
// exist. Without privilege it reads what everyone may read, and sets Public.
func (w *Watch) Read(ctx context.Context, ids ...kernel.ServiceID) (*kernel.Snapshot, error) {
	if err := w.readSettings(ctx); err != nil {
		return nil, err
	}
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
		w.Public = true
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
	counted := !w.Public && kernel.CountersStopped(w.settings) == ""
	d.Blocked = w.draining.Blocks(w.op.Now(), w.settings, counted, &m.Service, &m.ServerEntry)
	switch {
	case m.Weight > 0:
		d.State = Serving
	case len(d.Blocked) == 0:
		d.State = Drained
	}
	return d
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
