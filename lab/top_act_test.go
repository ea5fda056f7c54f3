package lab_test

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"testing"

	"lvs/lab"
)

// A change of a weight needs a confirmation, and Cancel is the default.
func TestTopWeight(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	w := newWatched(t)
	x := w.top(t, 80, 24)
	x.Type(lab.KeyEnter)
	x.Until(t, topLimit, `▸ `+regexp.QuoteMeta(w.Servers[0].Addr4.String()))

	x.Type(lab.KeyF8)
	x.Until(t, topLimit, `weight +10 → 20(.|\n)*\[ Cancel \]`)
	x.Type(lab.KeyEnter)
	x.Until(t, topLimit, `nothing was changed`)
	if weight, _ := w.ipvsadm(t, w.Servers[0]); weight != "10" {
		t.Errorf("the weight is %s after Cancel, want 10", weight)
	}

	// The size of the terminal changes while the dialog is open.
	x.Type(lab.KeyF8)
	x.Until(t, topLimit, `10 → 20`)
	for _, size := range [][2]int{{40, 10}, {200, 50}, {20, 4}, {80, 24}} {
		x.Resize(t, size[0], size[1])
		if size[0] >= 40 {
			x.Until(t, topLimit, `10 → 20`)
		}
	}
	x.Type(lab.KeyF7)
	x.Until(t, topLimit, `10 → 21`)
	x.Type(lab.KeyTab + lab.KeyEnter)
	x.Until(t, topLimit, `▸ \S+ +nat +21 `)
	if weight, _ := w.ipvsadm(t, w.Servers[0]); weight != "21" {
		t.Errorf("the kernel's weight is %s, want 21", weight)
	}
	if weight, _ := w.ipvsadm(t, w.Servers[1]); weight != "10" {
		t.Errorf("the other's weight is %s, want 10", weight)
	}

	// The command is in the log and in the clipboard.
	command := fmt.Sprintf("lvs weight %s %s:80 21", w.service, w.Servers[0].Addr4)
	x.Type("5")
	x.Until(t, topLimit, regexp.QuoteMeta(command))
	x.Type("c")
	x.Until(t, topLimit, `copied`)
	x.Look(func(s *lab.Screen) {
		if got, err := base64.StdEncoding.DecodeString(s.Clipboard); err != nil || string(got) != command {
			t.Errorf("the clipboard has %q, %v; want %q", got, err, command)
		}
	})

	x.Type("2" + lab.KeyEnter)
	x.Until(t, topLimit, `▸ \S+ +nat +21 `)
	x.Type("U")
	x.Until(t, topLimit, `Undo(.|\n)*\[ Cancel \]`)
	x.Type("y")
	x.Until(t, topLimit, `▸ \S+ +nat +10 `)
	if weight, _ := w.ipvsadm(t, w.Servers[0]); weight != "10" {
		t.Errorf("the kernel's weight is %s after undo, want 10", weight)
	}
	quit(t, x)
}

// A busy server is drained completely, and undrained.
func TestTopDrain(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	w := newWatched(t)
	x := w.top(t, 80, 24)
	server := w.Servers[0].Addr4.String()
	x.Type(lab.KeyEnter)
	x.Until(t, topLimit, `▸ `+regexp.QuoteMeta(server)+`:80 +nat +10 +[1-9]`)
	x.Type("d")
	x.Until(t, topLimit, `Drain (.|\n)*10 → 0(.|\n)*active connections? can finish(.|\n)*\[ Cancel \]`)
	x.Type("y")
	x.Until(t, topLimit, `draining `+regexp.QuoteMeta(server))
	x.Until(t, topLimit, `drained: no packets come any more`)
	if weight, active := w.ipvsadm(t, w.Servers[0]); weight != "0" || active != "0" {
		t.Errorf("ipvsadm shows weight %s and %s active connections, want 0 and 0", weight, active)
	}
	if _, active := w.ipvsadm(t, w.Servers[1]); active == "0" {
		t.Error("the other server has no connections")
	}
	x.Until(t, topLimit, `[0-9] closed connections; the kernel removes them`)
	x.Type(lab.KeyEsc)
	x.UntilNot(t, topLimit, `draining`)
	x.Type("u")
	x.Until(t, topLimit, `Undrain(.|\n)*\[ Cancel \]`)
	x.Type("y")
	x.Until(t, topLimit, `▸ `+regexp.QuoteMeta(server)+`:80 +nat +10 +[1-9]`)
	if weight, _ := w.ipvsadm(t, w.Servers[0]); weight != "10" {
		t.Errorf("the weight is %s after undrain, want 10", weight)
	}
	quit(t, x)
}

// With --read-only no key changes anything.
func TestTopReadOnly(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	w := newWatched(t)
	x := w.top(t, 80, 24, "--read-only")
	x.Until(t, topLimit, `read-only`)
	x.Type(lab.KeyEnter)
	x.Until(t, topLimit, `▸ `+regexp.QuoteMeta(w.Servers[0].Addr4.String()))
	for _, key := range []string{lab.KeyF8, "d", "x", "Z", "U", "a", "e", "u"} {
		x.Type(key)
		x.Until(t, topLimit, `--read-only was given`)
		x.Type("y")
		x.UntilNot(t, topLimit, `--read-only was given`)
	}
	for _, s := range w.Servers {
		if weight, _ := w.ipvsadm(t, s); weight != "10" {
			t.Errorf("%s has weight %s, want 10", s.Name, weight)
		}
	}
	quit(t, x)
}
