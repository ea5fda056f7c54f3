package plan

import (
	"math/rand/v2"
	"testing"

	"lvs/kernel"
	"lvs/kernel/memory"
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
				k.Traffic(e.ServiceID, v.Addr, memory.Traffic{Active: r.Uint32N(9), Inactive: r.Uint32N(9), Persistent: r.Uint32N(9)})
			}
		}
		before := read(t, k)
		plan := Between(before, randomState(r), Options{Prune: r.IntN(2) == 0})
		var got, want Cost
		for _, c := range Costs(before, plan) {
			got.Add(c)
		}
		if err := k.Apply(t.Context(), plan); err != nil {
			t.Fatal(err)
		}
		after := index(read(t, k))
		for _, e := range before.Services {
			for _, v := range e.Servers {
				if serverOf(after[e.ServiceID], v.Addr) == nil {
					want.Add(Cost{uint64(v.Active), uint64(v.Inactive), uint64(v.Persistent)})
				}
			}
		}
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
