package plan

import (
	"context"
	"errors"
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
		{name: "one timeout", timeouts: kernel.Timeouts{TCP: now.Timeouts.TCP, UDP: time.Minute}, set: kernel.Timeouts{UDP: time.Minute}},
		{name: "another id", daemons: []kernel.Daemon{master(2)}, stop: 1, start: 1},
		{name: "the other role too", daemons: []kernel.Daemon{{Role: kernel.Backup, Interface: "eth0"}}, start: 1},
		{name: "the other role instead", daemons: []kernel.Daemon{{Role: kernel.Backup, Interface: "eth0"}}, prune: true, start: 1, stop: 1},
	} {
		var s Steps
		s.PlanTimeouts(now.Timeouts, c.timeouts)
		s.PlanDaemons(now.Daemons, c.daemons, c.prune)
		if s.Timeouts != c.set || len(s.Stop) != c.stop || len(s.Start) != c.start {
			t.Errorf("%s: %+v", c.name, s)
		}
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
		kept, left := s.Narrow(c.allowed)
		if kept.Len() != c.kept || left.Len() != c.left {
			t.Errorf("%03b: %d kept, %d left", c.allowed, kept.Len(), left.Len())
		}
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
	})
	if d := cmp.Diff([]Cost{{}, {10, 100, 1000}, {20, 200, 2000}, {}}, got); d != "" {
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
