package contract

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"lvs/kernel"

	"github.com/google/go-cmp/cmp"
)

func testZero(t *testing.T, k kernel.Kernel) {
	a, b := service("tcp://192.0.2.10:80"), service("fwmark:1")
	v := server("198.51.100.1:80")
	mustApply(t, k, add(a), add(b), addServer(a, v))
	if err := k.Zero(t.Context()); err != nil {
		t.Error(err)
	}
	if err := k.Zero(t.Context(), a.ServiceID, b.ServiceID); err != nil {
		t.Error(err)
	}
	missing := id("tcp://192.0.2.11:80")
	wantError(t, k.Zero(t.Context(), a.ServiceID, missing), kernel.ErrNoService, missing)
	wantTable(t, k, entry(a, v), entry(b))
}

func testFlush(t *testing.T, k kernel.Kernel) {
	if err := k.Flush(t.Context()); err != nil {
		t.Errorf("an empty table: %v", err)
	}
	times := kernel.Timeouts{TCP: time.Minute, TCPFin: time.Minute, UDP: time.Minute}
	if err := k.SetTimeouts(t.Context(), times); err != nil {
		t.Fatal(err)
	}
	a, b := service("tcp://192.0.2.10:80"), service("fwmark:1/ipv6")
	mustApply(t, k, add(a), add(b), addServer(a, server("198.51.100.1:80")))
	if err := k.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantTable(t, k)
	if got, err := k.Timeouts(t.Context()); err != nil || got != times {
		t.Errorf("timeouts after flush: %v, %v; want %v", got, err, times)
	}
	mustApply(t, k, add(a))
	wantTable(t, k, entry(a))
}

func testTimeouts(t *testing.T, k kernel.Kernel) {
	want := kernel.Timeouts{TCP: 15 * time.Minute, TCPFin: 2 * time.Minute, UDP: 5 * time.Minute}
	check := func() {
		t.Helper()
		if got, err := k.Timeouts(t.Context()); err != nil || got != want {
			t.Errorf("timeouts %v, %v; want %v", got, err, want)
		}
	}
	check()
	for _, set := range []kernel.Timeouts{
		{TCP: time.Second}, {TCPFin: time.Hour}, {UDP: 31 * 24 * time.Hour}, {},
		{TCP: 24 * 24 * time.Hour, TCPFin: 2 * time.Second, UDP: 3 * time.Second},
	} {
		if err := k.SetTimeouts(t.Context(), set); err != nil {
			t.Fatalf("%v: %v", set, err)
		}
		if set.TCP != 0 {
			want.TCP = set.TCP
		}
		if set.TCPFin != 0 {
			want.TCPFin = set.TCPFin
		}
		if set.UDP != 0 {
			want.UDP = set.UDP
		}
		check()
	}
	for _, bad := range []time.Duration{-time.Second, math.MaxInt32 * time.Second, math.MaxUint32 * time.Second, (1<<32 + 5) * time.Second} {
		for _, set := range []kernel.Timeouts{{TCP: bad, UDP: time.Minute}, {TCPFin: bad, UDP: time.Minute}, {UDP: bad, TCP: time.Minute}} {
			wantError(t, k.SetTimeouts(t.Context(), set), kernel.ErrInvalid, kernel.ServiceID{})
			check()
		}
	}
}

func testSysctls(t *testing.T, k kernel.Kernel) {
	value := func(name string) string {
		t.Helper()
		all, err := k.Sysctls(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !slices.IsSortedFunc(all, func(a, b kernel.Sysctl) int { return strings.Compare(a.Name, b.Name) }) {
			t.Errorf("not sorted by name: %v", all)
		}
		i := slices.IndexFunc(all, func(s kernel.Sysctl) bool { return s.Name == name })
		if i < 0 {
			t.Fatalf("no setting %s in %v", name, all)
		}
		return all[i].Value
	}
	for _, c := range []struct{ name, at, set, want string }{
		{"am_droprate", "10", "20", "20"},
		{"amemthresh", "1024", "2048", "2048"},
		{"backup_only", "0", "1", "1"},
		{"cache_bypass", "0", "1", "1"},
		{"conn_reuse_mode", "1", "0", "0"},
		{"conntrack", "0", "1", "1"},
		{"drop_entry", "0", "3", "3"},
		{"drop_packet", "0", "3", "3"},
		{"expire_nodest_conn", "0", "1", "1"},
		{"expire_quiescent_template", "0", "1", "1"},
		{"ignore_tunneled", "0", "1", "1"},
		{"nat_icmp_send", "0", "1", "1"},
		{"pmtu_disc", "1", "0", "0"},
		{"run_estimation", "1", "0", "0"},
		{"schedule_icmp", "0", "1", "1"},
		{"secure_tcp", "0", "3", "3"},
		{"sloppy_sctp", "0", "1", "1"},
		{"sloppy_tcp", "0", "1", "1"},
		{"snat_reroute", "1", "0", "0"},
		{"sync_persist_mode", "0", "1", "1"},
		{"sync_ports", "1", "4", "4"},
		{"sync_refresh_period", "0", "10", "10"},
		{"sync_retries", "0", "3", "3"},
		{"sync_threshold", "3\t50", "5 100", "5\t100"},
		{"sync_version", "1", "0", "0"},
		{"conntrack", "1", "0x10", "16"},
		{"conntrack", "16", "010", "8"},
		{"conntrack", "8", " -5 6 ", "-5"},
		{"sync_threshold", "5\t100", "7", "7\t100"},
	} {
		if got := value(c.name); got != c.at {
			t.Errorf("%s is %q in a fresh namespace, want %q", c.name, got, c.at)
		}
		if err := k.SetSysctl(t.Context(), c.name, c.set); err != nil {
			t.Errorf("%s = %s: %v", c.name, c.set, err)
		}
		if got := value(c.name); got != c.want {
			t.Errorf("%s is %q after %q, want %q", c.name, got, c.set, c.want)
		}
	}
}

func testSysctlRefusals(t *testing.T, k kernel.Kernel) {
	before, err := k.Sysctls(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, value string
		reason      error
	}{
		{"none_such", "1", kernel.ErrNoSysctl},
		{"", "1", kernel.ErrNoSysctl},
		{".", "1", kernel.ErrNoSysctl},
		{"..", "1", kernel.ErrNoSysctl},
		{"../ip_forward", "1", kernel.ErrNoSysctl},
		{"conntrack", "yes", kernel.ErrInvalid},
		{"conntrack", "", kernel.ErrInvalid},
		{"conntrack", "1x", kernel.ErrInvalid},
		{"conntrack", "+1", kernel.ErrInvalid},
		{"conntrack", "99999999999", kernel.ErrInvalid},
		{"sync_qlen_max", "-1", kernel.ErrInvalid},
		{"drop_entry", "4", kernel.ErrInvalid},
		{"drop_packet", "-1", kernel.ErrInvalid},
		{"secure_tcp", "4", kernel.ErrInvalid},
		{"sync_ports", "3", kernel.ErrInvalid},
		{"sync_ports", "0", kernel.ErrInvalid},
		{"sync_retries", "4", kernel.ErrInvalid},
		{"sync_threshold", "50 3", kernel.ErrInvalid},
		{"sync_threshold", "-1 3", kernel.ErrInvalid},
		{"sync_version", "2", kernel.ErrInvalid},
	} {
		t.Log(c.name, c.value)
		wantError(t, k.SetSysctl(t.Context(), c.name, c.value), c.reason, kernel.ServiceID{})
	}
	after, err := k.Sysctls(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(before, after); d != "" {
		t.Errorf("refused values changed the settings (-before +after):\n%s", d)
	}
}

// testCancelled asks for everything too late.
func testCancelled(t *testing.T, k kernel.Kernel) {
	s := service("tcp://192.0.2.10:80")
	mustApply(t, k, add(s))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	calls := map[string]func() error{
		"Info":           func() error { _, err := k.Info(ctx); return err },
		"Snapshot":       func() error { _, err := k.Snapshot(ctx); return err },
		"PublicSnapshot": func() error { _, err := k.PublicSnapshot(ctx); return err },
		"Apply":          func() error { return k.Apply(ctx, []kernel.Change{remove(s)}) },
		"Zero":           func() error { return k.Zero(ctx) },
		"Flush":          func() error { return k.Flush(ctx) },
		"Timeouts":       func() error { _, err := k.Timeouts(ctx); return err },
		"SetTimeouts":    func() error { return k.SetTimeouts(ctx, kernel.Timeouts{TCP: time.Second}) },
		"Daemons":        func() error { _, err := k.Daemons(ctx); return err },
		"StartDaemon":    func() error { return k.StartDaemon(ctx, kernel.Daemon{Role: kernel.Master, Interface: Interface}) },
		"StopDaemon":     func() error { return k.StopDaemon(ctx, kernel.Master) },
		"Totals":         func() error { _, err := k.Totals(ctx); return err },
		"TableStatus":    func() error { _, err := k.TableStatus(ctx); return err },
		"Sysctls":        func() error { _, err := k.Sysctls(ctx); return err },
		"SetSysctl":      func() error { return k.SetSysctl(ctx, "conntrack", "1") },
		"Connections": func() error {
			for _, err := range k.Connections(ctx, kernel.WithEngine) {
				return err
			}
			return nil
		},
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a cancelled context gives %v", name, err)
		}
	}
	wantTable(t, k, entry(s))
	if got, err := k.Timeouts(t.Context()); err != nil || got.TCP != 15*time.Minute {
		t.Errorf("timeouts %v, %v: a cancelled request changed them", got, err)
	}
	if got, err := k.Daemons(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("daemons %v, %v: a cancelled request started one", got, err)
	}
}
