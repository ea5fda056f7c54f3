package operate

import (
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"lvs/kernel"
	"lvs/operate/state"
)

// sysctl returns a setting.
func (w *world) sysctl(name string) string {
	w.t.Helper()
	all, err := w.kernel.Sysctls(w.t.Context(), name)
	if err != nil || len(all) != 1 {
		w.t.Fatalf("%s: %v, %v", name, all, err)
	}
	return all[0].Value
}

func (w *world) borrow(names ...string) *Borrowed {
	w.t.Helper()
	b, err := w.Borrow(w.t.Context(), names...)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// borrowKilled borrows and is killed: its background process too.
func (w *world) borrowKilled(names ...string) {
	w.t.Helper()
	w = w.again()
	w.Start = func(*state.HeldJob, *os.File) error { return nil }
	w.borrow(names...)
}

const nodest, quiescent = kernel.ExpireNodestConn, kernel.ExpireQuiescentTemplate

func TestBorrow(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(w *world)
		want string // of nodest afterwards
	}{
		{"given back", func(w *world) {
			b := w.borrow(nodest, quiescent)
			if w.sysctl(nodest) != "1" || w.sysctl(quiescent) != "1" || !slices.Equal(b.Names(), []string{nodest, quiescent}) {
				t.Errorf("%q, %q, %q", w.sysctl(nodest), w.sysctl(quiescent), b.Names())
			}
			if err := b.GiveBack(w.t.Context()); err != nil || w.sysctl(quiescent) != "0" {
				t.Errorf("%v, %q", err, w.sysctl(quiescent))
			}
			if jobs := w.State.Jobs(boot, ReleaseJob); len(jobs) > 0 {
				t.Errorf("a process still waits: %+v", jobs)
			}
		}, "0"},
		{"on before", func(w *world) {
			if err := w.kernel.SetSysctl(w.t.Context(), nodest, "1"); err != nil {
				t.Fatal(err)
			}
			b := w.borrow(nodest)
			if err := b.GiveBack(w.t.Context()); err != nil || len(b.Names()) > 0 || len(w.started) > 0 {
				t.Errorf("%v, %q", err, b.Names())
			}
		}, "1"},
		{"two at once", func(w *world) {
			first := w.borrow(nodest)
			second := w.again().borrow(nodest)
			if err := first.GiveBack(w.t.Context()); err != nil || w.sysctl(nodest) != "1" {
				t.Errorf("the second one lost it: %v, %q", err, w.sysctl(nodest))
			}
			if err := second.GiveBack(w.t.Context()); err != nil {
				t.Error(err)
			}
		}, "0"},
		{"killed, the background process restores it", func(w *world) {
			w.borrowKilled(nodest)
			if err := w.again().RestoreSettings(w.t.Context(), []string{nodest}); err != nil {
				t.Error(err)
			}
		}, "0"},
		{"killed together, the next command restores it", func(w *world) {
			w.borrowKilled(nodest)
			names, err := w.again().RestoreBroken(w.t.Context())
			if err != nil || !slices.Equal(names, []string{nodest}) {
				t.Errorf("%q, %v", names, err)
			}
			if names, err := w.again().RestoreBroken(w.t.Context()); err != nil || len(names) > 0 {
				t.Errorf("again: %q, %v", names, err)
			}
		}, "0"},
		{"the next command leaves what is at work alone", func(w *world) {
			w.borrow(nodest)
			if names, err := w.again().RestoreBroken(w.t.Context()); err != nil || len(names) > 0 {
				t.Errorf("%q, %v", names, err)
			}
		}, "1"},
		{"set by someone else meanwhile", func(w *world) {
			b := w.borrow(nodest)
			if err := w.kernel.SetSysctl(w.t.Context(), nodest, "2"); err != nil {
				t.Fatal(err)
			}
			if err := b.GiveBack(w.t.Context()); err != nil {
				t.Error(err)
			}
		}, "2"},
		{"no state folder", func(w *world) {
			w.Table = ""
			if _, err := w.Borrow(w.t.Context(), nodest); err == nil {
				t.Error("nothing would restore it")
			}
		}, "0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			c.do(w)
			if got := w.sysctl(nodest); got != c.want {
				t.Errorf("the setting is %q, want %q", got, c.want)
			}
		})
	}
}

func TestAwaitReleased(t *testing.T) {
	id := serviceID(web)
	of := func(client uint16, server int) kernel.Connection {
		return kernel.Connection{Protocol: kernel.TCP, Virtual: id.AddrPort(), Server: addr(server), State: "ESTABLISHED",
			Client: netip.AddrPortFrom(netip.MustParseAddr("198.51.100.1"), client)}
	}
	for _, c := range []struct {
		name  string
		on    string
		left  uint64
		waits time.Duration
	}{{"released", "1", 0, 0}, {"kept by the kernel", "0", 2, releaseTime}} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.add(web, 1, 1)
			w.kernel.SetConnections(of(1000, 1), of(1001, 1), of(1002, 2), of(1003, 9))
			if err := w.kernel.SetSysctl(t.Context(), nodest, c.on); err != nil {
				t.Fatal(err)
			}
			w.change(kernel.Change{Op: kernel.DeleteServer, Service: kernel.Service{ServiceID: id},
				Server: kernel.Server{Addr: addr(1)}})
			begun := w.now
			left, err := w.AwaitReleased(t.Context(), []kernel.ServerKey{{Service: id, Server: addr(1)}})
			if err != nil || left != c.left || w.now.Sub(begun) < c.waits {
				t.Errorf("%d left after %s, %v", left, w.now.Sub(begun), err)
			}
		})
	}
}
