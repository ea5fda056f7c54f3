package kernel

import (
	"encoding/hex"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestRequests compares requests with recorded ones, byte for byte. In the lab
// TestOracleReadsOurs sends the same changes and checks that the kernel accepts and
// understands them.
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
	group := Daemon{
		Role: Backup, Interface: "eth1", ID: 7, Group: netip.MustParseAddr("224.0.0.99"), Port: 8849, TTL: 2, MaxLen: 1400,
	}
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

// TestDecodeOldKernel decodes 32-bit statistics, as before Linux 4.1, and a server
// without its family, as before 3.18.
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

// TestDecodeBothWidths decodes 64-bit statistics before and after 32-bit ones: the
// 64-bit ones win.
func TestDecodeBothWidths(t *testing.T) {
	var narrow, wide []byte
	narrow, at := openNest(nil, svcStats)
	narrow = closeNest(appendU32(narrow, statInBytes, 1), at)
	wide, at = openNest(nil, svcStats64)
	wide = appendAttrHeader(wide, statInBytes, 8)
	wide = closeNest(host.AppendUint64(wide, 1<<40), at)
	identity := appendIdentity(nil, MarkID(1, IPv4))
	for _, stats := range [][]byte{slices.Concat(narrow, wide), slices.Concat(wide, narrow)} {
		var e ServiceEntry
		if err := decodeService(append(identity[:len(identity):len(identity)], stats...), &e, names{}); err != nil {
			t.Fatal(err)
		}
		if e.Stats.Counters.BytesIn != 1<<40 {
			t.Errorf("bytes in %d; want 2⁴⁰", e.Stats.Counters.BytesIn)
		}
	}
}

// FuzzAnswers decodes what no kernel sends.
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

// TestServiceRoundTrip decodes what the encoder encoded.
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

// serverAnswer returns a server with all attributes that Linux 7.2 sends, in its
// order (ip_vs_genl_fill_dest of ip_vs_ctl.c).
func serverAnswer() []byte {
	stats := func(b []byte, typ uint16, width uint64) []byte {
		b, at := openNest(b, typ)
		for _, s := range []uint16{
			statConns, statInPkts, statOutPkts, statInBytes, statOutBytes,
			statCPS, statInPPS, statOutPPS, statInBPS, statOutBPS,
		} {
			if width > 0 || s == statInBytes || s == statOutBytes {
				b = host.AppendUint64(appendAttrHeader(b, s, 8), uint64(s)+width)
			} else {
				b = appendU32(b, s, uint32(s))
			}
		}
		return closeNest(b, at)
	}
	b := appendBytes(nil, destAddr, []byte{10, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	b = appendPort(b, destPort, 80)
	b = appendU32(b, destForward, uint32(Direct))
	b = appendU32(b, destWeight, 7)
	b = appendU8(b, destTunType, 0)
	b = appendPort(b, destTunPort, 0)
	b = appendU16(b, destTunFlags, 0)
	for _, a := range []uint16{destUpper, destLower, destActive, destInactive, destPersistent} {
		b = appendU32(b, a, uint32(a))
	}
	b = appendU16(b, destFamily, uint16(IPv4))
	return stats(stats(b, destStats, 0), destStats64, 1<<40)
}

func BenchmarkDecodeServer(b *testing.B) {
	answer := serverAnswer()
	for b.Loop() {
		var e ServerEntry
		if err := decodeServer(answer, IPv4, &e); err != nil {
			b.Fatal(err)
		}
	}
}
