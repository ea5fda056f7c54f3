package cluster

import (
	"context"
	"math/rand/v2"
	"testing"

	"lvs/kernel"
	"lvs/kernel/contract"
	"lvs/lab"
	"lvs/plan"
)

var (
	read    = contract.Read
	open    = contract.Open
	id      = contract.ID
	tunnels = lab.Feature{Name: "GRE tunnels", Major: 5, Minor: 3}
)

// randomState is a wanted state that has much in common with others.
func randomState(r *rand.Rand) []plan.Service { return plan.Of(contract.RandomTable(r)) }

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// load adds services with their servers to an empty table.
func load(t testing.TB, k kernel.Kernel, s []plan.Service) {
	t.Helper()
	if err := k.Apply(context.Background(), plan.Between(&kernel.Snapshot{}, s, plan.Options{})); err != nil {
		t.Fatal(err)
	}
}
