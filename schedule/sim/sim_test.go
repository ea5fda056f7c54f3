package sim_test

import (
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"lvs/kernel"
	"lvs/schedule/sim"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var (
	web  = kernel.AddressID(kernel.TCP, netip.MustParseAddrPort("192.0.2.10:443"))
	shop = kernel.MarkID(1, kernel.IPv4)
)

// director is a simulation with a clock that the test moves.
type director struct {
	*sim.Kernel
	t   *testing.T
	now time.Time
}

func start(t *testing.T) *director {
	d := &director{t: t, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	d.Kernel = sim.New(1, func() time.Time { return d.now })
	return d
}

// after moves the clock and reads the table.
func (d *director) after(wait time.Duration) *kernel.Snapshot {
	d.t.Helper()
	d.now = d.now.Add(wait)
	s, err := d.Snapshot(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	return s
}

func (d *director) change(op kernel.Op, s kernel.Service, v kernel.Server) {
	d.t.Helper()
	if err := d.Apply(d.t.Context(), []kernel.Change{{Op: op, Service: s, Server: v}}); err != nil {
		d.t.Fatal(err)
	}
}

// entries returns the connection table.
func (d *director) entries() (out []kernel.Connection) {
	for c, err := range d.Connections(d.t.Context(), kernel.WithEngine) {
		if err != nil {
			d.t.Fatal(err)
		}
		out = append(out, *c)
	}
	return out
}

func server(t *testing.T, s *kernel.Snapshot, id kernel.ServiceID, addr string) *kernel.ServerEntry {
	t.Helper()
	v := s.Find(id).Server(netip.MustParseAddrPort(addr))
	if v == nil {
		t.Fatalf("no server %s of %v", addr, id)
	}
	return v
}

func TestWhatItDoesDependsOnTheClockAlone(t *testing.T) {
	often, once := start(t), start(t)
	for i := range 300 {
		often.after(time.Second)
		if i%50 == 0 {
			often.entries()
		}
	}
	once.after(299 * time.Second)
	byPart := cmpopts.EquateComparable(netip.AddrPort{}, netip.Addr{})
	if diff := cmp.Diff(once.after(time.Second), often.after(0), byPart); diff != "" {
		t.Errorf("reading changes what happens (-once +often):\n%s", diff)
	}
	if diff := cmp.Diff(once.entries(), often.entries(), byPart); diff != "" {
		t.Errorf("connections (-once +often):\n%s", diff)
	}
}

// The numbers of a director fit together; so do these, also while machines fail.
func TestNumbersFitTogether(t *testing.T) {
	d := start(t)
	for range 25 {
		s := d.after(17 * time.Second)
		conns := held(d.entries())
		var all kernel.Counters
		for _, e := range s.Services {
			var sum kernel.Counters
			for _, v := range e.Servers {
				sum = sum.Add(v.Stats.Counters)
				out := v.Stats.Counters.PacketsOut + v.Stats.Counters.BytesOut + v.Stats.Rates.BytesOut
				if v.Forward != kernel.NAT && out > 0 {
					t.Errorf("%v %v: %v forwarding counts replies: %+v", e.ServiceID, v.Addr, v.Forward, v.Stats)
				}
				want := conns[kernel.ServerKey{Service: e.ServiceID, Server: v.Addr}]
				if got := (holds{v.Active, v.Inactive, v.Persistent}); got != want {
					t.Errorf("%v %v: %+v, but the connections say %+v", e.ServiceID, v.Addr, got, want)
				}
			}
			if sum != e.Stats.Counters {
				t.Errorf("%v counted %+v, its servers %+v", e.ServiceID, e.Stats.Counters, sum)
			}
			all = all.Add(sum)
		}
		if totals, err := d.Totals(t.Context()); err != nil || totals.Counters != all {
			t.Errorf("totals %+v, %v; the services together %+v", totals.Counters, err, all)
		}
		if t.Failed() {
			return
		}
	}
}

// holds is the number of connections of a server.
type holds struct{ active, inactive, bound uint32 }

// held counts connections as the kernel does.
func held(conns []kernel.Connection) map[kernel.ServerKey]holds {
	out := map[kernel.ServerKey]holds{}
	for _, c := range conns {
		at := kernel.ServerKey{Service: kernel.AddressID(c.Protocol, c.Virtual), Server: c.Server}
		if c.Server.Addr().String()[:7] == "10.0.1." { // the mark's
			at = kernel.ServerKey{Service: shop, Server: netip.AddrPortFrom(c.Server.Addr(), 0)}
		}
		h := out[at]
		switch {
		case c.Template():
			h.bound++
		case c.State == "ESTABLISHED" || c.State == "SYN_RECV":
			h.active++
		default:
			h.inactive++
		}
		out[at] = h
	}
	return out
}

func TestThereIsSomethingOfEverything(t *testing.T) {
	d := start(t)
	s := d.after(0)
	forwards, states := map[kernel.Forward]bool{}, map[string]bool{}
	without := 0
	for _, e := range s.Services {
		for _, v := range e.Servers {
			forwards[v.Forward] = true
		}
		if e.Capacity() == 0 {
			without++
		}
	}
	for _, c := range d.entries() {
		states[c.State] = true
	}
	if len(forwards) != 3 || without != 1 {
		t.Errorf("forwarding %v, %d services without capacity; want all three, and one", forwards, without)
	}
	for _, state := range []string{"SYN_RECV", "ESTABLISHED", "FIN_WAIT", "TIME_WAIT", "UDP", "NONE"} {
		if !states[state] {
			t.Errorf("no connection is %s: %v", state, states)
		}
	}
	if e := s.Find(web); e.Stats.Counters.BytesOut < 1<<33 || e.Stats.Rates.Connections < 20 {
		t.Errorf("%v does little: %+v", web, e.Stats)
	}
	if daemons, err := d.Daemons(t.Context()); err != nil || len(daemons) != 1 {
		t.Errorf("sync daemons %v, %v; want one", daemons, err)
	}
}

// New connections follow the weights; a server of weight 0 empties, also one
// to which clients are bound.
func TestChangesActOnTheTraffic(t *testing.T) {
	for _, row := range []struct {
		service kernel.ServiceID
		addr    string
		within  time.Duration
	}{{web, "10.0.0.11:8443", 4 * time.Minute}, {shop, "10.0.1.21:0", 8 * time.Minute}} {
		t.Run(row.service.String(), func(t *testing.T) {
			d := start(t)
			v := server(t, d.after(0), row.service, row.addr)
			if v.Active < 10 {
				t.Errorf("%s is not busy: %+v", row.addr, v)
			}
			e := d.after(0).Find(row.service).Service
			before := v.Stats.Counters.Connections
			to := v.Server
			to.Weight = 0
			d.change(kernel.EditServer, e, to)
			s := d.after(row.within)
			v = server(t, s, row.service, row.addr)
			if v.Active != 0 {
				t.Errorf("%s after %s of weight 0: %d active connections", row.addr, row.within, v.Active)
			}
			if row.service == web && v.Stats.Counters.Connections != before {
				t.Errorf("%s has weight 0 and got %d connections", row.addr, v.Stats.Counters.Connections-before)
			}
			to.Weight = 100
			d.change(kernel.EditServer, e, to)
			if v := server(t, d.after(time.Minute), row.service, row.addr); v.Active < 10 {
				t.Errorf("%s is back and has %d active connections", row.addr, v.Active)
			}
		})
	}
}

func TestAMachineFailsAndComesBack(t *testing.T) {
	d := start(t)
	weights := func(s *kernel.Snapshot) (out []int) {
		for _, e := range s.Services {
			for _, v := range e.Servers {
				out = append(out, v.Weight)
			}
		}
		return out
	}
	whole := weights(d.after(0))
	failures, back := 0, 0
	was := whole
	for range 20 * 60 {
		now := weights(d.after(time.Second))
		if !slices.Equal(now, was) {
			if slices.Equal(now, whole) {
				back++
			} else {
				failures++
			}
		}
		was = now
	}
	if failures < 3 || back < failures-1 {
		t.Errorf("in 20 minutes machines failed %d times and came back %d times", failures, back)
	}
}

// The recovery does not overwrite a weight that was set meanwhile.
func TestAWeightSetDuringAFailureStays(t *testing.T) {
	d := start(t)
	for range 10 * 60 {
		s := d.after(time.Second)
		for _, e := range s.Services {
			for _, v := range e.Servers {
				if v.Weight == 0 && e.Port != 5432 {
					v.Weight = 7
					d.change(kernel.EditServer, e.Service, v.Server)
					got := server(t, d.after(2*time.Minute), e.ServiceID, v.Addr.String())
					if got.Weight != 7 {
						t.Errorf("the weight of %v is %d; want 7, which was set", v.Addr, got.Weight)
					}
					return
				}
			}
		}
	}
	t.Error("no machine failed in ten minutes")
}

func TestServersComeAndGo(t *testing.T) {
	d := start(t)
	e := d.after(0).Find(web)
	for _, v := range e.Servers {
		d.change(kernel.DeleteServer, e.Service, v.Server)
	}
	lost := d.after(5 * time.Second).Find(web).Stats.Counters.Connections
	if now := d.after(20 * time.Second).Find(web).Stats.Counters.Connections; now != lost {
		t.Errorf("%d connections went to no server", now-lost)
	}
	fresh := kernel.Server{Addr: netip.MustParseAddrPort("10.0.0.99:8443"), Weight: 5}
	d.change(kernel.AddServer, e.Service, fresh)
	d.change(kernel.AddServer, e.Service, e.Servers[0].Server)
	s := d.after(30 * time.Second)
	if v := server(t, s, web, "10.0.0.99:8443"); v.Active == 0 || v.Stats.Counters.Connections > 10_000 {
		t.Errorf("a new server has %+v", v)
	}
	if v := server(t, s, web, e.Servers[0].Addr.String()); v.Stats.Counters.Connections > 10_000 {
		t.Errorf("a server that was added again goes on counting: %+v", v.Stats.Counters)
	}
	if err := d.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	if s := d.after(time.Minute); len(s.Services) != 0 {
		t.Errorf("services in an empty table: %v", s.Services)
	}
}

// A laptop that slept, or a clock that was set back, must not block the next request.
func TestTheClockJumps(t *testing.T) {
	d := start(t)
	before := d.after(0).Find(web).Stats.Counters.Connections
	if now := d.after(-time.Hour).Find(web).Stats.Counters.Connections; now != before {
		t.Errorf("%d connections while the clock went back", now-before)
	}
	began := time.Now()
	d.after(1000 * time.Hour)
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("catching up with a long sleep took %s", took)
	}
	if now := d.after(10 * time.Second).Find(web).Stats.Counters.Connections; now == before {
		t.Error("nothing happens any more")
	}
}

// A dashboard reads while it changes.
func TestReadersAndWritersTogether(t *testing.T) {
	k := sim.New(1, time.Now)
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			for range 20 {
				s, err := k.Snapshot(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				e := s.Find(web)
				e.Servers[0].Weight++
				change := kernel.Change{Op: kernel.EditServer, Service: e.Service, Server: e.Servers[0].Server}
				err = k.Apply(t.Context(), []kernel.Change{change})
				if err != nil {
					t.Error(err)
				}
				for range k.Connections(t.Context(), kernel.WithOrigin) {
					break
				}
				time.Sleep(time.Millisecond) // the clock that makes the traffic
			}
		})
	}
	all.Wait()
}

// BenchmarkSecond measures one refresh per second.
func BenchmarkSecond(b *testing.B) {
	now := time.Unix(0, 0)
	k := sim.New(1, func() time.Time { return now })
	for b.Loop() {
		now = now.Add(time.Second)
		if _, err := k.Snapshot(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
