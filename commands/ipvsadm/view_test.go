package ipvsadm

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lvs/kernel"
)

// TestCounters compares with what ipvsadm 1.31 printed when the kernel's answer was
// modified: shortened and exact.
func TestCounters(t *testing.T) {
	for _, c := range []struct {
		n            uint64
		short, exact string
	}{
		{0, "        0", "        0"},
		{99999999, " 99999999", " 99999999"},
		{100000000, "  100000K", " 100000000"},
		{999999999, "  999999K", " 999999999"},
		{1000000000, "    1000M", " 1000000000"},
		{4294967295, "    4294M", " 4294967295"},
		{4294967296, "    4294M", " 4294967296"},
		{99999999999, "   99999M", " 99999999999"},
		{100000000000, "     100G", " 100000000000"},
		{1234567890123, "    1234G", " 1234567890123"},
		{99999999999999, "   99999G", " 99999999999999"},
		{100000000000000, "     100T", " 100000000000000"},
		{999999999999999999, "  999999T", " 999999999999999999"},
		{9223372036854775808, " 9223372T", " 9223372036854775808"},
		{18446744073709551615, "18446744T", " 18446744073709551615"},
	} {
		t.Run(strconv.FormatUint(c.n, 10), func(t *testing.T) {
			if got := string(appendCounter(nil, c.n)); got != c.short {
				t.Errorf("short: got %q, want %q", got, c.short)
			}
			if got := string(appendExact(nil, c.n)); got != c.exact {
				t.Errorf("exact: got %q, want %q", got, c.exact)
			}
		})
	}
}

// TestColumns compares rows with numbers that no test traffic reaches with what
// ipvsadm 1.31 printed.
func TestColumns(t *testing.T) {
	e := kernel.ServiceEntry{Service: kernel.Service{
		ServiceID: kernel.AddressID(kernel.TCP, netip.MustParseAddrPort("10.0.0.1:80")), Scheduler: "rr",
	}}
	all := kernel.Counters{Connections: 1e8, PacketsIn: 1e8, PacketsOut: 1e8, BytesIn: 1e8, BytesOut: 1e8}
	e.Stats = kernel.Stats{Counters: all, Rates: kernel.Rates(all)}
	e.Servers = []kernel.ServerEntry{{
		Server: kernel.Server{Addr: netip.MustParseAddrPort("10.0.0.2:80"), Weight: 1, Upper: 1<<32 - 1, Lower: 1 << 31},
		Active: 1<<32 - 1, Inactive: 1 << 31, Persistent: 1<<32 - 1,
		Stats: e.Stats,
	}}
	snap := &kernel.Snapshot{Services: []kernel.ServiceEntry{e}}
	for _, c := range []struct {
		o             viewOptions
		service, rows string
	}{
		{
			viewOptions{}, "TCP  10.0.0.1:80 rr",
			"  -> 10.0.0.2:80                  Masq    1      4294967295 2147483648",
		},
		{
			viewOptions{Thresholds: true}, "TCP  10.0.0.1:80 rr",
			"  -> 10.0.0.2:80                  4294967295 2147483648 4294967295 2147483648",
		},
		{
			viewOptions{PersistentConn: true}, "TCP  10.0.0.1:80 rr",
			"  -> 10.0.0.2:80                  1         4294967295  4294967295 2147483648",
		},
		{
			viewOptions{Stats: true},
			"TCP  10.0.0.1:80                   100000K  100000K  100000K  100000K  100000K",
			"  -> 10.0.0.2:80                   100000K  100000K  100000K  100000K  100000K",
		},
		{
			viewOptions{Rate: true},
			"TCP  10.0.0.1:80                   100000K  100000K  100000K  100000K  100000K",
			"  -> 10.0.0.2:80                  100000000 100000000 100000000  100000K  100000K",
		},
		{
			viewOptions{Rate: true, Exact: true},
			"TCP  10.0.0.1:80                  100000000 100000000 100000000 100000000 100000000",
			"  -> 10.0.0.2:80                  100000000 100000000 100000000 100000000 100000000",
		},
	} {
		c.o.Single = true
		t.Run(fmt.Sprintf("%+v", c.o), func(t *testing.T) {
			var b strings.Builder
			if err := writeTable(&b, whole(snap), c.o, nil); err != nil {
				t.Fatal(err)
			}
			head, rows, _ := strings.Cut(b.String(), "TCP")
			if strings.Count(head, "\n") != 2 {
				t.Errorf("the heading is\n%s", head)
			}
			if d := cmp.Diff(c.service+"\n"+c.rows+"\n", "TCP"+rows); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

// TestAttributes shows a mark as unsigned, and the mask that groups all clients.
func TestAttributes(t *testing.T) {
	snap := &kernel.Snapshot{Services: []kernel.ServiceEntry{{Service: kernel.Service{
		ServiceID: kernel.MarkID(1<<32-1, kernel.IPv4), Scheduler: "rr",
		Persistence: 9 * time.Second, Netmask: kernel.AllClients,
	}}}}
	var b strings.Builder
	if err := writeTable(&b, whole(snap), viewOptions{}, nil); err != nil {
		t.Fatal(err)
	}
	if want := "\nFWM  4294967295 rr persistent 9 mask 0.0.0.0\n"; !strings.HasSuffix(b.String(), want) {
		t.Errorf("%s does not end with%s", b.String(), want)
	}
}

// TestConnectionRows compares with rows that ipvsadm 1.31 printed, except that ipvsadm
// cuts an engine's data of more than 84 bytes.
func TestConnectionRows(t *testing.T) {
	at := func(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }
	long := strings.Repeat("0123456789", 25)
	one := kernel.Connection{
		Protocol: kernel.UDP, Client: at("10.0.0.1:0"), Virtual: at("10.0.0.2:5060"), Server: at("10.0.0.3:5060"),
		State: "UDP", Expires: 59 * time.Second,
	}
	// The usual addresses: client, virtual service and server.
	const addresses = "10.0.0.1:0         10.0.0.2:5060      10.0.0.3:5060"
	with := func(set func(c *kernel.Connection)) *kernel.Connection {
		c := one
		set(&c)
		return &c
	}
	var conns []*kernel.Connection
	var want strings.Builder
	want.WriteString("IPVS connection entries\n" +
		"pro expire state       source             virtual            destination        pe name          pe_data\n")
	for _, c := range []struct {
		c   *kernel.Connection
		row string
	}{
		{&one, "UDP 00:59  UDP         " + addresses},
		{
			with(func(c *kernel.Connection) { c.Engine, c.EngineData = "sip", "0123456789@host" }),
			"UDP 00:59  UDP         " + addresses + "    sip                0123456789@host",
		},
		{
			with(func(c *kernel.Connection) { c.Engine, c.EngineData = "sip", "has blanks in it" }),
			"UDP 00:59  UDP         " + addresses + "    sip                has",
		},
		{with(func(c *kernel.Connection) { c.Engine = "sip" }), "UDP 00:59  UDP         " + addresses},
		{with(func(c *kernel.Connection) {
			c.Protocol, c.Virtual = 0, at("0.0.0.5:0")
			c.State, c.Expires = "NONE", 3605*time.Second
		}), "IP  60:05  NONE        10.0.0.1:0         0.0.0.5:0          10.0.0.3:5060"},
		{
			with(func(c *kernel.Connection) { c.Protocol, c.Expires = kernel.SCTP, 599999*time.Second }),
			"SCTP 9999:59 UDP         " + addresses,
		},
		{with(func(c *kernel.Connection) {
			c.Protocol, c.State, c.Expires = 47, "UNKNOWN_AND_LONG", (1<<32-1)*time.Second
		}), "IP_47 71582788:15 UNKNOWN_AND_LONG " + addresses},
		{
			with(func(c *kernel.Connection) {
				c.Client, c.Virtual, c.Server = at("[2001:db8::1]:54321"), at("[2001:db8::2]:5060"), at("[2001:db8::3]:5060")
				c.Engine, c.EngineData = "sip", long
			}),
			"UDP 00:59  UDP         [2001:db8::1]:54321 [2001:db8::2]:5060 [2001:db8::3]:5060 sip                " + long,
		},
	} {
		conns = append(conns, c.c)
		want.WriteString(c.row + "\n")
	}
	var b strings.Builder
	if err := writeConnections(&b, walk(conns, nil), true, nil); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want.String(), b.String()); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// TestConnectionsBreakOff shows the connections before an error.
func TestConnectionsBreakOff(t *testing.T) {
	conns := []*kernel.Connection{{Protocol: kernel.TCP, State: "NONE"}}
	broken := errors.New("broken")
	for _, n := range []*namer{nil, testNamer()} {
		var b strings.Builder
		if err := writeConnections(&b, walk(conns, broken), false, n); !errors.Is(err, broken) {
			t.Errorf("%v", err)
		}
		if strings.Count(b.String(), "\n") != 3 {
			t.Errorf("%s", b.String())
		}
	}
	if err := writeConnections(full{}, walk(conns, nil), false, nil); err == nil {
		t.Error("writing to a full disk has no error")
	}
	if err := writeTable(full{}, whole(&kernel.Snapshot{}), viewOptions{}, nil); err == nil {
		t.Error("writing to a full disk has no error")
	}
}

func walk(conns []*kernel.Connection, err error) iter.Seq2[*kernel.Connection, error] {
	return func(yield func(*kernel.Connection, error) bool) {
		for _, c := range conns {
			if !yield(c, nil) {
				return
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

func TestSettings(t *testing.T) {
	var b bytes.Buffer
	err := errors.Join(
		writeTimeouts(&b, kernel.Timeouts{TCP: 15 * time.Minute, TCPFin: 2 * time.Minute, UDP: 5 * time.Minute}),
		writeDaemons(&b, []kernel.Daemon{
			{Role: kernel.Master, Interface: "lo", MaxLen: 1472, Group: netip.MustParseAddr("224.0.0.81"), Port: 8848, TTL: 1},
			{Role: kernel.Backup, Interface: "lo", ID: 7, MaxLen: 1024, Group: netip.MustParseAddr("ff01::1"), Port: 99, TTL: 3},
		}))
	want := `Timeout (tcp tcpfin udp): 900 120 300
master sync daemon (mcast=lo, syncid=0, maxlen=1472, group=224.0.0.81, port=8848, ttl=1)
backup sync daemon (mcast=lo, syncid=7, maxlen=1024, group=ff01::1, port=99, ttl=3)
`
	if d := cmp.Diff(want, b.String()); err != nil || d != "" {
		t.Errorf("%v (-want +got)\n%s", err, d)
	}
}

func BenchmarkWriteTable(b *testing.B) {
	for name, o := range map[string]viewOptions{"plain": {}, "stats": {Stats: true}} {
		for size, snap := range map[string]*kernel.Snapshot{"1000x10": bigTable(1000, 10), "10x1000": bigTable(10, 1000)} {
			b.Run(name+"/"+size, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := writeTable(io.Discard, whole(snap), o, nil); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkWriteConnections(b *testing.B) {
	const entries = 200_000
	conns := func(yield func(*kernel.Connection, error) bool) {
		c := kernel.Connection{
			Protocol: kernel.TCP, Virtual: netip.MustParseAddrPort("192.0.2.1:443"),
			State: "ESTABLISHED", Expires: 899 * time.Second,
		}
		for i := range entries {
			c.Client = netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)}), uint16(1024+i))
			c.Server = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), 8443)
			if !yield(&c, nil) {
				return
			}
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := writeConnections(io.Discard, conns, false, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func bigTable(services, servers int) *kernel.Snapshot {
	snap := &kernel.Snapshot{}
	for i := range services {
		vip := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), 80)
		e := kernel.ServiceEntry{Service: kernel.Service{ServiceID: kernel.AddressID(kernel.TCP, vip), Scheduler: "wlc"}}
		for j := servers; j > 0; j-- {
			rip := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 2, byte(j >> 8), byte(j)}), 8080)
			e.Servers = append(e.Servers, kernel.ServerEntry{Server: kernel.Server{Addr: rip, Weight: 100}, Active: uint32(j)})
		}
		snap.Services = append(snap.Services, e)
	}
	return snap
}
