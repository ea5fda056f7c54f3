package journal

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"lvs/kernel"
	"lvs/lab"
	"lvs/plan"
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
	tables := []*plan.Table{table(t, k)}
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
		if _, err := sent.Apply(ctx, k, before, plan.ApplyOptions{}); err != nil {
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
		back := plan.Revert(all[i].Made(), now)
		if len(back.Since) > 0 || len(back.Lost) > 0 {
			t.Fatalf("seed %d, entry %d: changed since %+v, lost %+v", seed, i, back.Since, back.Lost)
		}
		if _, err := back.Apply(ctx, k, back.Before, plan.ApplyOptions{}); err != nil {
			t.Fatalf("seed %d, entry %d: %v", seed, i, err)
		}
		sameTable(t, tables[i], table(t, k))
		// An undo is an entry too: undone itself, it does the change again.
		redo := plan.Revert(plan.Merge(back.Objects, nil), table(t, k))
		if _, err := redo.Apply(ctx, k, redo.Before, plan.ApplyOptions{}); err != nil {
			t.Fatalf("seed %d, entry %d again: %v", seed, i, err)
		}
		sameTable(t, now, table(t, k))
		back = plan.Revert(all[i].Made(), table(t, k))
		if _, err := back.Apply(ctx, k, back.Before, plan.ApplyOptions{}); err != nil {
			t.Fatalf("seed %d, entry %d: %v", seed, i, err)
		}
		sameTable(t, tables[i], table(t, k))
	}
}

// randomSteps go to another random table, with daemons and timeouts now and
// then.
func randomSteps(r *rand.Rand, now *plan.Table) plan.Steps {
	s := plan.Steps{Changes: plan.Between(now.Snapshot, randomState(r), plan.Options{Prune: r.IntN(3) > 0})}
	if r.IntN(2) == 0 {
		s.PlanTimeouts(now.Timeouts, kernel.Timeouts{TCP: pick(r, time.Minute, time.Hour),
			TCPFin: pick(r, time.Minute, time.Hour), UDP: time.Minute})
	}
	if r.IntN(2) == 0 {
		var want []kernel.Daemon
		for _, role := range []kernel.Role{kernel.Master, kernel.Backup}[r.IntN(3)%2:] {
			want = append(want, kernel.Daemon{Role: role, Interface: "lo", ID: uint8(r.IntN(2)), MaxLen: 1400})
		}
		s.PlanDaemons(now.Daemons, want, r.IntN(2) == 0)
	}
	return s
}
