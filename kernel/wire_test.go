package kernel

import (
	"encoding/hex"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestRequests compares requests with recorded ones, byte for byte. That the
// kernel takes each of them and understands it as meant is seen in the lab, in
// TestOracleReadsOurs, which sends the same changes.
func TestRequests(t *testing.T) {
	if host.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the records are those of a little-endian machine; the lab tests cover the others")
	}
	changes := append(everyAttribute(), markAbove())
	edit := changes[1]
	edit.Op = EditServer
	last := changes[0]
	last.Op = DeleteService
	changes = append(changes, edit, last)
	var b strings.Builder
	for i, c := range changes {
		fmt.Fprintf(&b, "%v %v", c.Op, c.Service.ServiceID)
		if c.Op.OnServer() {
			fmt.Fprintf(&b, " %v", c.Server.Addr)
		}
		request := appendRequest(nil, 0x22, &c, flagAck, uint32(i))
		if int(host.Uint32(request)) != len(request) || len(request)%4 != 0 {
			t.Errorf("%v: %d bytes, its header says %d", c.Op, len(request), host.Uint32(request))
		}
		fmt.Fprintf(&b, "\n%s\n", hex.Dump(request))
	}
	golden(t, "testdata/requests.golden", b.String())
}

func TestDaemonRequest(t *testing.T) {
	group := Daemon{Role: Backup, Interface: "eth1", ID: 7, Group: netip.MustParseAddr("224.0.0.99"), Port: 8849, TTL: 2, MaxLen: 1400}
	group6 := Daemon{Role: Master, Interface: "eth1", Group: netip.MustParseAddr("ff02::99")}
	for _, want := range []Daemon{group, group6, {Role: Master}} {
		data, err := nested(appendDaemon(nil, &want), attrDaemon)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeDaemon(data)
		if err != nil || got != want {
			t.Errorf("read back %+v, %v; want %+v", got, err, want)
		}
	}
}

// TestDecodeOldKernel gives 32-bit statistics, as before Linux 4.1, and no
// server family, as before 3.18.
func TestDecodeOldKernel(t *testing.T) {
	var b []byte
	b = appendBytes(b, destAddr, netip.MustParseAddr("2001:db8::1").AsSlice())
	b = appendPort(b, destPort, 80)
	b, at := openNest(b, destStats)
	b = appendU32(b, statConns, 5)
	b = appendU32(b, statOutBPS, 6)
	b = closeNest(b, at)
	var e ServerEntry
	if err := decodeServer(b, IPv6, &e); err != nil {
		t.Fatal(err)
	}
	want := ServerEntry{Server: Server{Addr: netip.MustParseAddrPort("[2001:db8::1]:80")}}
	want.Stats.Counters.Connections = 5
	want.Stats.Rates.BytesOut = 6
	if e != want {
		t.Errorf("got %+v; want %+v", e, want)
	}
}

// TestDecodeBothWidths gives the 64-bit figures first and last: they win.
func TestDecodeBothWidths(t *testing.T) {
	var narrow, wide []byte
	narrow, at := openNest(nil, svcStats)
	narrow = closeNest(appendU32(narrow, statInBytes, 1), at)
	wide, at = openNest(nil, svcStats64)
	wide = appendAttrHeader(wide, statInBytes, 8)
	wide = closeNest(host.AppendUint64(wide, 1<<40), at)
	identity := appendIdentity(nil, MarkID(1, IPv4))
	for _, stats := range [][]byte{append(narrow[:len(narrow):len(narrow)], wide...), append(wide[:len(wide):len(wide)], narrow...)} {
		var e ServiceEntry
		if err := decodeService(append(identity[:len(identity):len(identity)], stats...), &e, names{}); err != nil {
			t.Fatal(err)
		}
		if e.Stats.Counters.BytesIn != 1<<40 {
			t.Errorf("bytes in %d; want 2⁴⁰", e.Stats.Counters.BytesIn)
		}
	}
}

// FuzzAnswers gives the decoders what no kernel sends.
func FuzzAnswers(f *testing.F) {
	for _, c := range everyAttribute() {
		f.Add(appendRequest(nil, 0x22, &c, 0, 1))
	}
	d := Daemon{Role: Master, Interface: "eth0", Group: netip.MustParseAddr("224.0.0.81")}
	f.Add(endMessage(appendDaemon(beginMessage(nil, 1, 1, 0, 1), &d), 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		for m, err := range messages(b) {
			if err != nil {
				return
			}
			_, _ = m.errno()
			body, err := m.payload()
			if err != nil {
				continue
			}
			_, _ = decodeInfo(body)
			for _, typ := range []uint16{attrService, attrDest, attrDaemon} {
				data, err := nested(body, typ)
				if err != nil {
					continue
				}
				var service ServiceEntry
				if decodeService(data, &service, names{}) == nil && service.Persistence < 0 {
					t.Errorf("persistence %v", service.Persistence)
				}
				_ = decodeServer(data, IPv4, new(ServerEntry))
				_, _ = decodeDaemon(data)
			}
		}
	})
}

// TestServiceRoundTrip decodes what the encoder wrote.
func TestServiceRoundTrip(t *testing.T) {
	for _, c := range append(everyAttribute(), markAbove()) {
		if c.Op != AddService {
			continue
		}
		data, err := nested(appendService(nil, &c.Service), attrService)
		if err != nil {
			t.Fatal(err)
		}
		var e ServiceEntry
		if err := decodeService(data, &e, names{}); err != nil || e.Service != c.Service {
			t.Errorf("read back %+v, %v; want %+v", e.Service, err, c.Service)
		}
	}
}

func TestErrors(t *testing.T) {
	one := Refusals{{Index: 3, Err: &Error{Op: "add server", Service: MarkID(7, IPv4), Server: netip.MustParseAddrPort("192.0.2.1:80"), Err: ErrExists}}}
	if got := one.Error(); got != "add server fwmark:7 192.0.2.1:80: exists already" {
		t.Errorf("one refusal reads %q", got)
	}
	if got := append(one, one...).Error(); !strings.HasSuffix(got, "(and 1 more refusals)") {
		t.Errorf("two refusals read %q", got)
	}
	if (Version(0x010201)).String() != "1.2.1" {
		t.Errorf("version reads %q", Version(0x010201))
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got)\n%s", path, d)
	}
}
