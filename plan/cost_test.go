package plan

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"lvs/kernel"
	"lvs/kernel/memory"

	"github.com/google/go-cmp/cmp"
)

// TestCostsAreWhatGoes: what a plan costs is what the servers had that are not in
// the table afterwards.
func TestCostsAreWhatGoes(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 9))
		k := memory.New()
		load(t, k, randomState(r))
		for _, e := range read(t, k).Services {
			for _, v := range e.Servers {
				k.Traffic(e.ServiceID, v.Addr, memory.Traffic{Active: r.Uint32N(9), Inactive: r.Uint32N(9),
					Persistent: r.Uint32N(9)})
			}
		}
		before := read(t, k)
		plan := Between(before, randomState(r), Options{Prune: r.IntN(2) == 0})
		got := Sum(Costs(before, plan, Rules{}))
		want := Cost{}
		if err := k.Apply(t.Context(), plan); err != nil {
			t.Fatal(err)
		}
		after := read(t, k).Index()
		for _, e := range before.Services {
			for _, v := range e.Servers {
				if after[e.ServiceID].Server(v.Addr) == nil {
					want.Add(Cost{Established: uint64(v.Active), Other: uint64(v.Inactive), Persistent: uint64(v.Persistent)})
				}
			}
		}
		got.Stranded, got.Fates = 0, Fates{}
		if got != want {
			t.Fatalf("seed %d: %+v, want %+v\n%s", seed, got, want, show(plan))
		}
	}
}

// TestPlanStages: what is new comes before anything that is there is taken out of
// use, and nothing is deleted before that.
func TestPlanStages(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 13))
		k := memory.New()
		load(t, k, randomState(r))
		before := read(t, k)
		all := Steps{Changes: Between(before, randomState(r), Options{Prune: true})}
		first, _ := all.Quiesce(before)
		for _, plan := range [][]kernel.Change{all.Changes, first.Changes} {
			stage := 0
			for i := range plan {
				now := 1
				switch c := &plan[i]; {
				case KindOf(c.Op) == Adding:
					now = 0
				case deletes(c.Op):
					now = 3
				case takes(c):
					now = 2
				}
				if now < stage {
					t.Fatalf("seed %d: step %d is out of order:\n%s", seed, i, show(plan))
				}
				stage = now
			}
		}
	}
}

func TestStarved(t *testing.T) {
	const web, shop = "tcp://192.0.2.10:80", "fwmark:7"
	service := func(name string, weights ...int) kernel.ServiceEntry {
		e := kernel.ServiceEntry{Service: kernel.Service{ServiceID: id(name), Scheduler: "rr"}}
		for i, w := range weights {
			e.Servers = append(e.Servers, kernel.ServerEntry{Server: numbered(i+1, w)})
		}
		return e
	}
	change := func(op kernel.Op, name string, server, weight int) kernel.Change {
		return kernel.Change{Op: op, Service: kernel.Service{ServiceID: id(name)}, Server: numbered(server, weight)}
	}
	for _, c := range []struct {
		name    string
		before  []kernel.ServiceEntry
		changes []kernel.Change
		want    []string
	}{
		{"nothing changes", []kernel.ServiceEntry{service(web, 1)}, nil, nil},
		{"the last weight becomes 0", []kernel.ServiceEntry{service(web, 1, 0)},
			[]kernel.Change{change(kernel.EditServer, web, 1, 0)}, []string{web}},
		{"one of two becomes 0", []kernel.ServiceEntry{service(web, 1, 1)},
			[]kernel.Change{change(kernel.EditServer, web, 1, 0)}, nil},
		{"both become 0", []kernel.ServiceEntry{service(web, 1, 1)},
			[]kernel.Change{change(kernel.EditServer, web, 1, 0), change(kernel.EditServer, web, 2, 0)}, []string{web}},
		{"the last one is deleted", []kernel.ServiceEntry{service(web, 3, 0)},
			[]kernel.Change{change(kernel.DeleteServer, web, 1, 0)}, []string{web}},
		{"another one is added", []kernel.ServiceEntry{service(web, 3)},
			[]kernel.Change{change(kernel.AddServer, web, 2, 1), change(kernel.DeleteServer, web, 1, 0)}, nil},
		{"one with the weight 0 is added", []kernel.ServiceEntry{service(web, 3)},
			[]kernel.Change{change(kernel.AddServer, web, 2, 0), change(kernel.DeleteServer, web, 1, 0)}, []string{web}},
		{"another one gets a weight", []kernel.ServiceEntry{service(web, 3, 0)},
			[]kernel.Change{change(kernel.EditServer, web, 2, 1), change(kernel.EditServer, web, 1, 0)}, nil},
		{"a smaller weight is a weight", []kernel.ServiceEntry{service(web, 3)},
			[]kernel.Change{change(kernel.EditServer, web, 1, 1)}, nil},
		{"none had a weight before", []kernel.ServiceEntry{service(web, 0, 0)},
			[]kernel.Change{change(kernel.DeleteServer, web, 1, 0)}, nil},
		{"the whole service is deleted", []kernel.ServiceEntry{service(web, 1)},
			[]kernel.Change{change(kernel.DeleteService, web, 1, 0)}, nil},
		{"a service that is not there", nil, []kernel.Change{change(kernel.DeleteServer, web, 1, 0)}, nil},
		{"sorted", []kernel.ServiceEntry{service(shop, 1), service(web, 1)},
			[]kernel.Change{change(kernel.EditServer, shop, 1, 0), change(kernel.EditServer, web, 1, 0)},
			[]string{web, shop}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, id := range Starved(&kernel.Snapshot{Services: c.before}, c.changes) {
				got = append(got, id.String())
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

// numbered returns the server 10.0.0.N:80.
func numbered(n, weight int) kernel.Server {
	return kernel.Server{Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(n)}), 80), Weight: weight}
}
