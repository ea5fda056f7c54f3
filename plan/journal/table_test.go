package journal

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"lvs/kernel"
	"lvs/kernel/contract"
	"lvs/kernel/memory"
	"lvs/lab"
	"lvs/plan"
)

var (
	open    = contract.Open
	id      = contract.ID
	values  = cmpopts.EquateComparable(netip.Addr{}, netip.AddrPort{}, kernel.ServiceID{})
	tunnels = lab.Feature{Name: "GRE tunnels", Major: 5, Minor: 3}
)

// randomState is a wanted state that has much in common with others.
func randomState(r *rand.Rand) []plan.Service { return plan.Of(contract.RandomTable(r)) }

// wide is a large wanted state.
func wide(services, servers int) []plan.Service {
	return plan.Of(contract.WideTable(services, servers))
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

func table(t *testing.T, k kernel.Kernel) *plan.Table {
	t.Helper()
	out, err := plan.ReadTable(context.Background(), k)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func newKernel() *memory.Kernel {
	k := memory.New()
	k.Interface("eth0", 1500)
	return k
}

func same(t *testing.T, a, b *kernel.Snapshot) {
	t.Helper()
	sorted := func(s *kernel.Snapshot) []plan.Service {
		out := plan.Of(s)
		for i := range out {
			slices.SortFunc(out[i].Servers, func(a, b kernel.Server) int { return a.Addr.Compare(b.Addr) })
		}
		return out
	}
	if d := cmp.Diff(sorted(a), sorted(b), values); d != "" {
		t.Fatalf("(-before +after)\n%s", d)
	}
}

func sameTable(t *testing.T, a, b *plan.Table) {
	t.Helper()
	same(t, a.Snapshot, b.Snapshot)
	if a.Timeouts != b.Timeouts {
		t.Fatalf("timeouts %v became %v", a.Timeouts, b.Timeouts)
	}
	if d := cmp.Diff(a.Daemons, b.Daemons, values); d != "" {
		t.Fatalf("daemons (-before +after)\n%s", d)
	}
}

func (j *Journal) path(name string) string { return filepath.Join(j.Dir, name) }
