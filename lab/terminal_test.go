package lab

import (
	"slices"
	"syscall"
	"testing"
	"time"
)

const terminalLimit = 10 * time.Second

// A shell represents any program on a terminal.
func TestTerminal(t *testing.T) {
	x := OnTerminal(t, 40, 5, []string{"PS1=now> "}, "sh", "-i")
	x.Until(t, terminalLimit, `now>`)
	x.Type("printf '\\033[?1049h\\033[2J'; echo $((6*7)); stty size\r")
	x.Until(t, terminalLimit, `42\n5 40\nnow>`)
	if got := x.Leftovers(); !slices.Contains(got, "the alternate screen is shown") {
		t.Errorf("left over: %q; want the alternate screen", got)
	}
	x.Resize(t, 60, 20)
	x.Type("printf '\\033[?1049l'; clear; stty size; exit 3\r")
	x.Until(t, terminalLimit, `20 60`)
	if status := x.End(t, terminalLimit); status != 3 {
		t.Errorf("status %d, want 3", status)
	}
	if got := x.Leftovers(); len(got) > 0 {
		t.Errorf("left over: %q", got)
	}
}

func TestTerminalTellsOfARawLine(t *testing.T) {
	x := OnTerminal(t, 40, 5, nil, "sh", "-c", "stty raw; echo is raw; sleep 60")
	x.Until(t, terminalLimit, `is raw`)
	if err := x.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if status := x.End(t, terminalLimit); status != 128+9 {
		t.Errorf("status %d, want 137", status)
	}
	if got := x.Leftovers(); len(got) != 1 {
		t.Errorf("left over: %q; want the line, which is raw", got)
	}
}
