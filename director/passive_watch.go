package director

import (
	"context"
	"hash/maphash"
	"iter"
	"net/netip"
	"sync"
	"time"

	"lvs/kernel"
)

const (
	// passiveEvery is the time between two readings, at least.
	passiveEvery = 2 * time.Second
	// passiveIdle and passiveBusy limit what readings cost: after one of the servers'
	// counters that took 1 ms there is none for 50 ms, after one of the table of connections
	// for 20 ms. So they take 2 % and 5 % of one processor at most.
	passiveIdle, passiveBusy = 50, 20
	// mostHalfOpen is the largest number of half-open connections that are looked at. More
	// are a flood, from which nothing is concluded.
	mostHalfOpen = 100_000
)

// PassiveKernel is what passive health reads. No one else may use it.
type PassiveKernel interface {
	Snapshot(ctx context.Context, only ...kernel.ServiceID) (*kernel.Snapshot, error)
	Connections(ctx context.Context, from kernel.ConnectionSource) iter.Seq2[*kernel.Connection, error]
}

// PassiveWatch looks for servers whose new connections stay half open. Set may be called by
// any goroutine.
type PassiveWatch struct {
	// Kernel is one that nobody else uses: a reading of a large table takes seconds.
	Kernel PassiveKernel
	// Tell is called with all suspects and since when, each time when they change. It must
	// not wait.
	Tell func(map[kernel.ServerKey]time.Time)
	Now  func() time.Time

	mu       sync.Mutex
	services map[kernel.ServiceID]bool // with passive: true or not

	state passive
	last  map[kernel.ServerKey]kernel.Counters
	seed  maphash.Seed
}

// NewPassiveWatch returns a watch of no services.
func NewPassiveWatch(k PassiveKernel, now func() time.Time, tell func(map[kernel.ServerKey]time.Time)) *PassiveWatch {
	return &PassiveWatch{Kernel: k, Now: now, Tell: tell, state: *newPassive(), seed: maphash.MakeSeed()}
}

// Set replaces the services that are watched: those over TCP that have an address and two
// servers or more. Of a firewall mark the table of connections says nothing.
func (w *PassiveWatch) Set(services []Service) {
	watched := map[kernel.ServiceID]bool{}
	for i := range services {
		if s := &services[i]; s.Protocol == kernel.TCP && s.FWMark == 0 && len(s.Members) > 1 {
			watched[s.ServiceID] = s.Passive
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.services = watched
}

func (w *PassiveWatch) watched() map[kernel.ServiceID]bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.services
}

// Run reads until the context ends. What cannot be read is tried again.
func (w *PassiveWatch) Run(ctx context.Context) {
	timer := time.NewTimer(passiveEvery)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		timer.Reset(w.look(ctx))
	}
}

// look takes one reading and returns the time to the next.
func (w *PassiveWatch) look(ctx context.Context) (next time.Duration) {
	services := w.watched()
	w.state.keep(func(k kernel.ServerKey) bool { _, ok := services[k.Service]; return ok })
	if len(services) == 0 {
		return passiveEvery
	}
	began := w.Now()
	table, err := w.Kernel.Snapshot(ctx)
	counted := w.Now()
	next = max(passiveEvery, passiveIdle*counted.Sub(began))
	if err != nil || table.Stopped != "" {
		return next
	}
	reading, wanted := w.counters(table, services)
	reading.at = counted
	changed := false
	if wanted {
		reading.half, err = w.halfOpen(ctx, reading.made)
		next = max(next, passiveBusy*w.Now().Sub(counted))
	}
	if reading.half != nil && err == nil {
		changed = w.state.observe(reading)
	} else {
		w.state.readings = nil
		changed = w.state.expire(counted, nil)
	}
	if changed {
		w.Tell(w.state.now())
	}
	return next
}

// counters returns the connections of the servers, and whether the table of connections is
// worth reading: a server that can be masked gets connections, or another one gets
// connections that look as if they stayed half open.
func (w *PassiveWatch) counters(table *kernel.Snapshot, services map[kernel.ServiceID]bool) (
	r passiveReading, wanted bool) {
	r.made = map[kernel.ServerKey]uint64{}
	now := make(map[kernel.ServerKey]kernel.Counters, len(w.last))
	for i := range table.Services {
		e := &table.Services[i]
		passive, watched := services[e.ServiceID]
		if !watched {
			continue
		}
		for j := range e.Servers {
			v := &e.Servers[j]
			k := kernel.ServerKey{Service: e.ServiceID, Server: v.Addr}
			r.made[k], now[k] = v.Stats.Counters.Connections, v.Stats.Counters
			if before, known := w.last[k]; known {
				got, ok := now[k].Sub(before)
				wanted = wanted || ok && got.Connections >= passiveLeast && (passive || looksHalfOpen(v.Forward, got))
			}
		}
	}
	w.last = now
	return r, wanted || len(w.state.now()) > 0
}

// looksHalfOpen reports whether so few packets passed that the connections cannot all have
// been opened and used. To open one the client sends two packets, and then at least a
// request and the end; the server sends two or more, which NAT sees. A client that gets no
// answer sends the first packet again after 1 and 3 seconds.
func looksHalfOpen(f kernel.Forward, c kernel.Counters) bool {
	if f.RepliesPassDirector() {
		return c.PacketsOut < 2*c.Connections
	}
	return c.PacketsIn < 4*c.Connections
}

// halfOpen reads the half-open connections of servers. Of a flood it returns nil.
func (w *PassiveWatch) halfOpen(ctx context.Context, servers map[kernel.ServerKey]uint64) (
	map[kernel.ServerKey][]halfOpen, error) {
	keys := make(map[[2]netip.AddrPort]kernel.ServerKey, len(servers))
	for k := range servers {
		keys[[2]netip.AddrPort{k.Service.AddrPort(), k.Server}] = k
	}
	out, n := map[kernel.ServerKey][]halfOpen{}, 0
	for c, err := range w.Kernel.Connections(ctx, kernel.WithOrigin) {
		if err != nil {
			return nil, err
		}
		if c.State != "SYN_RECV" || c.Protocol != kernel.TCP || c.Origin == "SYNC" {
			continue
		}
		k, ok := keys[[2]netip.AddrPort{c.Virtual, c.Server}]
		if !ok {
			anyPort := func(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr(), 0) }
			if k, ok = keys[[2]netip.AddrPort{anyPort(c.Virtual), anyPort(c.Server)}]; !ok {
				continue
			}
		}
		if n++; n > mostHalfOpen {
			return nil, nil
		}
		id := maphash.Comparable(w.seed, [2]netip.AddrPort{c.Client, c.Virtual})
		out[k] = append(out[k], halfOpen{id, clientOf(c.Client.Addr())})
	}
	return out, nil
}

// clientOf returns what counts as one client: an address, or a network of 64 bits of IPv6.
func clientOf(a netip.Addr) netip.Addr {
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return a
}
