package contract

import (
	"slices"
	"strings"
	"testing"

	"lvs/kernel"

	"github.com/google/go-cmp/cmp"
)

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
			t.Errorf("%s is %q, want %q", c.name, got, c.at)
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
		t.Log(c.name, c.value) // no subtest: it would run on a thread of another namespace
		wantError(t, k.SetSysctl(t.Context(), c.name, c.value), c.reason, "set "+c.name, kernel.ServiceID{})
	}
	after, err := k.Sysctls(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(before, after); d != "" {
		t.Errorf("refused values changed the settings (-before +after):\n%s", d)
	}
}

// testSomeSysctls reads settings by name.
func testSomeSysctls(t *testing.T, k kernel.Kernel) {
	for _, c := range []struct{ only, want []string }{
		{[]string{kernel.ExpireNodestConn}, []string{kernel.ExpireNodestConn}},
		{[]string{"sloppy_tcp", "conntrack", "sloppy_tcp"}, []string{"conntrack", "sloppy_tcp"}},
		{[]string{"none_such", "conntrack"}, []string{"conntrack"}},
		{[]string{"", ".", "..", "../ip_forward"}, nil},
	} {
		t.Log(c.only) // no subtest: it would run on a thread of another namespace
		all, err := k.Sysctls(t.Context(), c.only...)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range all {
			got = append(got, s.Name)
			if s.Value == "" {
				t.Errorf("%s has no value", s.Name)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("settings %q, want %q", got, c.want)
		}
	}
}

// testStopped switches off the updates of the counters, in both ways.
func testStopped(t *testing.T, k kernel.Kernel) {
	mustApply(t, k, add(service("tcp://192.0.2.10:80")))
	check := func(when, want string) {
		t.Helper()
		whole, err := k.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		services, err := k.Services(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		public, err := k.PublicSnapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if whole.Stopped != want || services.Stopped != want || public.Stopped != "" {
			t.Errorf("%s: stopped by %q, %q, public %q; want %q, twice, and nothing",
				when, whole.Stopped, services.Stopped, public.Stopped, want)
		}
	}
	check("at first", "")
	if has, err := k.Sysctls(t.Context(), kernel.RunEstimation); err != nil || len(has) == 0 {
		t.Logf("this kernel always counts: %v, %v", has, err)
		return
	}
	if has, err := k.Sysctls(t.Context(), kernel.EstCPUList); err != nil || len(has) == 0 { // before Linux 6.2
		for value, want := range map[string]string{"0": kernel.RunEstimation, "1": ""} {
			if err := k.SetSysctl(t.Context(), kernel.RunEstimation, value); err != nil {
				t.Fatal(err)
			}
			check(kernel.RunEstimation+"="+value, want)
		}
		return
	}
	for _, c := range []struct{ name, value, want string }{
		{kernel.RunEstimation, "0", kernel.RunEstimation},
		{kernel.EstCPUList, "", kernel.RunEstimation},
		{kernel.RunEstimation, "1", kernel.EstCPUList},
		{kernel.EstCPUList, "0", ""},
		{kernel.RunEstimation, "-1", ""},
	} {
		if err := k.SetSysctl(t.Context(), c.name, c.value); err != nil {
			t.Fatal(err)
		}
		check(c.name+"="+c.value, c.want)
	}
	wantError(t, k.SetSysctl(t.Context(), kernel.EstCPUList, "none"), kernel.ErrInvalid, "set "+kernel.EstCPUList,
		kernel.ServiceID{})
}
