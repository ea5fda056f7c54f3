package contract

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"lvs/kernel"

	"github.com/google/go-cmp/cmp"
)

func wantDaemons(t *testing.T, k kernel.Kernel, want ...kernel.Daemon) {
	t.Helper()
	got, err := k.Daemons(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(append([]kernel.Daemon{}, want...), got, compare()); d != "" {
		t.Errorf("the daemons are not as expected (-want +got):\n%s", d)
	}
}

func start(t *testing.T, k kernel.Kernel, d kernel.Daemon) {
	t.Helper()
	if err := k.StartDaemon(t.Context(), d); err != nil {
		t.Fatalf("start %+v: %v", d, err)
	}
}

func stop(t *testing.T, k kernel.Kernel, r kernel.Role) {
	t.Helper()
	if err := k.StopDaemon(t.Context(), r); err != nil {
		t.Fatalf("stop the %v: %v", r, err)
	}
}

// testInterfaces lists the interfaces, with the one that the daemons use.
func testInterfaces(t *testing.T, k kernel.Kernel) {
	got, err := k.Interfaces(t.Context())
	if err != nil || !slices.Contains(got, Interface) || !slices.IsSorted(got) {
		t.Errorf("interfaces %q, %v; want %q among them", got, err, Interface)
	}
}

// testDaemons runs a daemon of each role with every attribute set.
func testDaemons(t *testing.T, k kernel.Kernel) {
	wantDaemons(t, k)
	master := kernel.Daemon{
		Role: kernel.Master, Interface: Interface, ID: 255,
		Group: netip.MustParseAddr("239.1.2.3"), Port: 65535, TTL: 255, MaxLen: 1400,
	}
	backup := kernel.Daemon{
		Role: kernel.Backup, Interface: Interface, ID: 7,
		Group: netip.MustParseAddr("ff05::81"), Port: 9000, TTL: 3, MaxLen: 8000,
	}
	start(t, k, backup)
	wantDaemons(t, k, backup)
	start(t, k, master)
	wantDaemons(t, k, master, backup)
	stop(t, k, kernel.Backup)
	wantDaemons(t, k, master)
	stop(t, k, kernel.Master)
	wantDaemons(t, k)
}

// testDaemonDefaults reads the kernel's defaults for attributes that are zero.
func testDaemonDefaults(t *testing.T, k kernel.Kernel) {
	for _, c := range []struct {
		group  string
		maxLen map[kernel.Role]uint16
	}{
		{"", map[kernel.Role]uint16{kernel.Master: 1500 - 28, kernel.Backup: MTU - 28}},
		{"ff02::81", map[kernel.Role]uint16{kernel.Master: 1500 - 48, kernel.Backup: MTU - 48}},
	} {
		for role, maxLen := range c.maxLen {
			d := kernel.Daemon{Role: role, Interface: Interface}
			if c.group != "" {
				d.Group = netip.MustParseAddr(c.group)
			}
			start(t, k, d)
			if c.group == "" {
				d.Group = netip.MustParseAddr("224.0.0.81")
			}
			d.Port, d.TTL, d.MaxLen = 8848, 1, maxLen
			wantDaemons(t, k, d)
			stop(t, k, role)
		}
	}
}

// testDaemonLimits reads what the kernel makes of lengths that it cannot use.
func testDaemonLimits(t *testing.T, k kernel.Kernel) {
	for _, c := range []struct {
		role     kernel.Role
		group    string
		set, get uint16
	}{
		{kernel.Master, "224.0.0.81", 1, 1},
		{kernel.Master, "224.0.0.81", 65535, 65507},
		{kernel.Backup, "224.0.0.81", 1, 1024},
		{kernel.Backup, "224.0.0.81", 65535, 65507},
		{kernel.Backup, "ff02::81", 65535, 65487},
	} {
		t.Run(fmt.Sprint(c.role, c.group, c.set), func(t *testing.T) {
			d := kernel.Daemon{
				Role: c.role, Interface: Interface, Group: netip.MustParseAddr(c.group), Port: 8848, TTL: 1, MaxLen: c.set,
			}
			start(t, k, d)
			d.MaxLen = c.get
			wantDaemons(t, k, d)
			stop(t, k, c.role)
		})
	}
}

func testDaemonRefusals(t *testing.T, k kernel.Kernel) {
	ctx := t.Context()
	running := kernel.Daemon{Role: kernel.Master, Interface: Interface}
	start(t, k, running)
	before, err := k.Daemons(ctx)
	if err != nil {
		t.Fatal(err)
	}
	none := kernel.ServiceID{}
	backup := func(group string) kernel.Daemon {
		return kernel.Daemon{Role: kernel.Backup, Interface: Interface, Group: netip.MustParseAddr(group)}
	}
	for _, c := range []struct {
		name   string
		daemon kernel.Daemon
		reason error
	}{
		{"running", running, kernel.ErrExists},
		{"missing interface", kernel.Daemon{Role: kernel.Backup, Interface: "none-such"}, kernel.ErrNoInterface},
		{"no interface", kernel.Daemon{Role: kernel.Backup}, kernel.ErrNoInterface},
		{
			"running, missing interface",
			kernel.Daemon{Role: kernel.Master, Interface: "none-such"}, kernel.ErrNoInterface,
		},
		{"long interface name", kernel.Daemon{Role: kernel.Backup, Interface: strings.Repeat("x", 16)}, kernel.ErrInvalid},
		{"group not multicast", backup("192.0.2.1"), kernel.ErrInvalid},
		{"IPv6 group not multicast", backup("2001:db8::1"), kernel.ErrInvalid},
		{"no role", kernel.Daemon{Interface: Interface}, kernel.ErrInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			op := "start the sync " + c.daemon.Role.String()
			wantError(t, k.StartDaemon(ctx, c.daemon), c.reason, op, none)
		})
	}
	wantError(t, k.StopDaemon(ctx, kernel.Backup), kernel.ErrNoDaemon, "stop the sync backup", none)
	wantError(t, k.StopDaemon(ctx, 0), kernel.ErrInvalid, "stop the sync none", none)
	wantDaemons(t, k, before...)
}
