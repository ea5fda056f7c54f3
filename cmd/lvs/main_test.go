package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"lvs/commands"
	"lvs/kernel"
	"lvs/kernel/memory"
	"lvs/lab"
)

// fakeVariable names the file in which an in-memory kernel lives from one
// command of a script to the next. Without it the command is the real one.
const fakeVariable = "LVS_TEST_KERNEL"

// terminalVariable makes the command ask as on a terminal.
const terminalVariable = "LVS_TEST_TERMINAL"

// TestMain makes the test binary the command too, under the names that packages install.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"lvs": run, "lvsctl": run})
}

func run() {
	app := commands.System()
	if path := os.Getenv(fakeVariable); path != "" {
		app.OpenKernel = func(o kernel.Options) (kernel.Kernel, error) { return openFake(path, o) }
		app.Identity = func(string) (string, error) { return "fake/netns-1", nil }
		app.KeepEnv = []string{fakeVariable}
	}
	if os.Getenv(terminalVariable) != "" {
		app.InTerminal.Is, app.ErrTerminal.Is = true, true
	}
	os.Exit(app.Main(os.Args[1:]))
}

// Each script shows one behaviour. Without the lab the kernel is an in-memory one; in the
// lab it is a real one, with a network namespace for each script.
func TestScripts(t *testing.T) { runScripts(t, "testdata/script", false) }

// These scripts need faults that a real kernel does not show on demand.
func TestScriptsOnFake(t *testing.T) { runScripts(t, "testdata/fake", true) }

func runScripts(t *testing.T, dir string, fake bool) {
	inLab := os.Getenv(lab.InLabVariable) != ""
	if fake && inLab {
		t.Skip("needs the in-memory kernel")
	}
	testscript.Run(t, params(dir))
}

// params runs scripts of a folder, each on a kernel of its own.
func params(dir string) testscript.Params {
	inLab := os.Getenv(lab.InLabVariable) != ""
	return testscript.Params{
		Dir:                 dir,
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("NO_COLOR", "1")
			env.Setenv("LVS_STATE_DIR", filepath.Join(env.WorkDir, "state"))
			env.Setenv("LVS_RUN_DIR", filepath.Join(env.WorkDir, "run"))
			if inLab {
				lab.Need(env.T().(testing.TB))
				return nil
			}
			env.Setenv(fakeVariable, filepath.Join(env.WorkDir, "kernel.json"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": status, "lock": lock, "opened": opened, "sysctl": sysctl, "is-sysctl": isSysctl,
		},
		Condition: func(name string) (bool, error) {
			switch name {
			case "lab":
				return inLab, nil
			case "fake":
				return !inLab, nil
			case "ipvsadm":
				_, err := exec.LookPath("ipvsadm")
				return inLab && err == nil, nil
			}
			if sysctl, ok := strings.CutPrefix(name, "sysctl:"); ok { // of the real kernel
				_, err := os.Stat("/proc/sys/net/ipv4/vs/" + sysctl)
				return inLab && err == nil, nil
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
	}
}

// fake is an in-memory kernel. It is written to its file when it is closed, but only if it
// has changed: a process that only waits must not overwrite the changes of others.
type fake struct {
	*memory.Kernel
	path   string
	loaded []byte
}

// openFake reads the kernel from its file. The files kernel.denied and kernel.unloaded
// beside it switch on its faults.
func openFake(path string, o kernel.Options) (kernel.Kernel, error) {
	if o.Netns != "" {
		return nil, &kernel.Error{Op: "open network namespace " + o.Netns, Err: kernel.ErrNoNamespace}
	}
	k := memory.New()
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err := k.Load(bytes.NewReader(b)); err != nil {
		return nil, err
	}
	base := filepath.Join(filepath.Dir(path), "kernel")
	if _, err := os.Stat(base + ".denied"); err == nil {
		k.Deny()
	}
	if _, err := os.Stat(base + ".unloaded"); err == nil {
		k.Unload()
	}
	var loaded bytes.Buffer
	if err := k.Save(&loaded); err != nil {
		return nil, err
	}
	return &fake{k, path, loaded.Bytes()}, nil
}

// Snapshot checks again whether IPVS is unloaded, which may happen while a program runs.
func (f *fake) Snapshot(ctx context.Context, only ...kernel.ServiceID) (*kernel.Snapshot, error) {
	if _, err := os.Stat(filepath.Join(filepath.Dir(f.path), "kernel.unloaded")); err == nil {
		f.Unload()
	}
	return f.Kernel.Snapshot(ctx, only...)
}

func (f *fake) Close() error {
	var b bytes.Buffer
	if err := f.Save(&b); err != nil {
		return err
	}
	if bytes.Equal(b.Bytes(), f.loaded) {
		return nil
	}
	return os.WriteFile(f.path, b.Bytes(), 0o600)
}

// sysctl sets a setting of net.ipv4.vs, in the kernel of the script.
func sysctl(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sysctl NAME VALUE")
	}
	path := ts.Getenv(fakeVariable)
	if path == "" {
		ts.Check(os.WriteFile("/proc/sys/net/ipv4/vs/"+args[0], []byte(args[1]), 0))
		return
	}
	k, err := openFake(path, kernel.Options{})
	ts.Check(err)
	ts.Check(k.SetSysctl(context.Background(), args[0], args[1]))
	ts.Check(k.Close())
}

// isSysctl checks a setting of net.ipv4.vs.
func isSysctl(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: is-sysctl NAME VALUE")
	}
	var got string
	if path := ts.Getenv(fakeVariable); path != "" {
		k, err := openFake(path, kernel.Options{})
		ts.Check(err)
		all, err := k.Sysctls(context.Background(), args[0])
		ts.Check(err)
		got = all[0].Value
	} else {
		text, err := os.ReadFile("/proc/sys/net/ipv4/vs/" + args[0])
		ts.Check(err)
		got = strings.TrimSpace(string(text))
	}
	if (got == args[1]) == neg {
		ts.Fatalf("%s is %s", args[0], got)
	}
}

// status runs a command and compares its exit status with the first argument.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N COMMAND [ARGUMENT…]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}
