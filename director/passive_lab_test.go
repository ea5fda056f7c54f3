package director

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lvs/kernel"
	"lvs/lab"
)

// countedKernel counts the readings of a kernel.
type countedKernel struct {
	PassiveKernel
	snapshots atomic.Int64
}

func (k *countedKernel) Snapshot(ctx context.Context, only ...kernel.ServiceID) (*kernel.Snapshot, error) {
	k.snapshots.Add(1)
	return k.PassiveKernel.Snapshot(ctx, only...)
}

// passiveLab is a cluster with a service over TCP, clients that open connections all the
// time, and a watch.
type passiveLab struct {
	*lab.Cluster
	service kernel.ServiceID
	kernel  countedKernel
	told    chan map[kernel.ServerKey]time.Time
}

func newPassiveLab(t *testing.T, how lab.Forward, forward kernel.Forward) *passiveLab {
	c := &passiveLab{Cluster: lab.NewCluster(t, lab.Options{Forward: how, Servers: 3})}
	c.told = make(chan map[kernel.ServerKey]time.Time, 100)
	c.service = kernel.AddressID(kernel.TCP, netip.AddrPortFrom(c.VIP4, 80))
	service := kernel.Service{ServiceID: c.service, Scheduler: "rr"}
	changes := []kernel.Change{{Op: kernel.AddService, Service: service}}
	watched := Service{Passive: true, Members: make([]Member, len(c.Servers))}
	watched.ServiceID = c.service
	for _, s := range c.Servers {
		if err := s.ServeHTTP(80); err != nil {
			t.Fatal(err)
		}
		v := kernel.Server{Addr: netip.AddrPortFrom(s.Addr4, 80), Forward: forward, Weight: 1}
		changes = append(changes, kernel.Change{Op: kernel.AddServer, Service: service, Server: v})
	}
	k, err := kernel.Open(kernel.Options{Netns: c.Director.NetNS})
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Apply(t.Context(), changes); err != nil {
		t.Fatal(err)
	}
	c.kernel.PassiveKernel = k
	w := NewPassiveWatch(&c.kernel, time.Now, func(s map[kernel.ServerKey]time.Time) { c.told <- s })
	w.Set([]Service{watched})
	background(t, func(ctx context.Context) { w.Run(ctx); k.Close() })
	for i := range 8 {
		ip(t, c.Clients[0], "addr", "add", fmt.Sprintf("198.51.100.%d/24", 101+i), "dev", "eth0")
	}
	background(t, c.clients)
	return c
}

// background calls f until the test ends.
func background(t *testing.T, f func(context.Context)) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); f(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
}

// clients open a connection each 40 ms, each time from another address.
func (c *passiveLab) clients(ctx context.Context) {
	tick := time.NewTicker(40 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, 100, byte(101 + n%8)}), 0)
		go c.Clients[0].Do(func() error {
			d := net.Dialer{Timeout: 4 * time.Second, LocalAddr: net.TCPAddrFromAddrPort(from)}
			conn, err := d.DialContext(ctx, "tcp", c.service.AddrPort().String())
			if err == nil {
				fmt.Fprint(conn, "GET / HTTP/1.0\r\n\r\n")
				conn.Read(make([]byte, 100))
				conn.Close()
			}
			return err
		})
	}
}

// expect waits until the suspects are the servers with these numbers.
func (c *passiveLab) expect(t *testing.T, servers ...int) {
	t.Helper()
	began, limit := time.Now(), time.After(20*time.Second)
	for {
		select {
		case got := <-c.told:
			same := len(got) == len(servers)
			for _, i := range servers {
				_, suspected := got[kernel.ServerKey{Service: c.service, Server: netip.AddrPortFrom(c.Servers[i].Addr4, 80)}]
				same = same && suspected
			}
			if !same {
				t.Fatalf("suspected are %v, want %v", got, servers)
			}
			t.Logf("suspected are %v after %v", servers, time.Since(began).Round(100*time.Millisecond))
			return
		case <-limit:
			t.Fatalf("nothing changed, want the suspects %v", servers)
		}
	}
}

// quiet lets several readings pass, in which nobody may become suspected.
func (c *passiveLab) quiet(t *testing.T, readings int64) {
	t.Helper()
	end := c.kernel.snapshots.Load() + readings
	lab.Eventually(t, 60*time.Second, func() error {
		select {
		case got := <-c.told:
			t.Fatalf("suspected are %v", got)
		default:
		}
		if n := c.kernel.snapshots.Load(); n < end {
			return fmt.Errorf("%d readings, want %d", n, end)
		}
		return nil
	})
}

// TestPassiveLoss drops the packets that open connections at one server, or its answers to
// them, with each forwarding method, and lets them pass again.
func TestPassiveLoss(t *testing.T) {
	for _, m := range []struct {
		how     lab.Forward
		forward kernel.Forward
	}{{lab.NAT, kernel.NAT}, {lab.Direct, kernel.Direct}, {lab.Tunnel, kernel.Tunneling}} {
		t.Run(m.forward.String(), func(t *testing.T) {
			t.Parallel()
			lab.Need(t)
			c := newPassiveLab(t, m.how, m.forward)
			c.quiet(t, 4)
			way, flags := "ingress", "0x02/0x12" // SYN without ACK
			if m.forward == kernel.Tunneling {
				way, flags = "egress", "0x12/0x12" // the answer: what comes in is inside of others
			}
			tc := func(args ...string) {
				if _, err := c.Servers[1].Run("tc", args...); err != nil {
					t.Fatal(err)
				}
			}
			tc("qdisc", "add", "dev", "eth0", "clsact")
			tc("filter", "add", "dev", "eth0", way, "protocol", "ip", "flower", "ip_proto", "tcp", "tcp_flags", flags,
				"action", "drop")
			c.expect(t, 1)
			tc("qdisc", "del", "dev", "eth0", "clsact")
			c.expect(t)
		})
	}
}

// TestPassiveFullQueue lets a server answer no more connections than its queue takes: the
// program hangs, and a plain check that comes while there is room passes.
func TestPassiveFullQueue(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	c := newPassiveLab(t, lab.Direct, kernel.Direct)
	c.quiet(t, 4)
	s := c.Servers[2]
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	var fd int
	lab.Eventually(t, 5*time.Second, func() error {
		return s.Do(func() (err error) { fd, err = deafSocket(80); return err })
	})
	defer unix.Close(fd)
	c.expect(t, 2)
}

// deafSocket returns a socket that listens on a port and never accepts.
func deafSocket(port int) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	if err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err == nil {
		err = unix.Bind(fd, &unix.SockaddrInet4{Port: port})
	}
	if err == nil {
		err = unix.Listen(fd, 0)
	}
	if err != nil {
		unix.Close(fd)
	}
	return fd, err
}

// TestPassiveFlood sends packets that open connections from addresses of nobody. All
// servers have half-open connections then, and none may be suspected.
func TestPassiveFlood(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	c := newPassiveLab(t, lab.Direct, kernel.Direct)
	var sent atomic.Int64
	background(t, func(ctx context.Context) {
		err := c.Clients[0].Do(func() error { return flood(ctx, c.service.AddrPort(), &sent) })
		if err != nil {
			t.Error(err)
		}
	})
	c.quiet(t, 8)
	t.Logf("%d packets of the flood", sent.Load())
	if sent.Load() < 1000 {
		t.Error("that is no flood")
	}
}

// flood sends TCP packets with SYN from random addresses, some 500 each second.
func flood(ctx context.Context, to netip.AddrPort, sent *atomic.Int64) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil {
		<-tick.C
		from := netip.AddrFrom4([4]byte{203, 0, 113, byte(1 + rand.IntN(250))})
		if err := unix.Sendto(fd, synPacket(from, to), 0, &unix.SockaddrInet4{Addr: to.Addr().As4()}); err != nil {
			return err
		}
		sent.Add(1)
	}
	return nil
}

func synPacket(from netip.Addr, to netip.AddrPort) []byte {
	b := make([]byte, 40)
	b[0], b[8], b[9] = 0x45, 64, unix.IPPROTO_TCP
	binary.BigEndian.PutUint16(b[2:], 40)
	src, dst := from.As4(), to.Addr().As4()
	copy(b[12:], src[:])
	copy(b[16:], dst[:])
	tcp := b[20:]
	binary.BigEndian.PutUint16(tcp, uint16(1024+rand.IntN(60000)))
	binary.BigEndian.PutUint16(tcp[2:], to.Port())
	binary.BigEndian.PutUint32(tcp[4:], rand.Uint32())
	tcp[12], tcp[13] = 5<<4, 0x02
	binary.BigEndian.PutUint16(tcp[14:], 64240)
	sum := uint32(unix.IPPROTO_TCP + len(tcp))
	for i := 12; i < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	binary.BigEndian.PutUint16(tcp[16:], ^uint16(sum))
	return b
}
