package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"lvs/lab"
)

// person is a user of the machine who may change IPVS.
type person struct {
	t    *testing.T
	path string
	uid  uint32
	// groups are more groups of the user's.
	groups []uint32
	env    []string
}

// people returns users of one program, which every user can execute, on one table.
func people(t *testing.T) func(uid uint32, groups ...uint32) *person {
	t.Helper()
	lab.Need(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(self)
	dir, errDir := os.MkdirTemp("/var/tmp", "lvs-people-")
	path := filepath.Join(dir, "lvs")
	if err := errors.Join(err, errDir, os.Chmod(dir, 0o755), os.WriteFile(path, program, 0o755)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return func(uid uint32, groups ...uint32) *person {
		return &person{t, path, uid, groups, []string{"PATH=" + os.Getenv("PATH"), "NO_COLOR=1"}}
	}
}

func (p *person) command(line string) (cmd *exec.Cmd, out, errs *bytes.Buffer) {
	const netAdmin = 12
	out, errs = &bytes.Buffer{}, &bytes.Buffer{}
	cmd = &exec.Cmd{Path: p.path, Args: strings.Fields(line), Env: p.env, Dir: "/", Stdout: out, Stderr: errs}
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	if p.uid != 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: p.uid, Gid: p.uid, Groups: p.groups}
		cmd.SysProcAttr.AmbientCaps = []uintptr{netAdmin}
	}
	return cmd, out, errs
}

// does runs a command line with an exit status and returns what it prints.
func (p *person) does(line string, status int) (out, errs string) {
	p.t.Helper()
	cmd, stdout, stderr := p.command(line)
	if err := cmd.Run(); cmd.ProcessState == nil {
		p.t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != status {
		p.t.Fatalf("user %d, %s: exit status %d, want %d: %s", p.uid, line, got, status, stderr)
	}
	return stdout.String(), stderr.String()
}

func has(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in %q", part, text)
		}
	}
}

const machineState = "/var/lib/lvs"

// withoutMachineState moves the machine's state folder away for a test.
func withoutMachineState(t *testing.T) {
	t.Helper()
	if err := os.Rename(machineState, machineState+".test"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		os.RemoveAll(machineState)
		os.Rename(machineState+".test", machineState)
	})
}

// The machine has one journal: who is in the group of its folder sees and undoes what the
// others did. Who is not is told so, and how to get in.
func TestOneJournal(t *testing.T) {
	of := people(t)
	withoutMachineState(t)
	const team = 42421
	root, alice, bob, eve := of(0), of(42001, team), of(42002, team), of(42003)

	root.does("lvs service add tcp://192.0.2.10:80 -s rr", 0)
	_, errs := alice.does("lvs service add tcp://192.0.2.11:80", 0)
	has(t, errs, "lvs: not in the journal, so lvs undo cannot undo it: no permission for "+machineState,
		"is of root:root, mode 0700", "hint: sudo sh -c 'groupadd -f lvs; usermod -aG lvs 42001; ")
	if strings.Count(errs, "lvs: ") != 1 {
		t.Errorf("it is one line: %s", errs)
	}
	_, errs = alice.does("lvs history", 6)
	has(t, errs, machineState, "permission denied", "hint: sudo sh -c ")
	alice.does("lvs service delete tcp://192.0.2.11:80 --yes", 0)

	// The hint, with a group that exists.
	hint := fmt.Sprintf("chgrp -R %[2]d %[1]s; chmod -R g+rwX,o= %[1]s; chmod g+s %[1]s", machineState, team)
	if out, err := exec.Command("sh", "-c", hint).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, errs := alice.does("lvs server add tcp://192.0.2.10:80 10.0.0.11 -w 5", 0); errs != "" {
		t.Errorf("alice: %s", errs)
	}
	out, _ := bob.does("lvs history -o json --jq .items[].uid", 0)
	if out != "42001\n0\n" {
		t.Errorf("bob sees entries of %q", out)
	}
	bob.does("lvs undo --yes", 0)
	if out, _ := alice.does("lvs server list tcp://192.0.2.10:80 -o name", 0); out != "" {
		t.Errorf("after bob's undo there is %s", out)
	}
	alice.does("lvs undo 3 --yes", 0)
	root.does("lvs weight tcp://192.0.2.10:80 10.0.0.11 7", 0)
	out, _ = root.does("lvs history -o json --jq .items[].uid", 0)
	if out != "0\n42001\n42002\n42001\n0\n" {
		t.Errorf("root sees entries of %q", out)
	}

	// What one drains, another undrains; the background process is canceled, too.
	root.does("lvs drain 10.0.0.11 --for 1h --yes", 0)
	_, errs = bob.does("lvs undrain 10.0.0.11", 0)
	has(t, errs, "canceled: the automatic undrain")
	out, _ = eve.does("lvs server list tcp://192.0.2.10:80 -o csv --no-headers --columns weight", 0)
	if out != "7\n" {
		t.Errorf("the weight is %s", out)
	}

	// Who is not in the group, may not write; the hint is the group.
	_, errs = eve.does("lvs weight tcp://192.0.2.10:80 10.0.0.11 8", 0)
	has(t, errs, "no permission for "+machineState, "hint: sudo usermod -aG 42421 42003, and log in again")
	err := filepath.WalkDir(machineState, func(path string, d fs.DirEntry, err error) error {
		info, bad := os.Stat(path)
		if err := errors.Join(err, bad); err != nil {
			return err
		}
		if st := info.Sys().(*syscall.Stat_t); st.Gid != team || st.Mode&0o007 != 0 || st.Mode&0o060 == 0 {
			t.Errorf("%s has group %d and mode %o", path, st.Gid, st.Mode)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}

	// For everybody is for nobody; the hint mends it.
	if err := syscall.Chmod(machineState, 0o2777); err != nil {
		t.Fatal(err)
	}
	_, errs = alice.does("lvs weight tcp://192.0.2.10:80 10.0.0.11 9", 0)
	has(t, errs, machineState+" is not safe: other users can write to it (mode 2777)",
		"hint: sudo chmod o-w "+machineState+"\n")
	if out, err := exec.Command("chmod", "o-w", machineState).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, errs := alice.does("lvs weight tcp://192.0.2.10:80 10.0.0.11 10", 0); errs != "" {
		t.Errorf("after the hint: %s", errs)
	}
}

// A user without a home folder has no state folder, and nothing is written into the
// current one.
func TestNoHome(t *testing.T) {
	of := people(t)
	withoutMachineState(t)
	user := of(42001)
	dir := t.TempDir()
	if err := errors.Join(os.Chmod(filepath.Dir(dir), 0o755), os.Chown(dir, 42001, 42001)); err != nil {
		t.Fatal(err)
	}
	for _, home := range []string{"", "HOME=", "HOME=."} {
		t.Run(home, func(t *testing.T) {
			cmd, _, errs := user.command("lvs timeouts set --tcp " + strconv.Itoa(100+len(home)) + "s")
			cmd.Dir = dir
			if home != "" {
				cmd.Env = append(cmd.Env, home)
			}
			var failed error
			lab.Need(t)
			if failed = cmd.Run(); failed != nil {
				t.Fatalf("%v: %s", failed, errs)
			}
			has(t, errs.String(), "HOME is not set\n", "hint: set LVS_STATE_DIR to a folder that only you can write to\n")
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("left: %v, %v", left, err)
			}
		})
	}
}

// promises are a table with a server, and a state folder in which jobs are seen.
type promises struct {
	*person
	state string
}

func promised(t *testing.T) *promises {
	t.Helper()
	root := people(t)(0)
	state := filepath.Join(t.TempDir(), "state")
	root.env = append(root.env, "LVS_STATE_DIR="+state)
	root.does("lvs service add tcp://192.0.2.10:80", 0)
	root.does("lvs server add tcp://192.0.2.10:80 10.0.0.11 -w 5", 0)
	return &promises{root, state}
}

// waiting is what a job's file says.
type waiting struct {
	ID string    `json:"id"`
	At time.Time `json:"at"`
}

func (p *promises) jobs() (out []waiting) {
	files, _ := filepath.Glob(filepath.Join(p.state, "later", "*.json"))
	for _, file := range files {
		var j waiting
		if b, err := os.ReadFile(file); err == nil && json.Unmarshal(b, &j) == nil {
			out = append(out, j)
		}
	}
	return out
}

// process returns the background process of the only job.
func (p *promises) process() int {
	p.t.Helper()
	jobs := p.jobs()
	if len(jobs) != 1 {
		p.t.Fatalf("there are %d jobs", len(jobs))
	}
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range files {
		if b, _ := os.ReadFile(file); bytes.Contains(b, []byte("\x00later\x00"+jobs[0].ID)) {
			pid, _ := strconv.Atoi(strings.Split(file, "/")[2])
			return pid
		}
	}
	p.t.Fatal("no process waits for the job")
	return 0
}

// until waits for a condition.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for limit := time.Now().Add(30 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("in vain: %s", what)
		}
	}
}

// A background process keeps no folder and no environment of the command that started it.
// If it is killed, every verb that could mean that it still waits says so.
func TestBackgroundProcess(t *testing.T) {
	p := promised(t)
	dir := t.TempDir()
	cmd, _, errs := p.command("lvs drain 10.0.0.11 --for 1h --yes")
	cmd.Dir, cmd.Env = dir, append(cmd.Env, "SECRET=1", "SUDO_USER=alice", "LD_LIBRARY_PATH="+dir)
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, errs)
	}
	pid := p.process()
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	folder, err := os.Readlink(filepath.Join(proc, "cwd"))
	if err != nil || folder != "/" {
		t.Errorf("its folder is %s, %v", folder, err)
	}
	env, err := os.ReadFile(filepath.Join(proc, "environ"))
	want := []string{"LVS_STATE_DIR=" + p.state, "SUDO_USER=alice"}
	if got := strings.Split(strings.TrimSuffix(string(env), "\x00"), "\x00"); err != nil || !slices.Equal(got, want) {
		t.Errorf("its environment is %q, %v, want %q", got, err, want)
	}

	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	until(t, "the end of the process", func() bool {
		_, errs := p.does("lvs list", 0)
		return strings.Contains(errs, "(alice: lvs drain 10.0.0.11 --for 1h --yes) will not happen")
	})
	for _, verb := range []string{"lvs", "lvs history", "lvs undrain 10.0.0.11 --dry-run"} {
		_, errs := p.does(verb, 0)
		has(t, errs, "lvs: the automatic undrain at ", "its background process was ended\n",
			"hint: lvs undrain 10.0.0.11:80 --service tcp://192.0.2.10:80\n")
	}
	p.does("lvs undrain 10.0.0.11:80 --service tcp://192.0.2.10:80", 0)
	if _, errs := p.does("lvs list", 0); errs != "" || len(p.jobs()) > 0 {
		t.Errorf("after the hint: %s, %v", errs, p.jobs())
	}
}

// The process goes on with the program that started it, whatever is installed meanwhile.
func TestForOutlivesAnUpgrade(t *testing.T) {
	p := promised(t)
	p.does("lvs weight tcp://192.0.2.10:80 10.0.0.11 9 --for 2s", 0)
	upgraded := filepath.Join(filepath.Dir(p.path), "new")
	text, err := os.ReadFile(p.path)
	if err := errors.Join(err, os.WriteFile(upgraded, []byte("#!/bin/false\n"), 0o755),
		os.Rename(upgraded, p.path)); err != nil {
		t.Fatal(err)
	}
	until(t, "the job is done", func() bool { return len(p.jobs()) == 0 })
	if err := errors.Join(os.WriteFile(upgraded, text, 0o755), os.Rename(upgraded, p.path)); err != nil {
		t.Fatal(err)
	}
	until(t, "the old weight", func() bool {
		out, _ := p.does("lvs server list tcp://192.0.2.10:80 -o csv --no-headers --columns weight", 0)
		return out == "5\n"
	})
}

// large is a cluster file that takes a while.
func large(t *testing.T, dir string) string {
	t.Helper()
	var services []string
	for i := range 3000 {
		services = append(services, fmt.Sprintf(`{"address": "tcp://198.18.%d.%d:80",
			"servers": ["10.0.0.1", "10.0.0.2", "10.0.0.3"]}`, i/250, i%250))
	}
	file := filepath.Join(dir, "large.json")
	text := `{"apiVersion": "lvs/v1", "kind": "Cluster", "services": [` + strings.Join(services, ",") + "]}"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// stopped starts an apply with --confirm-within, and stops it while it works.
func stopped(t *testing.T, p *promises, line string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	for range 20 { // it may be done before this process runs again
		cmd, _, errs := p.command(line)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		until(t, "the job", func() bool { return len(p.jobs()) > 0 || cmd.Process.Signal(syscall.Signal(0)) != nil })
		cmd.Process.Signal(syscall.SIGSTOP)
		if jobs := p.jobs(); len(jobs) == 1 && jobs[0].At.IsZero() {
			return cmd, errs
		}
		cmd.Process.Signal(syscall.SIGCONT)
		cmd.Wait()
		p.does("lvs undo --yes", 0)
	}
	t.Fatal("it was always done before")
	return nil, nil
}

// The time to confirm begins when the work is done.
func TestConfirmWithinFromTheEnd(t *testing.T) {
	p := promised(t)
	begun := time.Now()
	cmd, errs := stopped(t, p, "lvs apply --confirm-within 3s -f "+large(t, t.TempDir()))
	// Another one waits for the first, which has the table.
	_, said := p.does("lvs apply --yes --timeout 2s -f "+large(t, t.TempDir()), 8)
	has(t, said, "timed out after 2s")
	until(t, "more than the time to confirm", func() bool { return time.Since(begun) > 4*time.Second })
	if jobs := p.jobs(); len(jobs) != 1 || !jobs[0].At.IsZero() {
		t.Fatalf("while it works: %v", jobs)
	}
	cmd.Process.Signal(syscall.SIGCONT)
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, errs)
	}
	has(t, errs.String(), "undone in 3s unless confirmed: lvs confirm\n")
	_, said = p.does("lvs confirm", 0)
	has(t, said, "confirmed: the change stays")
	if out, _ := p.does("lvs list -o json --jq .items|length", 0); out != "3001\n" {
		t.Errorf("there are %s services", out)
	}
}

// It also begins when the work is broken off by a kill that nothing can catch.
func TestConfirmWithinAfterAKill(t *testing.T) {
	p := promised(t)
	cmd, _ := stopped(t, p, "lvs apply --confirm-within 1s -f "+large(t, t.TempDir()))
	cmd.Process.Kill()
	cmd.Wait()
	until(t, "the undo", func() bool {
		out, _ := p.does("lvs list -o json --jq .items|length", 0)
		return out == "1\n" && len(p.jobs()) == 0
	})
}

// Packages create the state folder for the group lvs, which has no members; a folder that
// exists stays as it is.
func TestPackagedState(t *testing.T) {
	of := people(t)
	withoutMachineState(t)
	script, err := filepath.Abs("../../packaging/state")
	if err != nil {
		t.Fatal(err)
	}
	for _, mode := range []os.FileMode{0o770, 0o750} { // the second is somebody's choice
		if out, err := exec.Command(script).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		info, err := os.Stat(machineState)
		if err != nil {
			t.Fatal(err)
		}
		group, err := user.LookupGroupId(strconv.Itoa(int(info.Sys().(*syscall.Stat_t).Gid)))
		if err != nil || group.Name != "lvs" || info.Mode().Perm() != mode || info.Mode()&os.ModeSetgid == 0 {
			t.Errorf("it has group %v (%v) and mode %v", group, err, info.Mode())
		}
		if err := syscall.Chmod(machineState, 0o2750); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Chmod(machineState, 0o2770); err != nil {
		t.Fatal(err)
	}
	if _, errs := of(0).does("lvs service add tcp://192.0.2.10:80", 0); errs != "" {
		t.Errorf("root: %s", errs)
	}
}
