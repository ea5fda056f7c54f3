package api

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"lvs/director"
)

// hooked runs a hook for the events of a director, and returns what it reports.
func hooked(t *testing.T, f *fake, timeout time.Duration, argv ...string) <-chan string {
	t.Helper()
	faults := make(chan string, 100)
	h := &Hook{Control: f, Program: func() ([]string, time.Duration) { return argv, timeout },
		Alarm: func(what string) { faults <- what }}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		h.Run(ctx)
		close(done)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return faults
}

func TestHookIsTold(t *testing.T) {
	f, to := newFake(), filepath.Join(t.TempDir(), "out")
	faults := hooked(t, f, time.Minute, "/bin/sh", "-c",
		`cat >> "$1"; printf '%s\n' "$LVS_EVENT|$LVS_SERVER|$LVS_FROM|$LVS_TO|$LVS_TEXT|$HOME" >> "$1"`, "sh", to)
	f.happen(director.Event{ID: 1, At: now(), Kind: director.EventVerdict, Server: key("10.0.0.11:80"), From: "up",
		To: "down\n"})
	if fault := <-faults; fault != "" {
		t.Fatal(fault)
	}
	text, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	if !strings.HasPrefix(lines[0], `{"id":1,"time":"2026-03-04T05:06:07Z","event":"verdict",`) ||
		lines[1] != `verdict|10.0.0.11:80|up|down\n|down\n|` {
		t.Errorf("%q", lines)
	}
}

func TestHookFails(t *testing.T) {
	for _, test := range []struct {
		name, script, want string
		timeout            time.Duration
	}{
		{"a status", "echo 'no \x1b[2J mail' >&2; exit 3", `/bin/sh: exit status 3: no \x1b[2J mail`, time.Minute},
		{"too slow", "sleep 600", "/bin/sh: it took longer than 50ms", 50 * time.Millisecond},
		{"much text", "yes | head -c 1000000; exit 1", "/bin/sh: exit status 1: y\\ny", time.Minute},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFake()
			faults := hooked(t, f, test.timeout, "/bin/sh", "-c", test.script)
			f.happen(director.Event{ID: 1, At: now(), Kind: director.EventStarted})
			want := "the hook failed for event 1: " + test.want
			if got := <-faults; !strings.HasPrefix(got, want) || len(got) > len(want)+500 {
				t.Errorf("%q, want %q", got, want)
			}
			// It is not run for its own alarm, but for the next event.
			f.happen(director.Event{ID: 2, At: now(), Kind: director.EventAlarm, From: AlarmHook})
			f.happen(director.Event{ID: 3, At: now(), Kind: director.EventStarted})
			if got := <-faults; !strings.HasPrefix(got, "the hook failed for event 3: ") {
				t.Errorf("%q", got)
			}
		})
	}
	t.Run("no program", func(t *testing.T) {
		f := newFake()
		faults := hooked(t, f, time.Minute, "/nonexistent")
		f.happen(director.Event{ID: 1, At: now(), Kind: director.EventStarted})
		if got := <-faults; !strings.Contains(got, "no such file or directory") {
			t.Errorf("%q", got)
		}
	})
}

// What a hook leaves behind is killed with it.
func TestHookLeavesNothing(t *testing.T) {
	f, to := newFake(), filepath.Join(t.TempDir(), "pid")
	faults := hooked(t, f, time.Minute, "/bin/sh", "-c", `sleep 600 >/dev/null 2>&1 & echo $! > "$1"`, "sh", to)
	f.happen(director.Event{ID: 1, At: now(), Kind: director.EventStarted})
	if fault := <-faults; fault != "" {
		t.Fatal(fault)
	}
	text, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	for range 500 {
		if gone(pid) {
			return
		}
		time.Sleep(10 * time.Millisecond) // init, or who else adopts it, needs a moment
	}
	t.Errorf("process %d lives on", pid)
}

// gone reports whether a process has ended, whether or not somebody has waited for it.
func gone(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return true
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || strings.Contains(string(stat), ") Z ")
}

func TestHookLoses(t *testing.T) {
	f := &losing{fake: newFake()}
	faults := make(chan string, 10)
	h := &Hook{Control: f, Program: func() ([]string, time.Duration) { return nil, 0 },
		Alarm: func(what string) { faults <- what }}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		h.Run(ctx)
		close(done)
	}()
	if got, want := <-faults, "the hook is too slow: it was not run for 4 events"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	cancel()
	<-done
}

// losing is a director that has forgotten its first four events.
type losing struct{ *fake }

func (l *losing) Events(after uint64) ([]director.Event, uint64, <-chan struct{}) {
	if after == 0 {
		return []director.Event{{ID: 5, At: now(), Kind: director.EventStarted}}, 4, l.more
	}
	return nil, 0, l.more
}
