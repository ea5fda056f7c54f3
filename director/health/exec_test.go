package health

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// execProbe returns a check by a shell script.
func execProbe(t *testing.T, script string, args ...string) Probe {
	t.Helper()
	path := filepath.Join(t.TempDir(), "check")
	if err := os.WriteFile(path, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	p := Probe{Timing: Timing{Timeout: 5 * time.Second}}
	// A script that was just written may still be open in the child of another test.
	p.Kind, p.Command = Exec, append([]string{"/bin/sh", path}, args...)
	p.Addr = closedPort(t)
	return p
}

func TestExec(t *testing.T) {
	dynamic := func(weight int, words string) Result {
		r := pass()
		r.Agent = &AgentWords{Percent: -1, Weight: weight, Words: words}
		return r
	}
	configured := pass()
	configured.Agent = &AgentWords{Percent: 100, Weight: -1, Words: "0 fine"}
	for _, test := range []struct {
		name, script string
		dynamic      bool
		want         Result
	}{
		{"good", "exit 0", false, pass()},
		{"failure", "echo disk full; exit 2", false, fail(ExitStatus, "2 disk full")},
		{"killed", "kill -9 $$", false, fail(ExitStatus, "signal: killed")},
		{"dynamic: the declared weight", "echo fine", true, configured},
		{"dynamic: failure", "echo disk; exit 1", true, fail(ExitStatus, "1 disk")},
		{"dynamic: weight 0", "exit 2", true, dynamic(0, "2")},
		{"dynamic: weight 253", "exit 255", true, dynamic(253, "255")},
		{"much output", "yes | head -c 1000000; exit 3", false, fail(ExitStatus, "3 "+strings.Repeat("y ", 100))},
		{"no input", "read line && exit 1; exit 0", false, pass()},
		{"small environment", `test "$(env | sort | cut -d= -f1 | tr '\n' ' ')" = "HOME LANG PATH PWD "`, false, pass()},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := execProbe(t, test.script)
			p.Dynamic = test.dynamic
			got := askOnce(t, p)
			if !sameResult(got, test.want) {
				t.Errorf("got %+v (%+v), want %+v (%+v)", got, got.Agent, test.want, test.want.Agent)
			}
		})
	}
}

// sameResult compares results with what the agents said.
func sameResult(a, b Result) bool {
	if a.Agent != nil && b.Agent != nil && *a.Agent == *b.Agent {
		a.Agent, b.Agent = nil, nil
	}
	return a == b
}

func TestExecArguments(t *testing.T) {
	p := execProbe(t, `echo "$@"; exit 1`, "--to={address}:{port}", "a b; $HOME")
	want := fail(ExitStatus, fmt.Sprintf("1 --to=%s:%d a b; $HOME", p.Addr.Addr(), p.Addr.Port()))
	if got := askOnce(t, p); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestExecFaultsOfThisMachine(t *testing.T) {
	p := execProbe(t, "")
	p.Command = []string{"/nowhere/check"}
	if got := askOnce(t, p); got.Outcome != Local || !strings.Contains(got.Detail, "/nowhere/check") {
		t.Errorf("a missing program: got %+v", got)
	}
	p.Command = nil
	if got := askOnce(t, p); got.Outcome != Local {
		t.Errorf("no program: got %+v", got)
	}
	q := prepare(execProbe(t, "exit 0"))
	q.Timeout = 100 * time.Millisecond
	q.programs = make(chan struct{}, 1)
	q.programs <- struct{}{} // another one runs
	ctx, cancel := context.WithTimeout(context.Background(), q.limit())
	defer cancel()
	if got, want := ask(ctx, q), local("1 other programs were running"); got != want {
		t.Errorf("no place: got %+v, want %+v", got, want)
	}
}

// TestExecKillsChildren ends a check at its time limit, and one that leaves a child behind.
func TestExecKillsChildren(t *testing.T) {
	for _, test := range []struct {
		name, script string
		want         Result
	}{
		{"timeout", "sleep 60 & echo $! > $1; wait", fail(Silent, "")},
		{"left behind", "sleep 60 & echo $! > $1; exit 0", pass()},
		{"holds the output", "trap '' TERM; sleep 60 & echo $! > $1; sleep 60", fail(Silent, "")},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "pid")
			p := execProbe(t, test.script, file)
			if test.want.Outcome == Fail {
				p.Timeout = time.Second
			}
			if got := askOnce(t, p); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var pid int
			fmt.Sscan(string(text), &pid)
			for deadline := time.Now().Add(5 * time.Second); alive(pid); time.Sleep(10 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("the child %d lives", pid)
				}
			}
		})
	}
}

// alive reports whether a process exists that has not ended.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return syscall.Kill(pid, 0) == nil && !os.IsNotExist(err)
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(state, "Z")
}

func TestFile(t *testing.T) {
	says := func(r Result, percent int, admin, line string) Result {
		r.Agent = &AgentWords{Percent: percent, Weight: -1, Admin: admin, Words: line}
		return r
	}
	for _, test := range []struct {
		name, text string
		want       Result
	}{
		{"up", "1\n", says(pass(), 100, "ready", "1")},
		{"down", "0\n", says(fail(BadStatus, "0"), 100, "ready", "0")},
		{"down in words", "down # disk\nmore\n", says(fail(BadStatus, "down # disk"), 100, "ready", "down # disk")},
		{"percent", "40%", says(pass(), 40, "ready", "40%")},
		{"drain", "drain\n", says(pass(), 100, "drain", "drain")},
		{"empty", "", says(pass(), 100, "maint", "")},
		{"empty line", "\n", says(pass(), 100, "maint", "")},
		{"anything else", "hello\n", local("not understood: hello")},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state")
			if err := os.WriteFile(path, []byte(test.text), 0o644); err != nil {
				t.Fatal(err)
			}
			p := Probe{}
			p.Kind, p.File = File, path
			if got := askOnce(t, p); !sameResult(got, test.want) {
				t.Errorf("got %+v (%+v), want %+v (%+v)", got, got.Agent, test.want, test.want.Agent)
			}
		})
	}
	missing := Probe{}
	missing.Kind, missing.File = File, filepath.Join(t.TempDir(), "state")
	if got, want := askOnce(t, missing), says(pass(), 100, "ready", ""); !sameResult(got, want) {
		t.Errorf("missing: got %+v (%+v), want %+v", got, got.Agent, want)
	}
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", pipe, "/dev/null/x"} {
		p := Probe{}
		p.Kind, p.File = File, path
		if got := askOnce(t, p); got.Outcome != Local {
			t.Errorf("%s: got %+v, want a fault of this machine", path, got)
		}
	}
}
