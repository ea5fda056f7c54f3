package sim

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"lvs/kernel"
	"lvs/kernel/memory"
)

// The world lives in steps. A day of it takes eight minutes, so that a quarter
// of an hour on a screen shows its tides.
const (
	stepTime       = 200 * time.Millisecond
	stepsPerSecond = int64(time.Second / stepTime)
	dayLength      = 480 * stepsPerSecond
)

// world is everybody: clients, servers, and who looks after these.
type world struct {
	table    *memory.Kernel
	rand     *rand.Rand
	step     int64
	timeouts kernel.Timeouts
	services []*service
	wheel    wheel
	health   health
}

// service is a profile at work.
type service struct {
	profile
	set       kernel.Service // as the table has it now
	pool      []*server      // as the table has them now
	known     map[netip.AddrPort]*server
	templates map[netip.Addr]*template
	visitors  []visitor
	// noise and burst multiply what comes, in thousandths.
	noise, burst int
	calm         int64 // the step that ends a burst
}

// server is a real server of one service. It outlives its row in the table, as
// connections do.
type server struct {
	kernel.Server
	at                           netip.AddrPort // never written again, for those who look on
	active, inactive, persistent uint32
	moves                        flow // of its established connections, in a second
	owed                         flow // what is not counted of that yet, in fifths
	// total is what was counted, added what of it the kernel has added up, told
	// what of that is in the table.
	total, added, told kernel.Counters
	rates              estimate
	credit             int64 // its claim in a weighted round
}

func newWorld(table *memory.Kernel, seed uint64) *world {
	w := &world{table: table, rand: rand.New(rand.NewPCG(seed, 1)), health: health{next: int64(warmUp/stepTime) + 75*stepsPerSecond}}
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

// live goes on by n steps with the table as it is.
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

// look takes over what was changed in the table.
func (w *world) look() {
	ctx := context.Background()
	snap, err := w.table.Snapshot(ctx)
	if err != nil { // denied or unloaded: nobody changed anything either
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
			if !slices.Contains(before, v) { // its row begins with 0
				v.added, v.told = v.total, v.total
			}
			v.Server = row.Server
			s.pool = append(s.pool, v)
		}
	}
}

// publish writes into the table what happened since the last time.
func (w *world) publish() {
	w.tell(func(v *server) kernel.Counters {
		news, _ := v.added.Sub(v.told)
		v.told = v.added
		return news
	})
}

// age makes the counters those of a director that has been up for weeks, as if
// all of them had been like its first minutes.
func (w *world) age() {
	const times = 4000
	w.tell(func(v *server) kernel.Counters {
		c := v.added
		return kernel.Counters{
			Connections: times * c.Connections, PacketsIn: times * c.PacketsIn, PacketsOut: times * c.PacketsOut,
			BytesIn: times * c.BytesIn, BytesOut: times * c.BytesOut,
		}
	})
}

func (w *world) tell(news func(*server) kernel.Counters) {
	for _, s := range w.services {
		for _, v := range s.pool {
			w.table.Traffic(s.ServiceID, v.Addr, memory.Traffic{
				Add: news(v), Rates: v.rates.rates(), Active: v.active, Inactive: v.inactive, Persistent: v.persistent,
			})
		}
	}
}

// must is for a table of our own, which takes what is in this package: a test
// makes one.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
