package plan

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lvs/kernel"
	"lvs/kernel/contract"
	"lvs/kernel/memory"
)

func TestPlanChangesOnlyWhatDiffers(t *testing.T) {
	k := memory.New()
	service := func(s, scheduler string, servers ...kernel.Server) Service {
		return Service{kernel.Service{ServiceID: id(s), Scheduler: scheduler}, servers}
	}
	server := func(s string, weight int) kernel.Server {
		return kernel.Server{Addr: netip.MustParseAddrPort(s), Weight: weight}
	}
	load(t, k, []Service{
		service("tcp://10.0.0.1:80", "rr", server("10.0.1.1:80", 1), server("10.0.1.2:80", 0), server("10.0.1.3:80", 1)),
		service("tcp://10.0.0.2:80", "rr", server("10.0.1.1:80", 1)),
		service("tcp://10.0.0.3:80", "rr"),
		service("fwmark:1", "rr"),
	})
	want := []Service{
		service("tcp://10.0.0.3:80", "rr", server("10.0.1.1:80", 1)),
		service("tcp://10.0.0.1:80", "lc", server("10.0.1.4:80", 1), server("10.0.1.3:80", 0), server("10.0.1.2:80", 5)),
		service("tcp://10.0.0.2:80", "rr", server("10.0.1.1:80", 1)),
		service("tcp://10.0.0.9:80", "rr", server("10.0.1.1:80", 1)),
	}
	const merged = `add server tcp://10.0.0.3:80 10.0.1.1:80 1
add server tcp://10.0.0.1:80 10.0.1.4:80 1
add service tcp://10.0.0.9:80 rr
add server tcp://10.0.0.9:80 10.0.1.1:80 1
edit service tcp://10.0.0.1:80 lc
edit server tcp://10.0.0.1:80 10.0.1.2:80 5
edit server tcp://10.0.0.1:80 10.0.1.3:80 0
delete server tcp://10.0.0.1:80 10.0.1.1:80 1
`
	if d := cmp.Diff(merged, show(Between(read(t, k), want, Options{}))); d != "" {
		t.Errorf("merge (-want +got)\n%s", d)
	}
	if d := cmp.Diff(merged+"delete service fwmark:1 rr\n",
		show(Between(read(t, k), want, Options{Prune: true}))); d != "" {
		t.Errorf("prune (-want +got)\n%s", d)
	}
}

func TestPlanOverlooksWhatHasNoEffect(t *testing.T) {
	service := kernel.Service{ServiceID: id("tcp://10.0.0.1:80"), Scheduler: "rr"}
	server := kernel.Server{Addr: netip.MustParseAddrPort("10.0.1.1:80"), Forward: kernel.Direct}
	for _, c := range []struct {
		name       string
		have, want func(*kernel.Service, *kernel.Server)
		differs    bool
	}{
		{"the whole mask", func(s *kernel.Service, _ *kernel.Server) { s.Persistence = time.Minute },
			func(s *kernel.Service, _ *kernel.Server) { s.Persistence, s.Netmask = time.Minute, 0xffffffff }, false},
		{"a mask", func(s *kernel.Service, _ *kernel.Server) { s.Persistence = time.Minute },
			func(s *kernel.Service, _ *kernel.Server) { s.Persistence, s.Netmask = time.Minute, 0xffffff00 }, true},
		{"a mask without persistence", func(s *kernel.Service, _ *kernel.Server) { s.Netmask = 0xff000000 },
			func(*kernel.Service, *kernel.Server) {}, false},
		{"a tunnel's type without a tunnel", func(_ *kernel.Service, v *kernel.Server) { v.Tunnel.Type = kernel.GRE },
			func(*kernel.Service, *kernel.Server) {}, false},
		{"a tunnel's type", func(_ *kernel.Service, v *kernel.Server) { v.Forward = kernel.Tunneling },
			func(_ *kernel.Service, v *kernel.Server) {
				v.Forward, v.Tunnel.Type = kernel.Tunneling, kernel.GRE
			}, true},
		{"checksums of ipip", func(_ *kernel.Service, v *kernel.Server) { v.Forward = kernel.Tunneling },
			func(_ *kernel.Service, v *kernel.Server) {
				v.Forward, v.Tunnel.Flags = kernel.Tunneling, kernel.Checksum
			}, false},
		{"the director itself", func(_ *kernel.Service, v *kernel.Server) { v.Forward = kernel.Local },
			func(*kernel.Service, *kernel.Server) {}, false},
		{"the director itself, with another weight", func(_ *kernel.Service, v *kernel.Server) { v.Forward = kernel.Local },
			func(_ *kernel.Service, v *kernel.Server) { v.Weight = 3 }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			hs, hv, ws, wv := service, server, service, server
			c.have(&hs, &hv)
			c.want(&ws, &wv)
			have := &kernel.Snapshot{Services: []kernel.ServiceEntry{{Service: hs, Servers: []kernel.ServerEntry{{Server: hv}}}}}
			got := Between(have, []Service{{ws, []kernel.Server{wv}}}, Options{Prune: true})
			if (len(got) > 0) != c.differs {
				t.Errorf("planned %s", show(got))
			}
		})
	}
}

// TestPlanProperties takes many pairs of states: the plan between them reaches
// the second, is as short as can be, and starves no service on its way.
func TestPlanProperties(t *testing.T) {
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 1))
		from, to := randomState(r), randomState(r)
		prune := r.IntN(2) == 0
		k := memory.New()
		load(t, k, from)
		before := read(t, k)
		plan := Between(before, to, Options{Prune: prune})
		starving(t, k, plan, to)
		after := read(t, k)
		if rest := Between(after, to, Options{Prune: prune}); len(rest) > 0 {
			t.Fatalf("seed %d: a second plan is not empty:\n%s", seed, show(rest))
		}
		if want := differences(before, to, prune); len(plan) != want {
			t.Fatalf("seed %d: %d changes for %d differences:\n%s", seed, len(plan), want, show(plan))
		}
		if again := Between(after, Of(after), Options{Prune: true}); len(again) > 0 {
			t.Fatalf("seed %d: a table differs from itself:\n%s", seed, show(again))
		}
	}
}

// starving makes the changes one by one and fails when a service that has
// servers in use before and after is without on the way.
func starving(t *testing.T, k kernel.Kernel, plan []kernel.Change, to []Service) {
	t.Helper()
	fed := map[kernel.ServiceID]bool{}
	for _, e := range read(t, k).Services {
		fed[e.ServiceID] = inUse(Of(&kernel.Snapshot{Services: []kernel.ServiceEntry{e}})[0])
	}
	stays := map[kernel.ServiceID]bool{}
	for _, s := range to {
		stays[s.ServiceID] = inUse(s)
	}
	for i := range plan {
		if err := k.Apply(context.Background(), plan[i:i+1]); err != nil {
			t.Fatalf("%v\n%s", err, show(plan))
		}
		for _, s := range Of(read(t, k)) {
			if fed[s.ServiceID] && stays[s.ServiceID] && !inUse(s) {
				t.Fatalf("%v starves after step %d:\n%s", s.ServiceID, i, show(plan))
			}
		}
	}
}

func inUse(s Service) bool {
	for _, v := range s.Servers {
		if v.Weight > 0 {
			return true
		}
	}
	return false
}

// differences counts objects that differ, without looking at how Plan does.
func differences(have *kernel.Snapshot, want []Service, prune bool) (n int) {
	wanted := map[kernel.ServiceID]bool{}
	for _, w := range want {
		wanted[w.ServiceID] = true
		e := have.Find(w.ServiceID)
		if e == nil {
			n += 1 + len(w.Servers)
			continue
		}
		if !sameService(e.Service, w.Service) {
			n++
		}
		servers := map[netip.AddrPort]kernel.Server{}
		for _, v := range e.Servers {
			servers[v.Addr] = v.Server
		}
		for _, v := range w.Servers {
			old, ok := servers[v.Addr]
			if delete(servers, v.Addr); !ok || !sameServer(old, v) {
				n++
			}
		}
		n += len(servers)
	}
	for _, e := range have.Services {
		if prune && !wanted[e.ServiceID] {
			n++
		}
	}
	return n
}

func TestOfKeepsTheOrder(t *testing.T) {
	first, second := memory.New(), memory.New()
	load(t, first, randomState(rand.New(rand.NewPCG(7, 7))))
	load(t, second, Of(read(t, first)))
	if d := cmp.Diff(read(t, first).Services, read(t, second).Services, values); d != "" {
		t.Errorf("(-first +second)\n%s", d)
	}
}

func show(plan []kernel.Change) string {
	var b strings.Builder
	for _, c := range plan {
		fmt.Fprintf(&b, "%v %v", c.Op, c.Service.ServiceID)
		if c.Op.OnServer() {
			fmt.Fprintf(&b, " %v %d\n", c.Server.Addr, c.Server.Weight)
		} else {
			fmt.Fprintf(&b, " %s\n", c.Service.Scheduler)
		}
	}
	return b.String()
}

func BenchmarkPlan(b *testing.B) {
	full := bigTable()
	want := Of(full)
	for _, c := range []struct {
		name string
		have *kernel.Snapshot
	}{{"from nothing", &kernel.Snapshot{}}, {"nothing to do", full}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				Between(c.have, want, Options{Prune: true})
			}
		})
	}
}

// bigTable has 1,000 services with 10 servers each.
func bigTable() *kernel.Snapshot { return contract.WideTable(1000, 10) }
