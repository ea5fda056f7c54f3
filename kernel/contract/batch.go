package contract

import (
	"net/netip"
	"slices"
	"testing"

	"lvs/kernel"
)

// testBatch checks that a refused change does not stop those after it, and that
// each change is based on those before it.
func testBatch(t *testing.T, k kernel.Kernel) {
	a, b := service("tcp://192.0.2.10:80"), service("tcp://192.0.2.11:80")
	v, w := server("198.51.100.1:80"), server("198.51.100.2:80")
	bad := service("fwmark:1")
	bad.Scheduler = "none-such"
	changes := []kernel.Change{
		add(a), add(a), addServer(a, v), addServer(b, v), add(b), addServer(b, v),
		add(bad), addServer(bad, v), editServer(a, w),
		removeServer(a, v), removeServer(a, v), addServer(a, w), remove(b), remove(b),
	}
	err := k.Apply(t.Context(), changes)
	wantRefusals(t, changes, err, map[int]error{
		1: kernel.ErrExists, 3: kernel.ErrNoService, 6: kernel.ErrNoScheduler, 7: kernel.ErrNoService,
		8: kernel.ErrNoServer, 10: kernel.ErrNoServer, 13: kernel.ErrNoService,
	})
	wantTable(t, k, entry(a, w))
	if err := k.Apply(t.Context(), nil); err != nil {
		t.Errorf("no change at all: %v", err)
	}
}

// testLargeBatch sends more than fits into any one buffer.
func testLargeBatch(t *testing.T, k kernel.Kernel) {
	var changes []kernel.Change
	var want []kernel.ServiceEntry
	for i := range 100 {
		addr := netip.AddrPortFrom(netip.MustParseAddr("192.0.2.10"), uint16(1000+i))
		s := kernel.Service{ServiceID: kernel.AddressID(kernel.TCP, addr), Scheduler: "wlc"}
		changes = append(changes, add(s))
		var servers []kernel.Server
		for j := range 60 {
			addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, 100, byte(j + 1)}), 80)
			v := kernel.Server{Addr: addr, Weight: i*60 + j}
			changes = append(changes, addServer(s, v))
			servers = append(servers, v)
		}
		slices.Reverse(servers)
		want = append(want, entry(s, servers...))
	}
	mustApply(t, k, changes...)
	wantTable(t, k, want...)

	changes = changes[:0]
	for _, e := range want {
		for _, v := range e.Servers {
			changes = append(changes, removeServer(e.Service, v.Server))
		}
		changes = append(changes, remove(e.Service))
	}
	mustApply(t, k, changes...)
	wantTable(t, k)
}

// testManyRefusals sends batches that are refused as a whole, and batches of which
// every second change is.
func testManyRefusals(t *testing.T, k kernel.Kernel) {
	s := service("tcp://192.0.2.10:80")
	v := server("198.51.100.1:80")
	mustApply(t, k, add(s), addServer(s, v))
	var changes []kernel.Change
	reasons := map[int]error{}
	for i := range 3000 {
		switch {
		case i < 1000 || i%2 == 0:
			reasons[i] = kernel.ErrExists
			changes = append(changes, addServer(s, v))
		case i%3 == 0:
			reasons[i] = kernel.ErrNoService
			changes = append(changes, remove(service("fwmark:1")))
		default:
			changes = append(changes, editServer(s, v))
		}
	}
	wantRefusals(t, changes, k.Apply(t.Context(), changes), reasons)
	wantTable(t, k, entry(s, v))
}
