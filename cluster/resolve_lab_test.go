package cluster

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"lvs/kernel"
	"lvs/lab"
	"lvs/plan"
)

// TestFilesOnTheKernel exports random tables of the kernel, reads the file and
// fills an empty kernel from it: nothing differs, and servers are in order.
func TestFilesOnTheKernel(t *testing.T) {
	lab.Need(t, tunnels)
	k := open(t)
	for seed := range uint64(40) {
		if err := k.Flush(context.Background()); err != nil {
			t.Fatal(err)
		}
		load(t, k, randomState(rand.New(rand.NewPCG(seed, 51))))
		first := read(t, k)
		roundTrip(t, first)
		var y strings.Builder
		if err := Export(first, kernel.Timeouts{}, nil).WriteYAML(&y); err != nil {
			t.Fatal(err)
		}
		w := resolve(t, y.String())
		if err := k.Flush(context.Background()); err != nil {
			t.Fatal(err)
		}
		load(t, k, w.Services)
		second := read(t, k)
		if rest := plan.Between(second, plan.Of(first), plan.Options{Prune: true}); len(rest) > 0 {
			t.Fatalf("seed %d: left:\n%+v\n%s", seed, rest, y.String())
		}
		for _, s := range second.Services {
			if !slices.IsSortedFunc(s.Servers, func(a, b kernel.ServerEntry) int { return b.Addr.Compare(a.Addr) }) {
				t.Fatalf("seed %d: the kernel lists %v as %v", seed, s.ServiceID, s.Servers)
			}
		}
	}
}
