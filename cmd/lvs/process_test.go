package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"lvs/lab"
)

// lvsProcess is the command over an in-memory kernel with one service.
func lvsProcess(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	if os.Getenv(lab.InLabVariable) != "" {
		t.Skip("about the process, not the kernel")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	env := append(os.Environ(), fakeVariable+"="+filepath.Join(dir, "kernel.json"),
		"LVS_STATE_DIR="+filepath.Join(dir, "state"), terminalVariable+"=1")
	add := &exec.Cmd{Path: self, Args: []string{"lvs", "service", "add", "tcp://192.0.2.10:80"}, Env: env}
	if out, err := add.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return &exec.Cmd{Path: self, Args: append([]string{"lvs"}, args...), Env: env}
}

// A reader that has gone away (lvs list | head) ends the program quietly.
func TestClosedPipe(t *testing.T) {
	for _, line := range []string{
		"list", "list -o json", "schema", "--help", "completion bash", "watch", "watch -o jsonl", "top -b -d 100ms",
	} {
		t.Run(line, func(t *testing.T) {
			cmd := lvsProcess(t, strings.Fields(line)...)
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			r.Close()
			defer w.Close()
			var errs bytes.Buffer
			cmd.Stdout, cmd.Stderr = w, &errs
			if err := cmd.Run(); err != nil || errs.Len() > 0 {
				t.Errorf("%v, standard error %q; want nothing", err, errs.String())
			}
		})
	}
}

// A watch whose reader goes away ends even if there is nothing to print.
func TestClosedPipeOfWatch(t *testing.T) {
	cmd := lvsProcess(t, "watch", "--interval", "100ms")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = w, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if _, err := bufio.NewReader(r).ReadString('\n'); err != nil {
		t.Error(err)
	}
	r.Close()
	end := time.AfterFunc(20*time.Second, func() { cmd.Process.Kill() })
	defer end.Stop()
	if err := cmd.Wait(); err != nil || errs.Len() > 0 {
		t.Errorf("%v, standard error %q; want nothing", err, errs.String())
	}
}

// An interrupt and the end of --timeout also end a command that waits for an answer.
func TestBrokenOff(t *testing.T) {
	for _, c := range []struct {
		name   string
		args   []string
		signal os.Signal
		status int
		says   string
	}{
		{"interrupt", []string{"clear"}, os.Interrupt, 130, "lvs: interrupted\n"},
		{"hang up", []string{"clear"}, syscall.SIGHUP, 130, "lvs: interrupted\n"},
		{"terminate", []string{"clear"}, syscall.SIGTERM, 130, "lvs: interrupted\n"},
		{"timeout", []string{"clear", "--timeout", "20ms"}, nil, 8, "lvs: timed out after 20ms\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.signal == syscall.SIGHUP && signal.Ignored(c.signal) {
				t.Skip("under nohup it stays ignored")
			}
			cmd := lvsProcess(t, c.args...)
			if _, err := cmd.StdinPipe(); err != nil { // open, and silent
				t.Fatal(err)
			}
			errs, err := cmd.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			in := bufio.NewReader(errs)
			if _, err := in.ReadString('?'); err != nil {
				t.Fatal(err)
			}
			if c.signal != nil {
				if err := cmd.Process.Signal(c.signal); err != nil {
					t.Fatal(err)
				}
			}
			var rest bytes.Buffer
			in.WriteTo(&rest)
			cmd.Wait()
			if got := cmd.ProcessState.ExitCode(); got != c.status {
				t.Errorf("exit status %d, want %d", got, c.status)
			}
			if !strings.HasSuffix(rest.String(), c.says) {
				t.Errorf("standard error ends in %q, want %q", rest.String(), c.says)
			}
		})
	}
}

// --timeout also limits the wait for the other end of a pipe.
func TestBrokenOffPipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"save", "restore"} {
		t.Run(verb, func(t *testing.T) {
			cmd := lvsProcess(t, verb, "-f", pipe, "--timeout", "20ms")
			end := time.AfterFunc(20*time.Second, func() { cmd.Process.Kill() })
			defer end.Stop()
			out, _ := cmd.CombinedOutput()
			if got := cmd.ProcessState.ExitCode(); got != 8 || string(out) != "lvs: timed out after 20ms\n" {
				t.Errorf("exit status %d, want 8; it says %q", got, out)
			}
		})
	}
}

// --timeout also ends a jq program that runs forever.
func TestBrokenOffQuery(t *testing.T) {
	cmd := lvsProcess(t, "list", "--jq", "def f: f; f", "--timeout", "20ms")
	end := time.AfterFunc(20*time.Second, func() { cmd.Process.Kill() })
	defer end.Stop()
	out, _ := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); got != 8 || !strings.HasPrefix(string(out), "lvs: timed out after 20ms\n") {
		t.Errorf("exit status %d, want 8; it says %q", got, out)
	}
}

// When a terminal closes, both the kernel and the shell send SIGHUP. The second one must not
// stop lvs from undoing what it has begun. An interrupt after it does.
func TestHangUpTwice(t *testing.T) {
	if signal.Ignored(syscall.SIGHUP) {
		t.Skip("under nohup it stays ignored")
	}
	lab.Need(t) // undoing takes long enough there
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file, journal := filepath.Join(dir, "big.json"), filepath.Join(dir, "state")
	var services []string
	for i := range 3000 {
		services = append(services, fmt.Sprintf(`{"address": "tcp://198.18.%d.%d:80",
			"servers": ["10.0.0.1", "10.0.0.2", "10.0.0.3"]}`, i/250, i%250))
	}
	text := `{"apiVersion": "lvs/v1", "kind": "Cluster", "services": [` + strings.Join(services, ",") + "]}"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "LVS_STATE_DIR="+journal)
	hangUp := func() (status int, said string) {
		cmd := &exec.Cmd{Path: self, Args: []string{"lvs", "apply", "-f", file}, Env: env}
		var errs bytes.Buffer
		cmd.Stderr = &errs
		os.RemoveAll(journal)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for limit := time.Now().Add(20 * time.Second); time.Now().Before(limit); time.Sleep(time.Millisecond) {
			if files, _ := filepath.Glob(filepath.Join(journal, "journal-*")); len(files) > 0 {
				if info, err := os.Stat(files[0]); err == nil && info.Size() > 0 {
					break
				}
			}
		}
		for range 5 {
			cmd.Process.Signal(syscall.SIGHUP)
			time.Sleep(time.Millisecond) // so that the kernel does not merge them
		}
		cmd.Wait()
		return cmd.ProcessState.ExitCode(), errs.String()
	}
	status, said := hangUp()
	for range 20 { // lvs may be done before this process runs again
		if status != 0 {
			break
		}
		clear := &exec.Cmd{Path: self, Args: []string{"lvs", "clear", "--yes"}, Env: env}
		if out, err := clear.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		status, said = hangUp()
	}
	if status != 130 || said != "lvs: interrupted: all changes were undone: the table is as before\n" {
		t.Errorf("exit status %d; it says %s", status, said)
	}
	list := &exec.Cmd{Path: self, Args: []string{"lvs", "save"}, Env: env}
	if out, err := list.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v: left: %.200s", err, out)
	}
}
