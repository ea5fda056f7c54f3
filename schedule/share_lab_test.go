package schedule_test

import (
	"context"
	"fmt"
	"math"
	"net"
	"net/netip"
	"slices"
	"testing"

	"lvs/kernel"
	"lvs/lab"
	"lvs/schedule"
)

// TestSharesInTheKernel sends datagrams of many clients and counts which server they reach.
func TestSharesInTheKernel(t *testing.T) {
	for _, c := range []struct {
		scheduler string
		weights   []int // in the order in which they are added
	}{
		{"sh", []int{100, 100, 100}},
		{"sh", []int{256, 256, 256}},
		{"sh", []int{3, 1}},
		{"mh", []int{1, 1}},
		{"mh", []int{1000, 1}},
		{"mh", []int{64, 1}},
		{"mh", []int{30, 10, 20}},
	} {
		t.Run(fmt.Sprint(c.scheduler, c.weights), func(t *testing.T) {
			lab.Need(t)
			got := measured(t, c.scheduler, c.weights)
			servers := make([]schedule.Server, len(c.weights)) // in the kernel's order: the last is first
			for i, w := range c.weights {
				servers[len(servers)-1-i].Weight = w
			}
			want := schedule.Shares(c.scheduler, servers)
			slices.Reverse(want)
			t.Logf("computed %.4f, measured %.4f", want, got)
			for i := range want {
				// Five times the standard deviation of the sample, and the unevenness of 4093 places.
				if off := math.Abs(got[i] - want[i]); off > 5*math.Sqrt(want[i]*(1-want[i])/clients)+0.003 {
					t.Errorf("computed %.4f, measured %.4f", want, got)
				}
			}
		})
	}
}

// TestUDPInTheKernel: connections of UDP are never active, so schedulers that count active
// ones send all to one server. Those that are recommended in their place do not.
func TestUDPInTheKernel(t *testing.T) {
	for _, c := range []struct {
		scheduler string
		most      float64 // of one of two equal servers
	}{{"sed", 1}, {"nq", 1}, {"ovf", 1}, {"wlc", 0.5}, {"wrr", 0.5}, {"rr", 0.5}} {
		t.Run(c.scheduler, func(t *testing.T) {
			lab.Need(t)
			if got := slices.Max(measured(t, c.scheduler, []int{20000, 20000})); got != c.most {
				t.Errorf("one of two servers gets %.4f of the clients, want %.4f", got, c.most)
			}
		})
	}
}

// clients is how many clients there are, each with another port.
const clients = 12000

// measured returns which share of the clients each server gets.
func measured(t *testing.T, scheduler string, weights []int) []float64 {
	t.Helper()
	ctx := context.Background()
	k, err := kernel.Open(kernel.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	service := kernel.Service{Scheduler: scheduler, SchedFlags: kernel.SchedFlag2} // by the port, too
	service.ServiceID = kernel.AddressID(kernel.UDP, netip.MustParseAddrPort("127.1.0.1:53"))
	changes := []kernel.Change{{Op: kernel.AddService, Service: service}}
	for i, w := range weights {
		server := kernel.Server{Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 2, 0, byte(1 + i)}), 53), Weight: w,
			Forward: kernel.NAT}
		changes = append(changes, kernel.Change{Op: kernel.AddServer, Service: service, Server: server})
		receiver, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(server.Addr)) // nobody reads it
		if err != nil {
			t.Fatal(err)
		}
		defer receiver.Close()
	}
	if err := k.Apply(ctx, changes); err != nil {
		t.Fatal(err)
	}
	for i := range clients {
		from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 3, 0, byte(1 + i/1000)}), uint16(10000+37*(i%1000)))
		conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(from))
		if err != nil {
			t.Fatal(err)
		}
		_, err = conn.WriteToUDPAddrPort([]byte("x"), service.AddrPort())
		conn.Close()
		if err != nil {
			t.Fatal(err)
		}
	}
	table, err := k.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]float64, len(weights))
	total := uint32(0)
	for _, v := range table.Services[0].Servers {
		out[v.Addr.Addr().As4()[3]-1] = float64(v.Inactive)
		total += v.Inactive
	}
	if total != clients {
		t.Fatalf("%d of %d clients have a connection", total, clients)
	}
	for i := range out {
		out[i] /= clients
	}
	return out
}
