package machine

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fake returns a guest process that is not a kernel: a program whose output is the link.
func fake(t *testing.T, name string, args ...string) *guestProcess {
	t.Helper()
	link, guestEnd, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(name, args...)
	cmd.Stdout = guestEnd
	cmd.ExtraFiles = []*os.File{guestEnd} // closed here once the guest has it
	cmd.SysProcAttr = attributes(false)
	console := new(tail)
	console.Write([]byte("Kernel panic - not syncing"))
	return &guestProcess{cmd: cmd, link: link, console: console, boot: time.Minute, group: true}
}

// recorded writes what a guest sends into a file.
func recorded(t *testing.T, events ...Event) string {
	t.Helper()
	var stream bytes.Buffer
	w := &frameWriter{out: &stream}
	for _, e := range events {
		if err := w.send(e); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "frames")
	if err := os.WriteFile(path, stream.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestGuestProcessPassesEventsOn(t *testing.T) {
	path := recorded(t, Event{Kind: Booted}, Event{Kind: Alive}, Event{Kind: Exited, Status: 7}, Event{Kind: Done})
	var got []EventKind
	err := fake(t, "cat", path).run(t.Context(), func(e Event) { got = append(got, e.Kind) })
	if diff := cmp.Diff([]EventKind{Booted, Exited}, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

func TestGuestProcessExplainsItsEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	hangs := fake(t, "sleep", "1000")
	hangs.boot = time.Millisecond
	for _, test := range []struct {
		name string
		ctx  context.Context
		g    *guestProcess
		want string
	}{
		{"panics", t.Context(), fake(t, "cat", recorded(t, Event{Kind: Booted})), "the guest ended before its commands did"},
		{"does not boot", t.Context(), hangs, "did not boot within 1ms"},
		{"is interrupted", ctx, fake(t, "sleep", "1000"), "context canceled"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.g.run(test.ctx, func(Event) {})
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "Kernel panic") {
				t.Errorf("got %v, want %q and the console", err, test.want)
			}
			if test.g.cmd.ProcessState == nil {
				t.Error("the process was left behind")
			}
		})
	}
}

func TestTailKeepsTheEnd(t *testing.T) {
	var c tail
	for range consoleTail {
		c.Write([]byte("0123456789"))
	}
	c.Write([]byte("end"))
	if s := c.String(); len(s) != consoleTail || !strings.HasSuffix(s, "789end") {
		t.Errorf("%d bytes, ending in %q", len(s), s[max(0, len(s)-10):])
	}
}
