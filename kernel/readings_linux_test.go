package kernel_test

import (
	"encoding/binary"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lvs/kernel"
	"lvs/kernel/contract"
)

// TestReadings reads the connection table while it grows from nothing. Linux 7 then
// resizes it, and older kernels repeat entries.
func TestReadings(t *testing.T) {
	resized := 0
	for range 10 {
		t.Run("growing", func(t *testing.T) {
			k := openLab(t)
			f := newFlood(t, k)
			stay := f.clients(9, 250)
			f.send(stay)
			sizes := map[string]bool{}
			ended := f.start(f.clients(10, 6000))
			contract.Readings(t, k, stay, func(int) bool {
				sizes[tableTitle(t)] = true
				select {
				case <-ended:
					return false
				default:
					return true
				}
			})
			if len(sizes) > 1 {
				resized++
			}
		})
	}
	t.Logf("the table was resized during %d of 10 runs", resized)
}

// tableTitle returns the first line of the public table, which has the number of
// buckets.
func tableTitle(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("/proc/thread-self/net/ip_vs")
	if err != nil {
		t.Fatal(err)
	}
	title, _, _ := strings.Cut(string(text), "\n")
	return title
}

// TestReadingsWhileOthersExpire reads the connection table while many of its entries
// expire. Before Linux 7 a single reading then leaves out many that stay.
func TestReadingsWhileOthersExpire(t *testing.T) {
	k := openLab(t)
	f := newFlood(t, k)
	stay := f.clients(9, 2000)
	f.send(stay)
	f.timeout(2 * time.Second)
	f.send(f.clients(10, 20_000))
	most := 0
	for left := 1; left > 0; {
		seen := map[netip.AddrPort]bool{}
		for c, err := range k.Connections(t.Context(), kernel.WithEngine) {
			if err != nil {
				t.Fatal(err)
			}
			seen[c.Client] = true
		}
		missing := 0
		for _, client := range stay {
			if !seen[client] {
				missing++
			}
		}
		most, left = max(most, missing), len(seen)-len(stay)
	}
	if most > len(stay)/100 {
		t.Errorf("%d of %d entries that stay are left out", most, len(stay))
	}
	t.Logf("at most %d of %d entries that stay were left out", most, len(stay))
}

// flood makes entries of the connection table with UDP datagrams to a service whose
// server does not exist.
type flood struct {
	t      *testing.T
	kernel kernel.Kernel
	socket int
	vip    netip.Addr
}

func newFlood(t *testing.T, k kernel.Kernel) *flood {
	f := &flood{t: t, kernel: k, vip: netip.MustParseAddr("192.0.2.10")}
	ip(t, "address", "add", f.vip.String()+"/32", "dev", contract.Interface)
	ip(t, "link", "set", contract.Interface, "arp", "off")
	s := kernel.Service{ServiceID: kernel.AddressID(kernel.UDP, netip.AddrPortFrom(f.vip, 53)), Scheduler: "rr"}
	v := kernel.Server{Addr: netip.MustParseAddrPort("10.255.255.2:53"), Weight: 1, Forward: kernel.Direct}
	err := k.Apply(t.Context(), []kernel.Change{
		{Op: kernel.AddService, Service: s}, {Op: kernel.AddServer, Service: s, Server: v},
	})
	if err != nil {
		t.Fatal(err)
	}
	if f.socket, err = unix.Socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_RAW); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(f.socket) })
	f.timeout(time.Hour)
	return f
}

// timeout sets how long new entries stay.
func (f *flood) timeout(d time.Duration) {
	f.t.Helper()
	if err := f.kernel.SetTimeouts(f.t.Context(), kernel.Timeouts{UDP: d}); err != nil {
		f.t.Fatal(err)
	}
}

// clients returns clients of the network 10.net.0.0.
func (f *flood) clients(net byte, n int) []netip.AddrPort {
	out := make([]netip.AddrPort, n)
	for i := range out {
		out[i] = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, net, byte(i >> 8), byte(i)}), uint16(1024+i>>16))
	}
	return out
}

// start sends datagrams in the background. The channel is closed when all are sent; the
// test waits for that.
func (f *flood) start(clients []netip.AddrPort) <-chan struct{} {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f.send(clients)
	}()
	f.t.Cleanup(func() { <-ended })
	return ended
}

func (f *flood) send(clients []netip.AddrPort) {
	to := &unix.SockaddrInet4{Addr: f.vip.As4()}
	for _, client := range clients {
		if err := unix.Sendto(f.socket, datagram(client, f.vip), 0, to); err != nil {
			f.t.Error(err)
			return
		}
	}
}

// datagram returns an IPv4 packet with an empty UDP datagram to port 53. The kernel
// fills in the IP checksum.
func datagram(from netip.AddrPort, to netip.Addr) []byte {
	b := make([]byte, 28)
	b[0], b[8], b[9] = 0x45, 64, unix.IPPROTO_UDP
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	source, target := from.Addr().As4(), to.As4()
	copy(b[12:], source[:])
	copy(b[16:], target[:])
	binary.BigEndian.PutUint16(b[20:], from.Port())
	binary.BigEndian.PutUint16(b[22:], 53)
	binary.BigEndian.PutUint16(b[24:], 8)
	return b
}
