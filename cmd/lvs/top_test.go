package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"lvs/lab"
)

// topLimit is how long to wait for a screen. It is long because the machine may be busy.
const topLimit = 20 * time.Second

// helpTitle is in the help of every screen.
const helpTitle = ` Help\b`

// topOn starts the dashboard on a terminal, without saved settings.
func topOn(t *testing.T, columns, rows int, env []string, args ...string) *lab.Terminal {
	t.Helper()
	self, env := topProcess(t, env)
	return lab.OnTerminal(t, columns, rows, env, self, append([]string{"top"}, args...)...)
}

func topProcess(t *testing.T, more []string) (self string, env []string) {
	t.Helper()
	if os.Getenv(lab.InLabVariable) != "" {
		t.Skip("about the process, not the kernel")
	}
	test, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	self = filepath.Join(dir, "lvs")
	if err := os.Symlink(test, self); err != nil {
		t.Fatal(err)
	}
	return self, append([]string{"LC_ALL=C.UTF-8", "NO_COLOR=", "XDG_CONFIG_HOME=" + filepath.Join(dir, "config"),
		"LVS_STATE_DIR=" + filepath.Join(dir, "state"), "COLORTERM=", "TMUX="}, more...)
}

// The terminal is restored, whatever ends the dashboard.
func TestTopLeavesTheTerminal(t *testing.T) {
	for _, row := range []struct {
		name   string
		end    func(*testing.T, *lab.Terminal)
		status int
	}{
		{"q", func(_ *testing.T, x *lab.Terminal) { x.Type("q") }, 0},
		{"Ctrl-C", func(_ *testing.T, x *lab.Terminal) { x.Type("\x03") }, 0},
		{"SIGINT", func(_ *testing.T, x *lab.Terminal) { x.Process.Signal(syscall.SIGINT) }, 130},
		{"SIGTERM", func(_ *testing.T, x *lab.Terminal) { x.Process.Signal(syscall.SIGTERM) }, 130},
		{"SIGHUP", func(_ *testing.T, x *lab.Terminal) { x.Process.Signal(syscall.SIGHUP) }, 130},
		{"SIGQUIT", func(_ *testing.T, x *lab.Terminal) { x.Process.Signal(syscall.SIGQUIT) }, 3},
		{"in a dialog", func(t *testing.T, x *lab.Terminal) {
			x.Type("?")
			x.Until(t, topLimit, helpTitle)
			x.Process.Signal(syscall.SIGTERM)
		}, 130},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			x := topOn(t, 80, 24, nil, "--demo", "--mouse")
			x.Until(t, topLimit, `192\.0\.2\.10:443 `)
			if left := x.Leftovers(); len(left) < 3 {
				t.Errorf("while it runs, only %q is changed in the terminal", left)
			}
			row.end(t, x)
			status := x.End(t, topLimit)
			if status != row.status {
				t.Errorf("exit status %d, want %d", status, row.status)
			}
			if left := x.Leftovers(); len(left) > 0 {
				t.Errorf("left over: %q", left)
			}
			if text := x.Screen(); strings.Contains(text, "192.0.2.10") || strings.Contains(text, "panic") {
				t.Errorf("the screen afterwards:\n%s", text)
			}
		})
	}
}

// Ctrl-Z returns the terminal to the shell; fg resumes the dashboard.
func TestTopSuspends(t *testing.T) {
	self, env := topProcess(t, nil)
	x := lab.OnTerminal(t, 80, 24, env, "bash", "--norc", "-c",
		"set -m; "+self+" top --demo; echo stopped with $?; read -r line; fg >/dev/null; echo ended with $?")
	x.Until(t, topLimit, `192\.0\.2\.10:443 `)
	x.Type("\x1a")
	x.Until(t, topLimit, `stopped with 148`)
	if left := x.Leftovers(); len(left) > 0 {
		t.Errorf("left over while it is stopped: %q", left)
	}
	x.Type("\r")
	x.Until(t, topLimit, `every 1s(.|\n)*192\.0\.2\.10:443 `)
	x.Type("q")
	x.Until(t, topLimit, `ended with 0`)
	if x.End(t, topLimit); len(x.Leftovers()) > 0 {
		t.Errorf("left over: %q", x.Leftovers())
	}
}

func TestTopResizes(t *testing.T) {
	x := topOn(t, 80, 24, nil, "--demo")
	x.Until(t, topLimit, `192\.0\.2\.10:443 `)
	sizes := func(shows string) {
		for _, size := range [][2]int{{200, 50}, {40, 10}, {120, 40}, {7, 3}, {1, 1}, {2, 60}, {300, 2}, {80, 24}} {
			x.Resize(t, size[0], size[1])
			if size[0] >= 40 && size[1] >= 10 {
				x.Until(t, topLimit, shows)
			}
		}
	}
	sizes(`lvs (demo: )?overview`)
	x.Until(t, topLimit, `192\.0\.2\.10:443 `)
	x.Type("?")
	x.Until(t, topLimit, helpTitle)
	sizes(` Help`)
	x.Until(t, topLimit, helpTitle)
	x.Type(lab.KeyEsc)
	x.UntilNot(t, topLimit, helpTitle)
	x.Until(t, topLimit, `lvs demo: overview .*every 1s(.|\n)*192\.0\.2\.10:443 (.|\n)*q quit`)
	x.Type("q")
	if status := x.End(t, topLimit); status != 0 || len(x.Leftovers()) > 0 {
		t.Errorf("exit status %d, left over %q", status, x.Leftovers())
	}
}

// The dashboard uses only the colours and characters of its terminal.
func TestTopOnEveryTerminal(t *testing.T) {
	colours := func(s *lab.Screen) (most int) {
		for c := range s.Cells {
			most = max(most, c.Style.Foreground, c.Style.Background)
		}
		return most
	}
	foreign := func(s *lab.Screen) bool {
		return strings.ContainsFunc(s.Text(), func(r rune) bool { return r > 126 })
	}
	for _, row := range []struct {
		name     string
		env      []string
		args     []string
		colour   bool
		notASCII bool
	}{
		{"xterm with 256 colours", nil, nil, true, true},
		{"16 colours", []string{"TERM=xterm"}, nil, true, true},
		{"the console", []string{"TERM=linux"}, nil, true, true},
		{"screen", []string{"TERM=screen-256color"}, nil, true, true},
		{"direct colours", []string{"COLORTERM=truecolor"}, nil, true, true},
		{"NO_COLOR", []string{"NO_COLOR=1"}, nil, false, true},
		{"--color never", nil, []string{"--color", "never"}, false, true},
		{"--ascii", nil, []string{"--ascii"}, true, false},
		{"another locale", []string{"LC_ALL=C"}, nil, true, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			x := topOn(t, 80, 24, row.env, append([]string{"--demo"}, row.args...)...)
			x.Until(t, topLimit, `192\.0\.2\.10:443 (.|\n)*q quit`)
			x.Until(t, topLimit, `connections/s +\d`)
			x.Look(func(s *lab.Screen) {
				most := colours(s)
				if row.colour != (most > 0) || most > 16 {
					t.Errorf("highest colour of the palette: %d; want colour: %t, at most 16", most, row.colour)
				}
				if foreign(s) != row.notASCII {
					t.Errorf("characters beyond ASCII: %t, want %t\n%s", foreign(s), row.notASCII, s.Text())
				}
				if strings.Contains(strings.Join(s.Leftovers(), " "), "mode 100") {
					t.Errorf("the mouse is on: %q", s.Leftovers())
				}
			})
			x.Type("q")
			if status := x.End(t, topLimit); status != 0 || len(x.Leftovers()) > 0 {
				t.Errorf("exit status %d, left over %q", status, x.Leftovers())
			}
		})
	}
}

// IPVS may be unloaded and loaded again while the dashboard runs.
func TestTopWithoutIPVSForAWhile(t *testing.T) {
	self, env := topProcess(t, nil)
	dir := t.TempDir()
	env = append(env, fakeVariable+"="+filepath.Join(dir, "kernel.json"))
	add := exec.Command(self, "service", "add", "tcp://192.0.2.10:80")
	add.Env = append(os.Environ(), env...)
	if out, err := add.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	x := lab.OnTerminal(t, 80, 24, env, self, "top", "-d", "100ms")
	x.Until(t, topLimit, `192\.0\.2\.10:80 `)
	unloaded := filepath.Join(dir, "kernel.unloaded")
	if err := os.WriteFile(unloaded, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	x.Until(t, topLimit, `IPVS is not loaded`)
	x.Until(t, topLimit, `\d+s OLD`)
	if err := os.Remove(unloaded); err != nil {
		t.Fatal(err)
	}
	x.UntilNot(t, topLimit, `IPVS is not loaded`)
	x.Until(t, topLimit, `every 100ms(.|\n)*192\.0\.2\.10:80 `)
	x.Type("q")
	if status := x.End(t, topLimit); status != 0 {
		t.Errorf("exit status %d", status)
	}
}

func TestTopWithoutPrivilege(t *testing.T) {
	self, env := topProcess(t, nil)
	dir := t.TempDir()
	env = append(env, fakeVariable+"="+filepath.Join(dir, "kernel.json"))
	if err := os.WriteFile(filepath.Join(dir, "kernel.denied"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	x := lab.OnTerminal(t, 80, 24, env, self, "top")
	x.Until(t, topLimit, `read-only(.|\n)*CAP_NET_ADMIN`)
	x.Type("q")
	x.End(t, topLimit)
}

// The steps that the README describes for the demo: find the busiest server, drain it, and
// undo that.
func TestTopFindsDrainsAndUndoes(t *testing.T) {
	x := topOn(t, 80, 24, nil, "--demo")
	x.Until(t, topLimit, `192\.0\.2\.10:443 `)
	x.Type("3")
	x.Until(t, topLimit, `real servers`)
	for range 12 {
		if strings.Contains(x.Screen(), "▼ACTIVE") {
			break
		}
		was := x.Screen()
		x.Type(lab.KeyRight)
		x.Sees(topLimit, func(text string) bool { return text != was })
	}
	x.Until(t, topLimit, `▼ACTIVE`)
	x.Type("/10[.]0[.]0\r")
	x.Type("g")
	x.Until(t, topLimit, `▸ 10\.0\.0\.11 +2/2 `)
	x.Type("d")
	x.Until(t, topLimit, `100 → 0 (.|\n)*100 → 0 (.|\n)*lvs drain 10\.0\.0\.11 --yes(.|\n)*\[ Cancel \]`)
	x.Type("y")
	x.Until(t, topLimit, `draining 10\.0\.0\.11(.|\n)*active per minute +-\d`)
	x.Type("\x1b\r") // the services of the server
	x.Until(t, topLimit, `192\.0\.2\.10:443 +.*0 DRAINED `)
	x.Type("i")
	x.Until(t, topLimit, `DRAINED +was 100, (.|\n)*since \d`)
	x.Type("\x1b")
	x.Until(t, topLimit, `0 DRAINED `)
	x.Type("U")
	x.Until(t, topLimit, `Undo(.|\n)*\[ Cancel \]`)
	x.Type("y")
	x.Until(t, topLimit, `▸ tcp://192\.0\.2\.10:80 +100 (.|\n)*tcp://192\.0\.2\.10:443 +100 `)
	x.Type("5")
	x.Until(t, topLimit, `done +lvs undo (.|\n)*done +lvs drain 10\.0\.0\.11 --yes`)
	x.Type("q")
	if status := x.End(t, topLimit); status != 0 || len(x.Leftovers()) > 0 {
		t.Errorf("exit status %d, left over %q", status, x.Leftovers())
	}
}

// A terminal can claim to be huge, at the start and later: that costs little memory.
func TestTopOnAHugeTerminal(t *testing.T) {
	self, env := topProcess(t, nil)
	most := 192 << 10 // KiB; 5000 × 5000 cells are some GiB
	if withRace {
		most *= 3
	}
	memory := func(x *lab.Terminal) {
		t.Helper()
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", x.Process.Pid))
		m := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
		if err != nil || m == nil {
			t.Fatalf("%v\n%s", err, status)
		}
		peak, _ := strconv.Atoi(string(m[1]))
		t.Logf("the peak is %d KiB", peak)
		if peak > most {
			t.Errorf("the peak of memory is %d KiB, want at most %d", peak, most)
		}
	}
	// The terminal of the test is smaller: it only claims to have another size.
	x := lab.OnTerminal(t, 640, 240, env, "bash", "--norc", "-c",
		"stty rows 5000 cols 5000; exec "+self+" top --demo")
	x.Until(t, topLimit, `lvs demo: overview`)
	memory(x)
	for _, size := range []string{"rows 24 cols 80", "rows 65535 cols 65535", "rows 1000 cols 1000", "rows 24 cols 80"} {
		tty, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/0", x.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		stty := exec.Command("stty", append([]string{"-F", tty}, strings.Fields(size)...)...)
		if out, err := stty.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		x.Type("?") // the answer follows the new size
		x.Until(t, topLimit, helpTitle)
		x.Type(lab.KeyEsc)
		x.UntilNot(t, topLimit, helpTitle)
	}
	memory(x)
	x.Until(t, topLimit, `lvs demo: overview .*every 1s(.|\n)*192\.0\.2\.10:443 (.|\n)*q quit`)
	x.Type("q")
	if status := x.End(t, topLimit); status != 0 || len(x.Leftovers()) > 0 {
		t.Errorf("exit status %d, left over %q", status, x.Leftovers())
	}
}
