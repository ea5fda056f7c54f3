package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"lvs/lab"
)

// The weight is restored after --for even if the shell and everything that it started have
// been killed.
func TestForOutlivesTheShell(t *testing.T) {
	lab.Need(t) // the in-memory kernel is a file that one process at a time can change
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	env := append(os.Environ(), "LVS_STATE_DIR="+filepath.Join(dir, "state"))
	run := func(line string) string {
		t.Helper()
		cmd := &exec.Cmd{Path: self, Args: strings.Fields(line), Env: env}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
		return string(out)
	}
	run("lvs service add tcp://192.0.2.10:80")
	run("lvs server add tcp://192.0.2.10:80 10.0.0.11 -w 5")

	const script = `"$0" weight tcp://192.0.2.10:80 10.0.0.11 9 --for 2s && echo set && sleep 60`
	shell := exec.Command("sh", "-c", script, filepath.Join(dir, "lvs"))
	if err := os.Symlink(self, filepath.Join(dir, "lvs")); err != nil {
		t.Fatal(err)
	}
	shell.Env, shell.SysProcAttr = env, &syscall.SysProcAttr{Setpgid: true}
	out, err := shell.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	said := make([]byte, 4)
	if _, err := out.Read(said); err != nil || !bytes.Equal(said, []byte("set\n")) {
		t.Fatalf("%q, %v", said, err)
	}
	weight := func() string {
		return strings.TrimSpace(run("lvs server list tcp://192.0.2.10:80 -o csv --no-headers --columns weight"))
	}
	if got := weight(); got != "9" {
		t.Errorf("the weight is %s", got)
	}
	for _, signal := range []syscall.Signal{syscall.SIGHUP, syscall.SIGKILL} {
		if err := syscall.Kill(-shell.Process.Pid, signal); err != nil && err != syscall.ESRCH {
			t.Fatal(err)
		}
	}
	shell.Wait()
	for deadline := time.Now().Add(20 * time.Second); weight() != "5"; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(filepath.Join(dir, "state", "later.log"))
			t.Fatalf("the weight stays %s: %s", weight(), log)
		}
	}
}
