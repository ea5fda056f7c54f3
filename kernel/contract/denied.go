package contract

import (
	"context"
	"errors"
	"testing"
	"time"

	"lvs/kernel"
)

// Denied checks which requests are refused without privilege and which are not.
// Deny removes the privilege from the calling thread, or from the kernel in memory.
func Denied(t *testing.T, k kernel.Kernel, deny func()) {
	ctx := t.Context()
	s, v := service("tcp://192.0.2.10:80"), server("198.51.100.1:80")
	master := kernel.Daemon{Role: kernel.Master, Interface: Interface}
	mustApply(t, k, add(s), addServer(s, v))
	deny()
	none := kernel.ServiceID{}
	// Not in subtests: they would run on a thread that has the privilege.
	for _, c := range []struct {
		op    string
		about kernel.ServiceID
		call  func() error
	}{
		{"read the IPVS version", none, func() error { _, err := k.Info(ctx); return err }},
		{"list services", none, func() error { _, err := k.Snapshot(ctx); return err }},
		{"read", s.ServiceID, func() error { _, err := k.Snapshot(ctx, s.ServiceID); return err }},
		{"list services", none, func() error { _, err := k.Services(ctx); return err }},
		{"read", s.ServiceID, func() error { _, err := k.Services(ctx, s.ServiceID); return err }},
		{"list the servers of", s.ServiceID, func() error { _, err := k.Servers(ctx, s.ServiceID, nil); return err }},
		{"zero the counters", none, func() error { return k.Zero(ctx) }},
		{"zero the counters of", s.ServiceID, func() error { return k.Zero(ctx, s.ServiceID) }},
		{"delete every service", none, func() error { return k.Flush(ctx) }},
		{"read the timeouts", none, func() error { _, err := k.Timeouts(ctx); return err }},
		{"set the timeouts", none, func() error { return k.SetTimeouts(ctx, kernel.Timeouts{TCP: time.Second}) }},
		{"list the sync daemons", none, func() error { _, err := k.Daemons(ctx); return err }},
		{"start the sync master", none, func() error { return k.StartDaemon(ctx, master) }},
		{"stop the sync master", none, func() error { return k.StopDaemon(ctx, kernel.Master) }},
		{"set conntrack", none, func() error { return k.SetSysctl(ctx, "conntrack", "1") }},
	} {
		t.Log(c.op, c.about)
		wantError(t, c.call(), kernel.ErrPermission, c.op, c.about)
	}
	changes := []kernel.Change{add(service("fwmark:1")), remove(s), remove(service("fwmark:2")), removeServer(s, v)}
	wantRefusals(t, changes, k.Apply(ctx, changes), map[int]error{
		0: kernel.ErrPermission, 1: kernel.ErrPermission, 2: kernel.ErrPermission, 3: kernel.ErrPermission,
	})
	for name, call := range map[string]func() error{
		"Interfaces": func() error { _, err := k.Interfaces(ctx); return err },
		"Totals":     func() error { _, err := k.Totals(ctx); return err },
		"Sysctls":    func() error { _, err := k.Sysctls(ctx); return err },
		"Connections": func() error {
			for _, err := range k.Connections(ctx, kernel.WithOrigin) {
				return err
			}
			return nil
		},
		"TableStatus": func() error {
			if _, err := k.TableStatus(ctx); !errors.Is(err, kernel.ErrNotSupported) {
				return err
			}
			return nil
		},
	} {
		if err := call(); err != nil {
			t.Errorf("%s: %v, want no error: it needs no privilege", name, err)
		}
	}
	public, err := k.PublicSnapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if d := diff([]kernel.ServiceEntry{entry(s, v)}, public.Services); d != "" {
		t.Errorf("the table changed (-want +got):\n%s", d)
	}
}

// testCancelled makes every request with a context that is cancelled.
func testCancelled(t *testing.T, k kernel.Kernel) {
	s := service("tcp://192.0.2.10:80")
	mustApply(t, k, add(s))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	master := kernel.Daemon{Role: kernel.Master, Interface: Interface}
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
		"StartDaemon":    func() error { return k.StartDaemon(ctx, master) },
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
			t.Errorf("%s: error %v, want that the context is cancelled", name, err)
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
