package director

import (
	"maps"
	"net/netip"
	"slices"
	"time"

	"lvs/kernel"
)

// Passive health finds servers whose new connections stay half open while those of another
// server of the same service do not. It looks at the connections of the clients themselves,
// and so sees what no check sees: packets of clients that are dropped, or a full queue of new
// connections. A connection is half open in the state SYN_RECV: the packet that opens it
// came, and the client's answer to the server's answer did not. IPVS sees that answer with
// direct routing and tunnels as well, because it comes from the client.
//
// A flood of opening packets leaves half-open connections at all servers, so that none of
// them is better, and no server is suspected.

const (
	// passiveLeast is the least number of connections of a server, and of clients with
	// half-open ones, from which something is concluded.
	passiveLeast = 3
	// probationFirst is how long a suspected server without new connections stays suspected.
	// It doubles up to probationMost if the server is suspected again soon, that is within
	// probationMemory.
	probationFirst  = 30 * time.Second
	probationMost   = 5 * time.Minute
	probationMemory = 10 * time.Minute
	// passiveOldest is the longest time between two readings that are compared. The kernel
	// keeps half-open connections for a minute (ip_vs_proto_tcp.c).
	passiveOldest = 25 * time.Second
)

// halfOpen is a half-open connection. ID distinguishes it from others.
type halfOpen struct {
	id     uint64
	client netip.Addr
}

// passiveReading is what was read at one time.
type passiveReading struct {
	at time.Time
	// made are the connections of each server since it is in the table, of all services that
	// are watched.
	made map[kernel.ServerKey]uint64
	// half are the half-open connections of each server.
	half map[kernel.ServerKey][]halfOpen
}

// passive is what is known of the servers. Only one goroutine uses it.
type passive struct {
	// readings are the last ones, the newest last: three are enough.
	readings []passiveReading
	// first is at which reading a half-open connection was there first, counted from 1.
	first    map[uint64]int
	count    int
	suspects map[kernel.ServerKey]*suspicion
}

// suspicion is what is known of a server that is, or was, suspected.
type suspicion struct {
	since     time.Time // zero: it is not suspected now
	ended     time.Time
	probation time.Duration
}

func newPassive() *passive {
	return &passive{first: map[uint64]int{}, suspects: map[kernel.ServerKey]*suspicion{}}
}

// share is how many of the connections that a server got have stayed half open.
type share struct {
	made    uint64
	stuck   int
	clients int // of the stuck ones
}

// bad: half of them or more, of several clients. good: less than a quarter.
func (s share) bad() bool  { return s.clients >= passiveLeast && uint64(s.stuck)*2 >= s.made }
func (s share) good() bool { return s.made >= passiveLeast && uint64(s.stuck)*4 < s.made }

// observe takes a reading and reports whether the suspects have changed.
func (p *passive) observe(r passiveReading) (changed bool) {
	if n := len(p.readings); n > 0 && r.at.Sub(p.readings[n-1].at) > passiveOldest {
		p.readings = nil
	}
	p.count++
	p.see(r.half)
	p.readings = append(p.readings, r)
	if n := len(p.readings); n > 4 {
		p.readings = slices.Clone(p.readings[n-4:])
	}
	if len(p.readings) < 3 {
		return p.expire(r.at, nil)
	}
	return p.judge(r.at, p.shares())
}

// see keeps at which reading each half-open connection was there first.
func (p *passive) see(half map[kernel.ServerKey][]halfOpen) {
	first := make(map[uint64]int, len(p.first))
	for _, list := range half {
		for _, h := range list {
			if n, known := p.first[h.id]; known {
				first[h.id] = n
			} else {
				first[h.id] = p.count
			}
		}
	}
	p.first = first
}

// shares compares, for each server, the connections that it got between two readings with
// those of them that are half open now, a reading later or two. Those that are new at the
// last reading may be on their way.
func (p *passive) shares() map[kernel.ServerKey]share {
	n := len(p.readings)
	last, before, from := &p.readings[n-1], &p.readings[n-2], &p.readings[max(n-4, 0)]
	oldest := p.count - (n - 1 - max(n-4, 0)) // from was that reading
	out := make(map[kernel.ServerKey]share, len(last.made))
	for k := range last.made {
		s := share{}
		if a, b := from.made[k], before.made[k]; b > a {
			s.made = b - a
		}
		clients := map[netip.Addr]bool{}
		for _, h := range last.half[k] {
			if at := p.first[h.id]; at > oldest && at < p.count {
				s.stuck++
				if len(clients) < passiveLeast {
					clients[h.client] = true
				}
			}
		}
		s.clients = len(clients)
		out[k] = s
	}
	return out
}

// judge finds new suspects and ends suspicions.
func (p *passive) judge(now time.Time, shares map[kernel.ServerKey]share) (changed bool) {
	good := map[kernel.ServiceID]int{}
	for k, s := range shares {
		if s.good() {
			good[k.Service]++
		}
	}
	for k, s := range shares {
		if s.bad() && good[k.Service] > 0 && p.suspect(k, now) {
			changed = true
		}
	}
	return p.expire(now, shares) || changed
}

// suspect begins a suspicion, and reports whether it is a new one.
func (p *passive) suspect(k kernel.ServerKey, now time.Time) bool {
	s := p.suspects[k]
	switch {
	case s == nil:
		s = &suspicion{probation: probationFirst}
		p.suspects[k] = s
	case !s.since.IsZero():
		return false
	case now.Sub(s.ended) < probationMemory:
		s.probation = min(2*s.probation, probationMost)
	default:
		s.probation = probationFirst
	}
	s.since = now
	return true
}

// expire ends the suspicion of servers whose connections open again, of those that have had
// none in their probation, and of those that are gone.
func (p *passive) expire(now time.Time, shares map[kernel.ServerKey]share) (changed bool) {
	for k, s := range p.suspects {
		switch here := shares[k]; {
		case s.since.IsZero():
			if now.Sub(s.ended) >= probationMemory {
				delete(p.suspects, k)
			}
		case here.good(), !here.bad() && now.Sub(s.since) >= s.probation:
			s.since, s.ended, changed = time.Time{}, now, true
		}
	}
	return changed
}

// now returns since when each suspected server is suspected.
func (p *passive) now() map[kernel.ServerKey]time.Time {
	out := map[kernel.ServerKey]time.Time{}
	for k, s := range p.suspects {
		if !s.since.IsZero() {
			out[k] = s.since
		}
	}
	return out
}

// keep forgets servers that are not watched any more.
func (p *passive) keep(watched func(kernel.ServerKey) bool) {
	maps.DeleteFunc(p.suspects, func(k kernel.ServerKey, _ *suspicion) bool { return !watched(k) })
}
