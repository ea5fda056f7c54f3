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
	tunnels = lab.Feature{Name: "GRE tunnels", Major: 5, Minor: 3}
)

// randomState is a wanted state that has much in common with others.
func randomState(r *rand.Rand) []plan.Service { return plan.Of(contract.RandomTable(r)) }

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

func id(s string) kernel.ServiceID {
	i, err := kernel.ParseServiceID(s)
	if err != nil {
		panic(err)
	}
	return i
}

func open(t *testing.T) kernel.Kernel {
	t.Helper()
	k, err := kernel.Open(kernel.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	return k
}

// load adds services with their servers to an empty table.
func load(t testing.TB, k kernel.Kernel, s []plan.Service) {
	t.Helper()
	if err := k.Apply(context.Background(), plan.Between(&kernel.Snapshot{}, s, plan.Options{})); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, k kernel.Kernel) *kernel.Snapshot {
	t.Helper()
	s, err := k.Snapshot(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return s
}
