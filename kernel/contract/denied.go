package contract

import (
	"errors"
	"testing"
	"time"

	"lvs/kernel"
)

// Denied sees what is refused without privilege and what is not. Deny takes the
// privilege of the calling thread away, or that of the kernel in memory.
func Denied(t *testing.T, k kernel.Kernel, deny func()) {
	ctx := t.Context()
	s, v := service("tcp://192.0.2.10:80"), server("198.51.100.1:80")
	mustApply(t, k, add(s), addServer(s, v))
	deny()
	for name, call := range map[string]func() error{
		"Info":        func() error { _, err := k.Info(ctx); return err },
		"Snapshot":    func() error { _, err := k.Snapshot(ctx); return err },
		"Services":    func() error { _, err := k.Services(ctx); return err },
		"Servers":     func() error { _, err := k.Servers(ctx, s.ServiceID, nil); return err },
		"Zero":        func() error { return k.Zero(ctx) },
		"Flush":       func() error { return k.Flush(ctx) },
		"Timeouts":    func() error { _, err := k.Timeouts(ctx); return err },
		"SetTimeouts": func() error { return k.SetTimeouts(ctx, kernel.Timeouts{TCP: time.Second}) },
		"Daemons":     func() error { _, err := k.Daemons(ctx); return err },
		"StartDaemon": func() error { return k.StartDaemon(ctx, kernel.Daemon{Role: kernel.Master, Interface: Interface}) },
		"StopDaemon":  func() error { return k.StopDaemon(ctx, kernel.Master) },
		"SetSysctl":   func() error { return k.SetSysctl(ctx, "conntrack", "1") },
	} {
		var e *kernel.Error
		if err := call(); !errors.Is(err, kernel.ErrPermission) || !errors.As(err, &e) {
			t.Errorf("%s: %v, want %v", name, err, kernel.ErrPermission)
		}
	}
	_, err := k.Snapshot(ctx, s.ServiceID)
	if want := "read " + s.ServiceID.String() + ": permission denied"; !errors.Is(err, kernel.ErrPermission) || err.Error() != want {
		t.Errorf("Snapshot of one: %v, want %s", err, want)
	}
	if _, err := k.Snapshot(ctx); err.Error() != "list services: permission denied" {
		t.Errorf("Snapshot: %v", err)
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
			t.Errorf("%s: %v; everyone may read it", name, err)
		}
	}
	public, err := k.PublicSnapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if d := diff([]kernel.ServiceEntry{entry(s, v)}, public.Services); d != "" {
		t.Errorf("the table is not as it was (-want +got):\n%s", d)
	}
}
