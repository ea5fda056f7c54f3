package lab_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"lvs/lab"
	"lvs/output"
)

// TestDirectorFullDisk fills the disk of the state folder. The director says so, and goes on
// masking servers.
func TestDirectorFullDisk(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	h := newHeld(t)
	h.stop()
	if err := syscall.Mount("tmpfs", h.state, "tmpfs", 0, "size=256k,mode=700"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Unmount(h.state, syscall.MNT_DETACH) })
	h.start()
	h.up(20 * time.Second)
	ballast := filepath.Join(h.state, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 1<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	h.die(0)
	h.masked(10*time.Second, "10.0.0.11")
	h.until(20*time.Second, func(row *output.DirectorRow) error {
		for _, a := range row.Alarms {
			if strings.Contains(a.What, "no space left on device") {
				return nil
			}
		}
		return fmt.Errorf("no alarm about the disk: %+v", row.Alarms)
	})
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	h.revive(0)
	h.up(20 * time.Second)
	lab.Eventually(t, 2*time.Minute, func() error { // the journal is tried again after 30 s
		h.ipvsadm(fmt.Sprintf("-e -t %s:80 -r 10.0.0.12:80 -g -w 9", h.VIP4))
		h.until(30*time.Second, func(row *output.DirectorRow) error {
			return directedServers(row, "10.0.0.12", func(s *output.DirectedServerRow) error {
				if *s.Weight != 1 {
					return errors.New("the drift is not repaired")
				}
				return nil
			})
		})
		row, err := h.row()
		if err != nil {
			return err
		}
		for _, a := range row.Alarms {
			if strings.Contains(a.What, "no space left on device") {
				return fmt.Errorf("still: %+v", a)
			}
		}
		return nil
	})
}

// TestDirectorClock sets the clock forwards and back. It is not parallel, because the clock
// is everybody's.
func TestDirectorClock(t *testing.T) {
	lab.Need(t)
	if os.Getenv(lab.KindVariable) == "host" {
		t.Log("not on a machine whose clock others need")
		return
	}
	h := newHeld(t)
	for _, jump := range []time.Duration{time.Hour, -time.Hour} {
		row, err := h.row()
		if err != nil {
			t.Fatal(err)
		}
		setClock(t, jump)
		h.until(30*time.Second, func(now *output.DirectorRow) error {
			if now.Checks.Done < row.Checks.Done+30 {
				return fmt.Errorf("only %d checks since the jump", now.Checks.Done-row.Checks.Done)
			}
			return directedServers(now, "", weighs(true)) // nobody is masked
		})
		before := time.Now()
		h.die(1)
		h.masked(10*time.Second, "10.0.0.12")
		t.Logf("after a jump of %s masked within %s", jump, time.Since(before))
		h.revive(1)
		h.up(20 * time.Second)
	}
}

// setClock sets the clock of the machine by some time.
func setClock(t *testing.T, by time.Duration) {
	t.Helper()
	now := syscall.NsecToTimeval(time.Now().Add(by).UnixNano())
	if err := syscall.Settimeofday(&now); err != nil {
		t.Fatal(err)
	}
}
