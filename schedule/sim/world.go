package sim

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"lvs/kernel"
	"lvs/kernel/memory"
	"lvs/schedule"
)

// Time passes in steps. A day takes eight minutes, so that a quarter of an hour on a
// screen shows its waves.
const (
	stepTime       = 200 * time.Millisecond
	stepsPerSecond = int64(time.Second / stepTime)
	dayLength      = 480 * stepsPerSecond
)

// world is the simulation: clients, servers and their health checker.
type world struct {
	table    *memory.Kernel
	rand     *rand.Rand
	step     int64
	timeouts kernel.Timeouts
	services []*service
	wheel    wheel
	health   health
	counts   []schedule.Server // for the scheduler, used again
}

// service is a profile with its connections.
type service struct {
	profile
	set       kernel.Service // the configuration in the table
	pool      []*server      // the servers in the table
	known     map[netip.AddrPort]*server
	templates map[netip.Addr]*template
	visitors  []visitor
	// noise and burst multiply the number of connections, in thousandths.
	noise, burst int
	calm         int64 // the step in which a burst ends
}

// server is a real server of one service. Like its connections it remains after it
// is deleted from the table.
type server struct {
	kernel.Server
	at                           netip.AddrPort // never changes, so that readers need no lock
	active, inactive, persistent uint32
	moves                        flow // of its established connections, per second
	owed                         flow // the part that is not counted yet, in fifths
	// total is what was counted, added the part that the kernel has added up, and
	// published the part of that which is in the table.
	total, added, published kernel.Counters
	rates                   estimate
	credit                  int64 // in a weighted round
}

func newWorld(table *memory.Kernel, seed uint64) *world {
	w := &world{table: table, rand: rand.New(rand.NewPCG(seed, 1))}
	w.health.next = int64(warmUp/stepTime) + 75*stepsPerSecond
	var changes []kernel.Change
	for _, p := range profiles() {
		w.services = append(w.services, &service{
			profile: p, noise: 1000, burst: 1000,
			known: map[netip.AddrPort]*server{}, templates: map[netip.Addr]*template{},
		})
		changes = append(changes, kernel.Change{Op: kernel.AddService, Service: p.Service})
		for _, v := range slices.Backward(p.servers) { // the kernel lists the newest first
			changes = append(changes, kernel.Change{Op: kernel.AddServer, Service: p.Service, Server: v})
		}
	}
	ctx := context.Background()
	must(table.Apply(ctx, changes))
	must(table.SetTimeouts(ctx, timeouts))
	must(table.StartDaemon(ctx, daemon))
	return w
}

// live simulates n steps with the table as it is.
func (w *world) live(n int) {
	w.look()
	for range n {
		w.step++
		w.health.step(w)
		w.wheel.turn(w)
		for _, s := range w.services {
			s.weather(w)
			w.arrive(s)
			for _, v := range s.known {
				v.count(w.step)
			}
		}
	}
	w.publish()
}

// look reads the changes of the table.
func (w *world) look() {
	ctx := context.Background()
	snap, err := w.table.Snapshot(ctx)
	if err != nil { // denied or unloaded: nothing has changed
		return
	}
	w.timeouts, _ = w.table.Timeouts(ctx)
	for _, s := range w.services {
		before := s.pool
		s.pool = nil
		e := snap.Find(s.ServiceID)
		if e == nil {
			continue
		}
		s.set = e.Service
		for _, row := range e.Servers {
			v := s.known[row.Addr]
			if v == nil {
				v = &server{at: row.Addr}
				s.known[row.Addr] = v
			}
			if !slices.Contains(before, v) { // its counters begin with 0
				v.added, v.published = v.total, v.total
			}
			v.Server = row.Server
			s.pool = append(s.pool, v)
		}
	}
}

// publish writes into the table what happened since the last call.
func (w *world) publish() {
	w.write(func(v *server) kernel.Counters {
		news, _ := v.added.Sub(v.published)
		v.published = v.added
		return news
	})
}

// age multiplies the counters, as if the director had been running for weeks.
func (w *world) age() {
	const times = 4000
	w.write(func(v *server) kernel.Counters {
		c := v.added
		return kernel.Counters{
			Connections: times * c.Connections, PacketsIn: times * c.PacketsIn, PacketsOut: times * c.PacketsOut,
			BytesIn: times * c.BytesIn, BytesOut: times * c.BytesOut,
		}
	})
}

// write adds counters to the table, and sets rates and connections.
func (w *world) write(news func(*server) kernel.Counters) {
	for _, s := range w.services {
		for _, v := range s.pool {
			w.table.Traffic(s.ServiceID, v.Addr, memory.Traffic{
				Add: news(v), Rates: v.rates.rates(), Active: v.active, Inactive: v.inactive, Persistent: v.persistent,
			})
		}
	}
}

// must panics if the table refuses the profiles of this package, which a test would
// find.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
