package plan

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lvs/kernel/memory"
)

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
