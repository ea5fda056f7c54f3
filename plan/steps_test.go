package plan

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lvs/kernel"
	"lvs/kernel/memory"
)

func table(t *testing.T, k kernel.Kernel) *Table {
	t.Helper()
	out, err := ReadTable(context.Background(), k)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func master(id uint8) kernel.Daemon {
	return kernel.Daemon{Role: kernel.Master, Interface: "eth0", ID: id}
}

func newKernel() *memory.Kernel {
	k := memory.New()
	k.Interface("eth0", 1500)
	return k
}

func TestStepsForSettings(t *testing.T) {
	k := newKernel()
	if err := k.StartDaemon(context.Background(), master(1)); err != nil {
		t.Fatal(err)
	}
	now := table(t, k)
	for _, c := range []struct {
		name        string
		timeouts    kernel.Timeouts
		daemons     []kernel.Daemon
		prune       bool
		set         kernel.Timeouts
		stop, start int
	}{
		{name: "nothing said"},
		{name: "as it is", timeouts: now.Timeouts, daemons: now.Daemons, prune: true},
		{name: "defaults left out", daemons: []kernel.Daemon{master(1)}, prune: true},
		{name: "one timeout", timeouts: kernel.Timeouts{TCP: now.Timeouts.TCP, UDP: time.Minute},
			set: kernel.Timeouts{UDP: time.Minute}},
		{name: "another id", daemons: []kernel.Daemon{master(2)}, stop: 1, start: 1},
		{name: "the other role too", daemons: []kernel.Daemon{{Role: kernel.Backup, Interface: "eth0"}}, start: 1},
		{name: "the other role instead", daemons: []kernel.Daemon{{Role: kernel.Backup, Interface: "eth0"}}, prune: true,
			start: 1, stop: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s Steps
			s.PlanTimeouts(now.Timeouts, c.timeouts)
			s.PlanDaemons(now.Daemons, c.daemons, c.prune)
			if s.Timeouts != c.set || len(s.Stop) != c.stop || len(s.Start) != c.start {
				t.Errorf("planned %+v", s)
			}
		})
	}
}

// TestNothingIsDeletedBeforeSettings: a daemon that cannot be started is known
// before servers go, whose connections would not come back with them.
func TestNothingIsDeletedBeforeSettings(t *testing.T) {
	k := newKernel()
	load(t, k, []Service{state("fwmark:1", "rr", 1, 2, 1), state("fwmark:2", "rr", 1, 1, 1)})
	before := table(t, k)
	steps := Steps{
		Changes: Between(before.Snapshot, []Service{state("fwmark:1", "wlc", 2, 3, 1)}, Options{Prune: true}),
		Start:   []kernel.Daemon{{Role: kernel.Master, Interface: "nosuch0"}},
	}
	k.Refuse(func(c kernel.Change) error {
		if last := netip.MustParseAddrPort("10.0.0.3:80"); deletes(c.Op) && c.Server.Addr != last { // that one is new
			t.Errorf("%v %v %v", c.Op, c.Service.ServiceID, c.Server.Addr)
		}
		return nil
	})
	_, err := steps.Apply(context.Background(), k, before, ApplyOptions{})
	if f := (*Failure)(nil); !errors.As(err, &f) || f.Undo != nil || !errors.Is(err, kernel.ErrNoInterface) {
		t.Errorf("%v", err)
	}
	same(t, before.Snapshot, read(t, k))
}

// TestSettingsAreUndoneWithDeletions: what cannot be deleted takes the settings
// back that were set before it.
func TestSettingsAreUndoneWithDeletions(t *testing.T) {
	k := newKernel()
	load(t, k, []Service{state("fwmark:1", "rr", 1, 2, 1)})
	before := table(t, k)
	steps := Steps{
		Changes:  Between(before.Snapshot, []Service{state("fwmark:1", "wlc", 2, 3, 1)}, Options{}),
		Timeouts: kernel.Timeouts{UDP: time.Minute}, Start: []kernel.Daemon{master(1)},
	}
	k.Refuse(func(c kernel.Change) error {
		if c.Op == kernel.DeleteServer && c.Server.Addr == netip.MustParseAddrPort("10.0.0.1:80") {
			return kernel.ErrNoMemory
		}
		return nil
	})
	_, err := steps.Apply(context.Background(), k, before, ApplyOptions{})
	if f := (*Failure)(nil); !errors.As(err, &f) || f.Undo != nil {
		t.Errorf("%v", err)
	}
	sameTable(t, before, table(t, k))
}

// TestSettingsAreUndone: the second daemon cannot be started, so all is as
// before, services included.
func TestSettingsAreUndone(t *testing.T) {
	k := newKernel()
	ctx := context.Background()
	load(t, k, []Service{state("fwmark:1", "rr", 1, 1, 1)})
	if err := k.StartDaemon(ctx, master(1)); err != nil {
		t.Fatal(err)
	}
	before := table(t, k)
	steps := Steps{
		Changes:  Between(before.Snapshot, []Service{state("fwmark:2", "rr", 1, 1, 1)}, Options{Prune: true}),
		Timeouts: kernel.Timeouts{UDP: time.Minute},
		Stop:     before.Daemons,
		Start:    []kernel.Daemon{master(2), {Role: kernel.Backup, Interface: "nosuch"}},
	}
	_, err := steps.Apply(ctx, k, before, ApplyOptions{})
	if f := (*Failure)(nil); !errors.As(err, &f) || f.Undo != nil || !errors.Is(err, kernel.ErrNoInterface) {
		t.Errorf("%v", err)
	}
	after := table(t, k)
	same(t, before.Snapshot, after.Snapshot)
	if d := cmp.Diff([]any{before.Timeouts, before.Daemons}, []any{after.Timeouts, after.Daemons}, values); d != "" {
		t.Errorf("(-before +after)\n%s", d)
	}
}

func TestNarrow(t *testing.T) {
	s := Steps{
		Changes:  []kernel.Change{{Op: kernel.AddService}, {Op: kernel.EditServer}, {Op: kernel.DeleteServer}},
		Timeouts: kernel.Timeouts{UDP: time.Minute},
		Stop:     []kernel.Daemon{master(1)}, Start: []kernel.Daemon{master(2), {Role: kernel.Backup}},
	}
	for _, c := range []struct {
		allowed    Kinds
		kept, left int
	}{{0, 7, 0}, {Adding, 2, 5}, {Updating, 4, 3}, {Deleting, 1, 6}, {Adding | Updating | Deleting, 7, 0}} {
		t.Run(fmt.Sprintf("%03b", c.allowed), func(t *testing.T) {
			kept, left := s.Narrow(c.allowed)
			if kept.Len() != c.kept || left.Len() != c.left {
				t.Errorf("%d kept, %d left", kept.Len(), left.Len())
			}
		})
	}
}

// TestQuiesce: what will be deleted takes no new connections before, and nothing
// is deleted yet.
func TestQuiesce(t *testing.T) {
	k := newKernel()
	load(t, k, []Service{state("fwmark:1", "rr", 1, 2, 5), state("fwmark:2", "rr", 1, 2, 5)})
	before := table(t, k)
	steps := Steps{Changes: Between(before.Snapshot, []Service{state("fwmark:1", "rr", 2, 2, 5)}, Options{Prune: true})}
	first, then := steps.Quiesce(before.Snapshot)
	if _, err := first.Apply(context.Background(), k, before, ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, e := range read(t, k).Services {
		for _, s := range e.Servers {
			// The kernel lists the last added first: that is the one that stays.
			stays := e.FWMark == 1 && s.Addr == before.Services[0].Servers[0].Addr
			if (s.Weight > 0) != stays {
				t.Errorf("%v %v has the weight %d", e.ServiceID, s.Addr, s.Weight)
			}
		}
	}
	for i := range then.Changes {
		if KindOf(then.Changes[i].Op) != Deleting {
			t.Errorf("%v comes last", then.Changes[i].Op)
		}
	}
	if len(then.Changes) == 0 {
		t.Error("nothing is deleted")
	}
}

func TestCosts(t *testing.T) {
	k := newKernel()
	load(t, k, []Service{state("fwmark:1", "rr", 1, 2, 5), state("fwmark:2", "rr", 1, 1, 5)})
	snap := read(t, k)
	for i := range snap.Services {
		for j := range snap.Services[i].Servers {
			s := &snap.Services[i].Servers[j]
			s.Active, s.Inactive, s.Persistent = 10, 100, 1000
		}
	}
	first := &snap.Services[0]
	got := Costs(snap, []kernel.Change{
		{Op: kernel.EditServer, Service: first.Service, Server: first.Servers[0].Server},
		{Op: kernel.DeleteServer, Service: first.Service, Server: first.Servers[0].Server},
		{Op: kernel.DeleteService, Service: first.Service},
		{Op: kernel.DeleteService, Service: kernel.Service{ServiceID: id("fwmark:99")}},
	}, Rules{})
	want := []Cost{{}, {Established: 10, Other: 100, Persistent: 1000, Stranded: 1000},
		{Established: 20, Other: 200, Persistent: 2000, Stranded: 2000}, {}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestKeepWeights(t *testing.T) {
	k := newKernel()
	load(t, k, []Service{state("fwmark:1", "rr", 1, 2, 5)})
	want := []Service{state("fwmark:1", "rr", 1, 3, 9)}
	want[0].Servers[0].Upper = 10
	const plan = "add server fwmark:1 10.0.0.3:80 9\nedit server fwmark:1 10.0.0.1:80 5\n"
	if d := cmp.Diff(plan, show(Between(read(t, k), want, Options{KeepWeights: true}))); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// TestQuiesceProperties takes many pairs of states in two halves, as apply
// --drain does: no service starves on the way, the end is the wanted state, and
// the journal's entry of both halves leads back and there again.
func TestQuiesceProperties(t *testing.T) {
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 5))
		from, to := randomState(r), randomState(r)
		o := Options{Prune: r.IntN(2) == 0}
		k := memory.New()
		load(t, k, from)
		before := table(t, k)
		all := Steps{Changes: Between(before.Snapshot, to, o)}
		first, _ := all.Quiesce(before.Snapshot)
		for i := range first.Changes {
			if deletes(first.Changes[i].Op) {
				t.Fatalf("seed %d: deleted before the wait:\n%s", seed, show(first.Changes))
			}
		}
		starving(t, k, first.Changes, to)
		quiet := table(t, k)
		rest := Steps{Changes: Between(quiet.Snapshot, to, o)}
		for i := range rest.Changes {
			if c := &rest.Changes[i]; !deletes(c.Op) || c.Op.OnServer() && c.Server.Weight > 0 {
				t.Fatalf("seed %d: after the wait:\n%s", seed, show(rest.Changes))
			}
		}
		starving(t, k, rest.Changes, to)
		after := table(t, k)
		if left := Between(after.Snapshot, to, o); len(left) > 0 {
			t.Fatalf("seed %d: left:\n%s", seed, show(left))
		}

		back := Revert(Merge(append(first.Objects(before), rest.Objects(quiet)...), nil), after)
		if len(back.Since) > 0 || len(back.Lost) > 0 {
			t.Fatalf("seed %d: changed since %+v, lost %+v", seed, back.Since, back.Lost)
		}
		if _, err := back.Apply(t.Context(), k, back.Before, ApplyOptions{}); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		sameTable(t, before, table(t, k))
		redo := Revert(Merge(back.Objects, nil), table(t, k))
		if _, err := redo.Apply(t.Context(), k, redo.Before, ApplyOptions{}); err != nil {
			t.Fatalf("seed %d, again: %v", seed, err)
		}
		sameTable(t, after, table(t, k))
	}
}

// A service that was drained and deleted comes back with its servers in order.
func TestRevertOfDrainedServiceKeepsTheOrder(t *testing.T) {
	k := memory.New()
	load(t, k, wide(2, 5))
	before := table(t, k)
	all := Steps{Changes: Between(before.Snapshot, nil, Options{Prune: true})}
	first, then := all.Quiesce(before.Snapshot)
	objects := append(first.Objects(before), then.Objects(before)...)
	for _, s := range []Steps{first, then} {
		if _, err := s.Apply(t.Context(), k, table(t, k), ApplyOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	back := Revert(Merge(objects, nil), table(t, k))
	if _, err := back.Apply(t.Context(), k, back.Before, ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(Of(before.Snapshot), Of(read(t, k)), values); d != "" {
		t.Errorf("(-before +after)\n%s", d)
	}
}
