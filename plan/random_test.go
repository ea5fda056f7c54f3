package plan

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"

	"lvs/kernel"
	"lvs/kernel/contract"
	"lvs/lab"
)

var (
	read    = contract.Read
	open    = contract.Open
	id      = contract.ID
	values  = cmpopts.EquateComparable(netip.Addr{}, netip.AddrPort{}, kernel.ServiceID{})
	tunnels = lab.Feature{Name: "GRE tunnels", Major: 5, Minor: 3}
)

// randomState is a wanted state that has much in common with others.
func randomState(r *rand.Rand) []Service { return Of(contract.RandomTable(r)) }

// wide is a large wanted state.
func wide(services, servers int) []Service { return Of(contract.WideTable(services, servers)) }

// load adds services with their servers to an empty table.
func load(t testing.TB, k kernel.Kernel, s []Service) {
	t.Helper()
	if err := k.Apply(context.Background(), Between(&kernel.Snapshot{}, s, Options{})); err != nil {
		t.Fatal(err)
	}
}
