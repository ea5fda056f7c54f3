package cluster

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lvs/kernel"
	"lvs/kernel/memory"
	"lvs/lab"
)

// Random changes, each then undone in reverse, give the table as it was after
// each of them.
func TestUndoneInReverse(t *testing.T) {
	for seed := range uint64(40) {
		undoneInReverse(t, newKernel(), seed, 12)
	}
}

func TestUndoneInReverseOnTheKernel(t *testing.T) {
	lab.Need(t, tunnels)
	for seed := range uint64(3) {
		k := open(t)
		if err := k.Flush(context.Background()); err != nil {
			t.Fatal(err)
		}
		undoneInReverse(t, k, seed, 12)
	}
}

func undoneInReverse(t *testing.T, k kernel.Kernel, seed uint64, steps int) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 11))
	j := &Journal{Dir: t.TempDir(), Max: 1 << 20}
	ctx := context.Background()
	tables := []*Table{table(t, k)}
	for range steps {
		before := tables[len(tables)-1]
		change := randomSteps(r, before)
		sent := change
		killed := r.IntN(3) == 0
		if killed { // halfway, so that nobody knows what was done
			sent.Changes = sent.Changes[:r.IntN(len(sent.Changes)+1)]
			sent.Timeouts, sent.Stop, sent.Start = kernel.Timeouts{}, nil, nil
		}
		n := begin(t, j, Entry{Objects: change.Objects(before)})
		if _, err := sent.Apply(ctx, k, before, ApplyOptions{}); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if !killed {
			if err := j.End(ctx, n, End{Outcome: Done}); err != nil {
				t.Fatal(err)
			}
		}
		tables = append(tables, table(t, k))
	}
	all := entries(t, j)
	if len(all) != steps {
		t.Fatalf("%d entries", len(all))
	}
	for i := len(all) - 1; i >= 0; i-- {
		now := table(t, k)
		back := Revert(&all[i], now)
		if len(back.Since) > 0 || len(back.Lost) > 0 {
			t.Fatalf("seed %d, entry %d: changed since %+v, lost %+v", seed, i, back.Since, back.Lost)
		}
		if _, err := back.Apply(ctx, k, back.Before, ApplyOptions{}); err != nil {
			t.Fatalf("seed %d, entry %d: %v", seed, i, err)
		}
		sameTable(t, tables[i], table(t, k))
		// An undo is an entry too: undone itself, it does the change again.
		redo := Revert(&Entry{Objects: back.Objects, End: End{Outcome: Done}}, table(t, k))
		if _, err := redo.Apply(ctx, k, redo.Before, ApplyOptions{}); err != nil {
			t.Fatalf("seed %d, entry %d again: %v", seed, i, err)
		}
		sameTable(t, now, table(t, k))
		back = Revert(&all[i], table(t, k))
		if _, err := back.Apply(ctx, k, back.Before, ApplyOptions{}); err != nil {
			t.Fatalf("seed %d, entry %d: %v", seed, i, err)
		}
		sameTable(t, tables[i], table(t, k))
	}
}

// randomSteps go to another random table, with daemons and timeouts now and
// then.
func randomSteps(r *rand.Rand, now *Table) Steps {
	s := Steps{Changes: Plan(now.Snapshot, randomState(r), PlanOptions{Prune: r.IntN(3) > 0})}
	if r.IntN(2) == 0 {
		s.planTimeouts(now.Timeouts, kernel.Timeouts{TCP: pick(r, time.Minute, time.Hour), TCPFin: pick(r, time.Minute, time.Hour), UDP: time.Minute})
	}
	if r.IntN(2) == 0 {
		var want []kernel.Daemon
		for _, role := range []kernel.Role{kernel.Master, kernel.Backup}[r.IntN(3)%2:] {
			want = append(want, kernel.Daemon{Role: role, Interface: "lo", ID: uint8(r.IntN(2)), MaxLen: 1400})
		}
		s.planDaemons(now.Daemons, want, r.IntN(2) == 0)
	}
	return s
}

func sameTable(t *testing.T, a, b *Table) {
	t.Helper()
	same(t, a.Snapshot, b.Snapshot)
	if a.Timeouts != b.Timeouts {
		t.Fatalf("timeouts %v became %v", a.Timeouts, b.Timeouts)
	}
	if d := cmp.Diff(a.Daemons, b.Daemons, values); d != "" {
		t.Fatalf("daemons (-before +after)\n%s", d)
	}
}

// A service that comes back has its servers in the order in which they were.
func TestRevertKeepsTheOrder(t *testing.T) {
	k := memory.New()
	load(t, k, wide(2, 5))
	before := table(t, k)
	s := Steps{Changes: Plan(before.Snapshot, nil, PlanOptions{Prune: true})}
	objects := s.Objects(before)
	if _, err := s.Apply(t.Context(), k, before, ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	back := Revert(&Entry{Objects: objects}, table(t, k))
	if _, err := back.Apply(t.Context(), k, back.Before, ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(Of(before.Snapshot), Of(read(t, k)), values); d != "" {
		t.Errorf("(-before +after)\n%s", d)
	}
}

// What was refused stays out of the way back, also where it is like another.
func TestRevertLeavesRefusedAlone(t *testing.T) {
	k := memory.New()
	want := wide(1, 2)
	become(t, k, []Service{{Service: want[0].Service, Servers: want[0].Servers[:1]}})
	var objects []Object
	for i := range want[0].Servers {
		v := &want[0].Servers[i]
		objects = append(objects, Object{Service: want[0].ServiceID, Server: v.Addr, AfterServer: v})
	}
	e := Entry{Objects: objects, End: End{Outcome: Partly, Refused: []int{0}}}
	become(t, k, want) // the second was made
	back := Revert(&e, table(t, k))
	if len(back.Changes) != 1 || back.Changes[0].Op != kernel.DeleteServer || back.Changes[0].Server.Addr != want[0].Servers[1].Addr {
		t.Errorf("%s", show(back.Changes))
	}
}

// Another's change shows, and so does a server whose service is gone.
func TestSince(t *testing.T) {
	k := memory.New()
	want := wide(1, 2)
	become(t, k, want)
	v := want[0].Servers[0]
	heavy := v
	heavy.Weight = 7
	edit := Entry{Objects: []Object{{Service: want[0].ServiceID, Server: v.Addr, BeforeServer: &heavy, AfterServer: &v}}}
	if back := Revert(&edit, table(t, k)); len(back.Since) > 0 || len(back.Changes) != 1 {
		t.Errorf("as it was left: since %+v, changes %s", back.Since, show(back.Changes))
	}
	lighter := slices.Clone(want[0].Servers)
	lighter[0].Weight = 3
	become(t, k, []Service{{Service: want[0].Service, Servers: lighter}})
	back := Revert(&edit, table(t, k))
	if len(back.Since) != 1 || back.Since[0].BeforeServer.Weight != 1 || back.Since[0].AfterServer.Weight != 3 {
		t.Errorf("changed since: %+v", back.Since)
	}
	if len(back.Changes) != 1 || back.Changes[0].Server.Weight != 7 {
		t.Errorf("and put back: %s", show(back.Changes))
	}
	become(t, k, nil)
	if back := Revert(&edit, table(t, k)); len(back.Lost) != 1 || len(back.Changes) != 0 {
		t.Errorf("without the service: %+v", back)
	}
}

// become makes a table equal to a wanted state.
func become(t *testing.T, k kernel.Kernel, want []Service) {
	t.Helper()
	if err := k.Apply(context.Background(), Plan(read(t, k), want, PlanOptions{Prune: true})); err != nil {
		t.Fatal(err)
	}
}
