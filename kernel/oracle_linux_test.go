package kernel

import (
	"context"
	"fmt"
	"net/netip"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

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

// TestOracleReadsOurs writes a table with our codec and reads it with ipvsadm.
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
	got = strings.Split(ipvsadm(t, "", "-Ln", "--thresholds"), "\n")
	if !slices.ContainsFunc(got, func(line string) bool {
		return strings.Contains(line, "198.51.100.2:80              2000       1500 ")
	}) {
		t.Errorf("ipvsadm does not show the thresholds:\n%s", strings.Join(got, "\n"))
	}
	// Some versions of ipvsadm print this mark as a negative number.
	if err := c.Apply(context.Background(), []Change{markAbove()}); err != nil {
		t.Fatal(err)
	}
	list := ipvsadm(t, "", "-Ln")
	if !strings.Contains(list, "FWM  -1294967296 wlc") && !strings.Contains(list, "FWM  3000000000 wlc") {
		t.Errorf("ipvsadm does not list the mark 3000000000:\n%s", list)
	}
}

// TestOursReadsOracle writes the table with ipvsadm and reads it with our codec.
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

// TestTableRequests makes the requests that go through moby/ipvs.
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

// TestDaemonOracle starts a sync daemon with our codec and one with ipvsadm, and
// reads each with the other.
func TestDaemonOracle(t *testing.T) {
	lab.Need(t)
	ctx := context.Background()
	run(t, "ip", "link", "add", "sync0", "type", "dummy")
	run(t, "ip", "addr", "add", "198.51.100.1/24", "dev", "sync0")
	run(t, "ip", "link", "set", "sync0", "up")
	c := open(t)
	master := Daemon{
		Role: Master, Interface: "sync0", ID: 7, Group: netip.MustParseAddr("224.0.0.99"), Port: 8849, TTL: 3, MaxLen: 1200,
	}
	if err := c.StartDaemon(ctx, master); err != nil {
		t.Fatal(err)
	}
	want := "master sync daemon (mcast=sync0, syncid=7, maxlen=1200, group=224.0.0.99, port=8849, ttl=3)"
	if got := ipvsadm(t, "", "-L", "--daemon"); !strings.Contains(got, want) {
		t.Errorf("ipvsadm reads %q; want %q", got, want)
	}
	ipvsadm(t, "", "--start-daemon", "backup", "--mcast-interface", "sync0", "--syncid", "9")
	got, err := c.Daemons(ctx)
	if err != nil || len(got) != 2 {
		t.Fatalf("daemons %+v, %v; want two", got, err)
	}
	backup := Daemon{
		Role: Backup, Interface: "sync0", ID: 9, Group: netip.MustParseAddr("224.0.0.81"), Port: 8848, TTL: 1,
		MaxLen: got[1].MaxLen, // depends on the MTU
	}
	if got[0] != master || got[1] != backup {
		t.Errorf("daemons %+v, want %+v and %+v", got, master, backup)
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

// publicPart returns the part of a snapshot that /proc/net/ip_vs shows.
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

// oracleLine returns the line of ipvsadm-save for a change, according to its man
// page and its output.
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
		method := map[Forward]string{NAT: "-m", Tunneling: "-i", Direct: "-g"}[r.Forward]
		line := fmt.Sprintf("-a %s -r %s %s -w %d", selector, r.Addr, method, r.Weight)
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
