package kernel

import (
	"context"
	"fmt"
	stdnet "net"
	"net/netip"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/moby/ipvs"

	"lvs/lab"
)

var comparable = cmpopts.EquateComparable(netip.Addr{}, netip.AddrPort{}, ServiceID{})

// The features of the table of every attribute.
var everyFeature = []lab.Feature{{Name: "GRE tunnels", Major: 5, Minor: 3}}

func open(t *testing.T) *Client {
	t.Helper()
	c, err := Open(Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// TestOracleReadsOurs writes a table with our codec and lets ipvsadm tell what
// the kernel understood.
func TestOracleReadsOurs(t *testing.T) {
	lab.Need(t, everyFeature...)
	c := open(t)
	changes := everyAttribute()
	if err := c.Apply(context.Background(), changes); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, c := range changes {
		c.Server.Upper, c.Server.Lower = 0, 0 // ipvsadm -S leaves them out
		want = append(want, oracleLine(c))
	}
	got := strings.Split(strings.TrimSpace(ipvsadm(t, "", "-Sn")), "\n")
	for i := range got {
		got[i] = strings.TrimSpace(got[i])
	}
	slices.Sort(want)
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("ipvsadm -Sn (-want +got)\n%s", d)
	}
	if got := ipvsadm(t, "", "-Ln", "--thresholds"); !strings.Contains(got, "198.51.100.2:80              2000       1500 ") {
		t.Errorf("ipvsadm does not show the thresholds:\n%s", got)
	}
	// A mark that ipvsadm prints as a negative number.
	if err := c.Apply(context.Background(), []Change{markAbove()}); err != nil {
		t.Fatal(err)
	}
	if got := ipvsadm(t, "", "-Ln"); !strings.Contains(got, "FWM  -1294967296 wlc") && !strings.Contains(got, "FWM  3000000000 wlc") {
		t.Errorf("ipvsadm does not list the mark 3000000000:\n%s", got)
	}
}

// TestOursReadsOracle lets ipvsadm write the table and reads it back.
func TestOursReadsOracle(t *testing.T) {
	lab.Need(t, everyFeature...)
	var text strings.Builder
	for _, c := range everyAttribute() {
		fmt.Fprintln(&text, oracleLine(c))
	}
	ipvsadm(t, text.String(), "-R")
	c := open(t)
	compareTable(t, c, everyAttribute())
	public, err := c.PublicSnapshot(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	full, err := c.Snapshot(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(publicPart(full), public.Services, comparable); d != "" {
		t.Errorf("/proc/net/ip_vs (-want +got)\n%s", d)
	}
}

// TestMobyReadsOurs and the other way round, for what moby/ipvs can hold.
func TestMobyReadsOurs(t *testing.T) {
	lab.Need(t, everyFeature...)
	c := open(t)
	changes := everyAttribute()
	if err := c.Apply(context.Background(), changes); err != nil {
		t.Fatal(err)
	}
	h, err := ipvs.New("")
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	services, err := h.GetServices()
	if err != nil {
		t.Fatal(err)
	}
	want := map[ServiceID]bool{}
	for _, c := range changes {
		if c.Op == AddService {
			want[c.Service.ServiceID] = true
		}
	}
	for _, s := range services {
		id := mobyID(s)
		if !want[id] {
			t.Errorf("moby/ipvs lists %v", id)
			continue
		}
		delete(want, id)
		i := slices.IndexFunc(changes, func(c Change) bool { return c.Op == AddService && c.Service.ServiceID == id })
		ours := changes[i].Service
		if s.SchedName != ours.Scheduler || s.Flags&flagOnePacket != 0 != ours.OnePacket || s.Flags&flagPersistent != 0 != (ours.Persistence > 0) ||
			s.Flags/flagSched&7 != uint32(ours.SchedFlags) || ours.Persistence > 0 && s.Timeout != uint32(ours.Persistence/time.Second) {
			t.Errorf("moby/ipvs reads %+v; wanted %+v", s, ours)
		}
		servers, err := h.GetDestinations(s)
		if err != nil {
			t.Fatal(err)
		}
		compareMobyServers(t, id, servers, tableOf(changes)[id])
	}
	if len(want) > 0 {
		t.Errorf("moby/ipvs misses %v", want)
	}
}

func TestOursReadsMoby(t *testing.T) {
	lab.Need(t)
	h, err := ipvs.New("")
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	want := []Change{
		{Op: AddService, Service: Service{ServiceID: AddressID(TCP, netip.MustParseAddrPort("192.0.2.10:80")), Scheduler: "wrr", Persistence: time.Minute, Netmask: 0xffffff00}},
		{Op: AddService, Service: Service{ServiceID: AddressID(UDP, netip.MustParseAddrPort("[2001:db8::10]:53")), Scheduler: "sh", SchedFlags: SchedFlag2, OnePacket: true}},
		{Op: AddService, Service: Service{ServiceID: MarkID(7, IPv6), Scheduler: "rr"}},
	}
	for i, server := range []Server{
		{Addr: netip.MustParseAddrPort("198.51.100.1:8080"), Forward: NAT, Weight: 65535, Upper: 20, Lower: 10},
		{Addr: netip.MustParseAddrPort("[2001:db8:1::1]:53"), Forward: Direct, Weight: 1},
		{Addr: netip.MustParseAddrPort("[2001:db8:1::1]:0"), Forward: Tunneling, Weight: 0},
	} {
		c := want[i]
		s := c.Service
		m := &ipvs.Service{Address: s.Addr.AsSlice(), Protocol: uint16(s.Protocol), Port: s.Port, FWMark: s.FWMark, SchedName: s.Scheduler,
			Timeout: uint32(s.Persistence / time.Second), AddressFamily: uint16(s.Family), Netmask: ^uint32(0)}
		if s.Family == IPv6 {
			m.Netmask = 128
		}
		if s.Persistence > 0 {
			m.Flags = flagPersistent
			m.Netmask = 0x00ffffff // network byte order, as the kernel keeps it
		}
		if s.OnePacket {
			m.Flags |= flagOnePacket
		}
		m.Flags |= uint32(s.SchedFlags) * flagSched
		if err := h.NewService(m); err != nil {
			t.Fatal(s.ServiceID, err)
		}
		d := &ipvs.Destination{Address: server.Addr.Addr().AsSlice(), Port: server.Addr.Port(), Weight: server.Weight, ConnectionFlags: uint32(server.Forward),
			UpperThreshold: server.Upper, LowerThreshold: server.Lower, AddressFamily: uint16(FamilyOf(server.Addr.Addr()))}
		if err := h.NewDestination(m, d); err != nil {
			t.Fatal(server.Addr, err)
		}
		want = append(want, Change{Op: AddServer, Service: s, Server: server})
	}
	if host.Uint16([]byte{1, 0}) != 1 {
		want[0].Service.Netmask = 0x00ffffff
	}
	compareTable(t, open(t), want)
}

// TestTableRequests looks at what goes through moby/ipvs, and in a namespace
// that is named.
func TestTableRequests(t *testing.T) {
	lab.Need(t)
	ctx := context.Background()
	c := open(t)
	if err := c.SetTimeouts(ctx, Timeouts{TCP: 100 * time.Second, UDP: 50 * time.Second}); err != nil {
		t.Fatal(err)
	}
	if got := ipvsadm(t, "", "-L", "--timeout"); !strings.Contains(got, "100 120 50") {
		t.Errorf("ipvsadm reads the timeouts as %q", got)
	}
	ipvsadm(t, "", "--set", "200", "0", "0")
	if got, err := c.Timeouts(ctx); err != nil || got != (Timeouts{200 * time.Second, 2 * time.Minute, 50 * time.Second}) {
		t.Errorf("timeouts %v, %v", got, err)
	}
	ipvsadm(t, "", "-A", "-t", "192.0.2.10:80")
	if err := c.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if got := ipvsadm(t, "", "-Sn"); got != "" {
		t.Errorf("after the flush: %q", got)
	}
}

func TestNamedNamespace(t *testing.T) {
	lab.Need(t)
	ctx := context.Background()
	name := "lvs-named-" + strconv.Itoa(time.Now().Nanosecond())
	run(t, "ip", "netns", "add", name)
	t.Cleanup(func() { run(t, "ip", "netns", "del", name) })
	for _, netns := range []string{name, "/run/netns/" + name} {
		c, err := Open(Options{Netns: netns})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Apply(ctx, []Change{markAbove()}); err != nil {
			t.Fatal(err)
		}
		if err := c.SetTimeouts(ctx, Timeouts{UDP: 77 * time.Second}); err != nil {
			t.Fatal(err)
		}
		if err := c.SetSysctl(ctx, "sloppy_tcp", "1"); err != nil {
			t.Fatal(err)
		}
		s, err := c.PublicSnapshot(ctx)
		if err != nil || len(s.Services) != 1 {
			t.Errorf("%s: public table %v, %v", netns, s, err)
		}
		if got := run(t, "ip", "netns", "exec", name, "ipvsadm", "-L", "--timeout"); !strings.Contains(got, "900 120 77") {
			t.Errorf("%s: timeouts %q", netns, got)
		}
		if got := run(t, "ip", "netns", "exec", name, "cat", "/proc/sys/net/ipv4/vs/sloppy_tcp"); got != "1\n" {
			t.Errorf("%s: sloppy_tcp %q", netns, got)
		}
		if err := c.Flush(ctx); err != nil {
			t.Fatal(err)
		}
		c.Close()
	}
	if s, err := open(t).Snapshot(ctx); err != nil || len(s.Services) != 0 {
		t.Errorf("this namespace's table: %v, %v", s, err)
	}
}

// TestDaemonOracle starts a sync daemon by each side and reads it by the other.
func TestDaemonOracle(t *testing.T) {
	lab.Need(t)
	ctx := context.Background()
	run(t, "ip", "link", "add", "sync0", "type", "dummy")
	run(t, "ip", "addr", "add", "198.51.100.1/24", "dev", "sync0")
	run(t, "ip", "link", "set", "sync0", "up")
	c := open(t)
	master := Daemon{Role: Master, Interface: "sync0", ID: 7, Group: netip.MustParseAddr("224.0.0.99"), Port: 8849, TTL: 3, MaxLen: 1200}
	if err := c.StartDaemon(ctx, master); err != nil {
		t.Fatal(err)
	}
	want := "master sync daemon (mcast=sync0, syncid=7, maxlen=1200, group=224.0.0.99, port=8849, ttl=3)"
	if got := ipvsadm(t, "", "-L", "--daemon"); !strings.Contains(got, want) {
		t.Errorf("ipvsadm reads %q; want %q", got, want)
	}
	ipvsadm(t, "", "--start-daemon", "backup", "--mcast-interface", "sync0", "--syncid", "9")
	got, err := c.Daemons(ctx)
	if err != nil || len(got) != 2 || got[0] != master || got[1].Role != Backup || got[1].ID != 9 || got[1].Group != netip.MustParseAddr("224.0.0.81") || got[1].Port != 8848 || got[1].TTL != 1 {
		t.Errorf("daemons %+v, %v", got, err)
	}
	for _, r := range []Role{Master, Backup} {
		if err := c.StopDaemon(ctx, r); err != nil {
			t.Error(err)
		}
	}
	if got := ipvsadm(t, "", "-L", "--daemon"); got != "" {
		t.Errorf("still running: %q", got)
	}
}

func compareTable(t *testing.T, c *Client, changes []Change) {
	t.Helper()
	s, err := c.Snapshot(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	wantServers := tableOf(changes)
	wantServices := map[ServiceID]Service{}
	for _, c := range changes {
		if c.Op == AddService {
			wantServices[c.Service.ServiceID] = c.Service
		}
	}
	gotServices := map[ServiceID]Service{}
	gotServers := map[ServiceID][]Server{}
	for _, e := range s.Services {
		gotServices[e.ServiceID] = e.Service
		gotServers[e.ServiceID] = []Server{}
		for _, server := range e.Servers {
			gotServers[e.ServiceID] = append(gotServers[e.ServiceID], server.Server)
		}
	}
	byAddr := cmpopts.SortSlices(func(a, b Server) int { return a.Addr.Compare(b.Addr) })
	if d := cmp.Diff(wantServices, gotServices, comparable); d != "" {
		t.Errorf("services (-want +got)\n%s", d)
	}
	if d := cmp.Diff(wantServers, gotServers, comparable, byAddr); d != "" {
		t.Errorf("servers (-want +got)\n%s", d)
	}
}

// publicPart leaves of a snapshot what /proc/net/ip_vs shows.
func publicPart(s *Snapshot) []ServiceEntry {
	var out []ServiceEntry
	for _, e := range s.Services {
		e.Stats, e.SchedFlags, e.Engine, e.Persistence, e.Netmask = Stats{}, 0, "", 0, 0
		e.Servers = slices.Clone(e.Servers)
		for i := range e.Servers {
			r := &e.Servers[i]
			r.Stats, r.Tunnel, r.Upper, r.Lower, r.Persistent = Stats{}, Tunnel{}, 0, 0, 0
		}
		out = append(out, e)
	}
	return out
}

// oracleLine is the line of ipvsadm-save for a change, written from its man
// page and from what it prints.
func oracleLine(c Change) string {
	s := c.Service
	selector := fmt.Sprintf("-t %s", s.AddrPort())
	switch {
	case s.FWMark != 0:
		selector = fmt.Sprintf("-f %d", s.FWMark)
		if s.Family == IPv6 {
			selector += " -6"
		}
	case s.Protocol == UDP:
		selector = "-u" + selector[2:]
	case s.Protocol == SCTP:
		selector = "--sctp-service" + selector[2:]
	}
	if c.Op == AddServer {
		r := c.Server
		line := fmt.Sprintf("-a %s -r %s %s -w %d", selector, r.Addr, map[Forward]string{NAT: "-m", Tunneling: "-i", Direct: "-g"}[r.Forward], r.Weight)
		if r.Upper != 0 {
			line += fmt.Sprintf(" -x %d -y %d", r.Upper, r.Lower)
		}
		if r.Forward == Tunneling {
			line += " --tun-type " + r.Tunnel.Type.String()
			if r.Tunnel.Type == GUE {
				line += fmt.Sprintf(" --tun-port %d", r.Tunnel.Port)
			}
			if r.Tunnel.Type != IPIP {
				line += " --tun-" + r.Tunnel.Flags.String()
			}
		}
		return line
	}
	line := fmt.Sprintf("-A %s -s %s", selector, s.Scheduler)
	if s.Persistence > 0 {
		line += fmt.Sprintf(" -p %d", s.Persistence/time.Second)
		if m := s.Netmask.Text(s.Family); m != "" {
			line += " -M " + m
		}
	}
	if s.Engine != "" {
		line += " --pe " + s.Engine
	}
	if s.OnePacket {
		line += " -o"
	}
	if s.SchedFlags != 0 {
		line += " -b " + strings.Join(s.SchedFlags.Names(s.Scheduler), ",")
	}
	return line
}

func mobyID(s *ipvs.Service) ServiceID {
	id := ServiceID{Family: Family(s.AddressFamily), Protocol: Protocol(s.Protocol), Port: s.Port, FWMark: s.FWMark}
	if s.FWMark == 0 {
		a, _ := netip.AddrFromSlice(stdnet.IP(s.Address))
		if id.Family == IPv4 {
			a = a.Unmap()
		}
		id.Addr = a
	} else {
		id.Protocol, id.Port = 0, 0
	}
	return id
}

// compareMobyServers compares what moby/ipvs keeps: 16 bits of the weight, no
// tunnels, and only servers of the service's family.
func compareMobyServers(t *testing.T, id ServiceID, got []*ipvs.Destination, want []Server) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%v: moby/ipvs reads %d servers of %d", id, len(got), len(want))
	}
	for _, d := range got {
		a, _ := netip.AddrFromSlice(d.Address)
		if d.AddressFamily == uint16(IPv4) {
			a = a.Unmap()
		}
		i := slices.IndexFunc(want, func(s Server) bool { return s.Addr == netip.AddrPortFrom(a, d.Port) })
		if i < 0 {
			t.Errorf("%v: moby/ipvs reads a server %v:%d", id, a, d.Port)
			continue
		}
		w := want[i]
		if d.Weight != w.Weight&0xffff || d.ConnectionFlags&forwardMask != uint32(w.Forward) || d.UpperThreshold != w.Upper || d.LowerThreshold != w.Lower {
			t.Errorf("%v: moby/ipvs reads %+v; wanted %+v", id, d, w)
		}
	}
}

func ipvsadm(t *testing.T, in string, args ...string) string {
	t.Helper()
	cmd := exec.Command("ipvsadm", args...)
	cmd.Stdin = strings.NewReader(in)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("ipvsadm %q: %v: %s", args, err, out)
	}
	return string(out)
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v: %s", name, args, err, out)
	}
	return string(out)
}
