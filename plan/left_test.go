package plan

import (
	"net/netip"
	"strings"
	"testing"

	"lvs/kernel"
)

func TestWeightLeft(t *testing.T) {
	id := kernel.AddressID(kernel.TCP, netip.MustParseAddrPort("192.0.2.10:80"))
	server := func(n int) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(n)}), 80)
	}
	change := func(op kernel.Op, n, weight int) kernel.Change {
		return kernel.Change{Op: op, Service: kernel.Service{ServiceID: id},
			Server: kernel.Server{Addr: server(n), Weight: weight}}
	}
	set := func(n, weight int) kernel.Change { return change(kernel.EditServer, n, weight) }
	for _, c := range []struct {
		name    string
		weights []int
		changes []kernel.Change
		drained int // the weight of the last server before it was drained
		percent int // -1: the service is not among them
	}{
		{"a lower weight beside a drained one", []int{10, 10, 0}, []kernel.Change{set(1, 4)}, 10, 46},
		{"one of three", []int{10, 10, 10}, []kernel.Change{set(1, 0)}, 0, 66},
		{"two of three", []int{10, 10, 10}, []kernel.Change{set(1, 0), set(2, 0)}, 0, 33},
		{"the second of three", []int{10, 10, 0}, []kernel.Change{set(1, 0)}, 10, 33},
		{"the last one", []int{10}, []kernel.Change{set(1, 0)}, 0, 0},
		{"the heaviest", []int{10, 90}, []kernel.Change{set(2, 0)}, 0, 10},
		{"deleted", []int{10, 10}, []kernel.Change{change(kernel.DeleteServer, 1, 0)}, 0, 50},
		{"replaced", []int{10, 10}, []kernel.Change{change(kernel.AddServer, 3, 10), set(1, 0)}, 0, -1},
		{"replaced by less", []int{10, 10}, []kernel.Change{change(kernel.AddServer, 3, 5), set(1, 0)}, 0, 75},
		{"a lower weight", []int{10, 10}, []kernel.Change{set(1, 5)}, 0, 75},
		{"lower weights of all", []int{10, 10}, []kernel.Change{set(1, 1), set(2, 1)}, 0, -1},
		{"of the only one", []int{10}, []kernel.Change{set(1, 1)}, 0, -1},
		{"a higher weight", []int{10, 10}, []kernel.Change{set(1, 20)}, 0, -1},
		{"the drained one is deleted", []int{10, 0}, []kernel.Change{change(kernel.DeleteServer, 2, 0)}, 10, -1},
		{"the service is deleted", []int{10, 10},
			[]kernel.Change{set(1, 0), {Op: kernel.DeleteService, Service: kernel.Service{ServiceID: id}}}, 0, -1},
		{"large weights", []int{kernel.MaxWeight, kernel.MaxWeight, kernel.MaxWeight}, []kernel.Change{set(1, 0)}, 0, 66},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := kernel.ServiceEntry{Service: kernel.Service{ServiceID: id}}
			for i, weight := range c.weights {
				e.Servers = append(e.Servers, kernel.ServerEntry{Server: kernel.Server{Addr: server(i + 1), Weight: weight}})
			}
			table := &kernel.Snapshot{Services: []kernel.ServiceEntry{e}}
			left := WeightLeft(table, c.changes, func(k kernel.ServerKey) int {
				if k.Server == server(len(c.weights)) {
					return c.drained
				}
				return 0
			})
			percent := -1
			if len(left) > 0 {
				percent = left[0].Percent()
			}
			if lost := len(left) > 0 && left[0].Lost; lost == strings.Contains(c.name, "a lower weight") && percent >= 0 {
				t.Errorf("a server goes out of service: %v", lost)
			}
			if percent != c.percent {
				t.Errorf("%d %% left, want %d: %+v", percent, c.percent, left)
			}
		})
	}
}
