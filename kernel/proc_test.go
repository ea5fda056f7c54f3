package kernel

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const connTitle = "Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData\n"

func collect(t *testing.T, text string, from ConnectionSource) ([]Connection, error) {
	t.Helper()
	var out []Connection
	for c, err := range readConnections(strings.NewReader(text), from) {
		if err != nil {
			return out, err
		}
		out = append(out, *c)
	}
	return out, nil
}

func TestConnections(t *testing.T) {
	ap := netip.MustParseAddrPort
	got, err := collect(t, connTitle+
		"TCP C6336464 A1B2 C000020A 0050 C6336401 1F90 ESTABLISHED     900\n"+
		"UDP C6336464 13C4 C000020B 13C4 C6336401 13C4 UDP             300 sip  1234abcd@198.51.100.100\n"+
		"TCP 2001:0db8:0001:0000:0000:0000:0000:0064 A1B2 2001:0db8:0000:0000:0000:0000:0000:0010 0050 "+
		"2001:0db8:0001:0000:0000:0000:0000:0001 0050 FIN_WAIT        119\n"+
		"TCP C6336464 A1B3 C000020A 0050 2001:0db8:0001:0000:0000:0000:0000:0007 0050 SYN_RECV         59\n"+
		"IP  C6336400 0000 00000007 0000 C6336401 0000 NONE            360\n", WithEngine)
	if err != nil {
		t.Fatal(err)
	}
	want := []Connection{
		{
			Protocol: TCP, Client: ap("198.51.100.100:41394"), Virtual: ap("192.0.2.10:80"), Server: ap("198.51.100.1:8080"),
			State: "ESTABLISHED", Expires: 15 * time.Minute,
		},
		{
			Protocol: UDP, Client: ap("198.51.100.100:5060"), Virtual: ap("192.0.2.11:5060"), Server: ap("198.51.100.1:5060"),
			State: "UDP", Expires: 5 * time.Minute, Engine: "sip", EngineData: "1234abcd@198.51.100.100",
		},
		{
			Protocol: TCP, Client: ap("[2001:db8:1::64]:41394"), Virtual: ap("[2001:db8::10]:80"),
			Server: ap("[2001:db8:1::1]:80"), State: "FIN_WAIT", Expires: 119 * time.Second,
		},
		{
			Protocol: TCP, Client: ap("198.51.100.100:41395"), Virtual: ap("192.0.2.10:80"), Server: ap("[2001:db8:1::7]:80"),
			State: "SYN_RECV", Expires: 59 * time.Second,
		},
		{
			Client: ap("198.51.100.0:0"), Virtual: ap("0.0.0.7:0"), Server: ap("198.51.100.1:0"),
			State: "NONE", Expires: 6 * time.Minute,
		},
	}
	if d := cmp.Diff(want, got, cmpopts.EquateComparable(netip.AddrPort{})); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if !got[4].Template() || got[0].Template() {
		t.Error("the template is the entry without a client port")
	}
}

// TestConnectionsAfterOthers: an address is that of its own line, even if lines before had
// another one with the same last digit.
func TestConnectionsAfterOthers(t *testing.T) {
	servers := []string{"0A000001 0050", "0A000011 0050", "0A000001 0051", "0a000001 0050", "C0000201 FFFF",
		"0A000002 0050"}
	var text strings.Builder
	text.WriteString(connTitle)
	for i := range 60 {
		fmt.Fprintf(&text, "TCP C63364%02X A1B2 %s %s UDP %d\n", i, servers[i*5%6], servers[i*i%6], i)
	}
	got, err := collect(t, text.String(), WithEngine)
	if err != nil || len(got) != 60 {
		t.Fatalf("%d connections, %v", len(got), err)
	}
	want := func(i int) netip.AddrPort {
		host, port, _ := strings.Cut(servers[i%6], " ")
		at, ok := parseHexAddrPort([]byte(host + ":" + port))
		if !ok {
			t.Fatal(servers[i%6])
		}
		return at
	}
	for i, c := range got {
		if c.Virtual != want(i*5) || c.Server != want(i*i) {
			t.Errorf("line %d: %s %s, want %s %s", i, c.Virtual, c.Server, want(i*5), want(i*i))
		}
	}
}

func TestConnectionsWithOrigin(t *testing.T) {
	got, err := collect(t, "Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Origin Expires\n"+
		"TCP C6336464 A1B2 C000020A 0050 C6336401 1F90 ESTABLISHED SYNC       900\n", WithOrigin)
	if err != nil || len(got) != 1 || got[0].Origin != "SYNC" || got[0].Expires != 15*time.Minute {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestConnectionsRefuse(t *testing.T) {
	for _, line := range []string{
		"XYZ C6336464 A1B2 C000020A 0050 C6336401 1F90 ESTABLISHED     900",
		"TCP C633646 A1B2 C000020A 0050 C6336401 1F90 ESTABLISHED     900",
		"TCP C6336464 1A1B2 C000020A 0050 C6336401 1F90 ESTABLISHED     900",
		"TCP C6336464 A1B2 C000020A 0050 C6336401",
		"TCP C63364G4 A1B2 C000020A 0050 C6336401 1F90 ESTABLISHED     900",
		"TCP C6336464:A1B2 C000020A 0050 C6336401 1F90 ESTABLISHED     900",
		"TCP C6336464 A1B2 C000020A 0050 C6336401 1F9/ ESTABLISHED     900",
		"TCP C6336464 A1B2 C000020A 0050 C6336401 1F90 ESTABLISHED    -900",
		"TCP 2001:0db8:0001:0000:0000:0000:0000-0064 A1B2 C000020A 0050 C6336401 1F90 ESTABLISHED 1",
		strings.Repeat("x", maxLine+1),
	} {
		t.Run(fmt.Sprintf("%.60s", line), func(t *testing.T) {
			if got, err := collect(t, connTitle+line+"\n", WithEngine); err == nil {
				t.Errorf("%.60q is read as %+v", line, got)
			}
		})
	}
}

const publicTable = `IP Virtual Server version 1.2.1 (size=256)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  C000020A:0050 wrr persistent 600 FFFFFF00
  -> C6336402:0050      Masq    65536  3          4         
  -> C6336403:0050      Route   2147483647 0          0         
UDP  C000020C:0035 rr ops 
TCP  [2001:0db8:0000:0000:0000:0000:0000:0010]:0050 mh persistent 300 40000000
  -> [2001:0db8:0001:0000:0000:0000:0000:0002]:1F90      Tunnel  1      0          0         
FWM  B2D05E00 wlc 
FWM  00000007 sh ops persistent 300 FFFFFFFF
  -> [2001:0db8:0001:0000:0000:0000:0000:0002]:0000      Local   1      0          0         
`

func TestPublicTable(t *testing.T) {
	ap := netip.MustParseAddrPort
	var got Snapshot
	if err := readPublicTable(strings.NewReader(publicTable), &got); err != nil {
		t.Fatal(err)
	}
	want := Snapshot{
		Info: Info{Version: 0x010201, ConnTableSize: 256},
		Services: []ServiceEntry{
			{Service: Service{ServiceID: AddressID(TCP, ap("192.0.2.10:80")), Scheduler: "wrr"}, Servers: []ServerEntry{
				{Server: Server{Addr: ap("198.51.100.2:80"), Forward: NAT, Weight: 65536}, Active: 3, Inactive: 4},
				{Server: Server{Addr: ap("198.51.100.3:80"), Forward: Direct, Weight: MaxWeight}},
			}},
			{
				Service: Service{ServiceID: AddressID(UDP, ap("192.0.2.12:53")), Scheduler: "rr", OnePacket: true},
				Servers: []ServerEntry{},
			},
			{Service: Service{ServiceID: AddressID(TCP, ap("[2001:db8::10]:80")), Scheduler: "mh"}, Servers: []ServerEntry{
				{Server: Server{Addr: ap("[2001:db8:1::2]:8080"), Forward: Tunneling, Weight: 1}},
			}},
			{Service: Service{ServiceID: MarkID(3000000000, IPv4), Scheduler: "wlc"}, Servers: []ServerEntry{}},
			{Service: Service{ServiceID: MarkID(7, IPv6), Scheduler: "sh", OnePacket: true}, Servers: []ServerEntry{
				{Server: Server{Addr: ap("[2001:db8:1::2]:0"), Forward: Local, Weight: 1}},
			}},
		},
	}
	if d := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{}, netip.AddrPort{})); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestTotals(t *testing.T) {
	got, err := readTotals(strings.NewReader(
		"   Total Incoming Outgoing         Incoming         Outgoing\n" +
			"   Conns  Packets  Packets            Bytes            Bytes\n" +
			"      1A       2B       3C               4D        123456789\n" +
			"\n" +
			" Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s\n" +
			"       1        2        3                4                F\n"))
	want := Stats{Counters{0x1a, 0x2b, 0x3c, 0x4d, 0x123456789}, Rates{1, 2, 3, 4, 15}}
	if err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	if _, err := readTotals(strings.NewReader("nothing\n")); err == nil {
		t.Error("a file without totals is accepted")
	}
}

// FuzzProc parses what no kernel writes to /proc.
func FuzzProc(f *testing.F) {
	f.Add(publicTable)
	f.Add(connTitle + "TCP C6336464 A1B2 C000020A 0050 C6336401 1F90 ESTABLISHED     900 sip abc\n")
	f.Add("Conns:\t0\nConn buckets:\t256 (8 bits, lfactor -4)\n")
	f.Fuzz(func(t *testing.T, s string) {
		for _, from := range []ConnectionSource{WithEngine, WithOrigin} {
			for c, err := range readConnections(strings.NewReader(s), from) {
				if err == nil && !c.Client.IsValid() {
					t.Errorf("a connection without a client: %+v", c)
				}
			}
		}
		var table Snapshot
		if readPublicTable(strings.NewReader(s), &table) == nil {
			for _, e := range table.Services {
				if e.Family == 0 || e.Scheduler == "" {
					t.Errorf("half a service: %+v", e)
				}
			}
		}
		_, _ = readTotals(strings.NewReader(s))
		_, _ = readTableStatus(strings.NewReader(s))
	})
}

func BenchmarkConnections(b *testing.B) {
	text := connTitle + strings.Repeat("UDP 0A800001 A1B2 C000020A 0050 C6336401 1F90 UDP             900\n", 10_000)
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for _, err := range readConnections(strings.NewReader(text), WithEngine) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != 10_000 {
			b.Fatal(n)
		}
	}
}
