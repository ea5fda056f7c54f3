package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"lvs/lab/machine"
)

// exec runs one command in a lab kernel, in the present working folder.
func (l *launcher) exec(ctx context.Context, args []string) (int, error) {
	job := new(machine.Job)
	args, err := execOptions(job, args)
	if err != nil {
		return 0, err
	}
	dir, err := os.Getwd()
	if err != nil {
		return 0, err
	}
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	// The guest finds lvs, which is beside this program, by its name.
	bin := filepath.Dir(self)
	job.Commands = []machine.Command{{Name: args[0], Argv: args, Path: bin, Dir: dir, Env: passedOn()}}
	job.Bring = append(bring(dir), bin)
	if path, err := filepath.Abs(args[0]); err == nil && strings.Contains(args[0], "/") {
		job.Bring = append(job.Bring, path)
	}
	return l.runOne(ctx, job)
}

// execOptions reads exec's own options into job and returns the command.
func execOptions(job *machine.Job, args []string) (command []string, err error) {
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		option := args[0]
		args = args[1:]
		switch {
		case option == "--":
			if len(args) == 0 {
				return nil, usagef("exec", "COMMAND is missing")
			}
			return args, nil
		case option == "--keep-tty":
			job.Terminal = true
		case asksForHelp(option):
			return nil, helpWanted("exec")
		default:
			return nil, usagef("exec", "unknown option %q", option)
		}
	}
	if len(args) == 0 {
		return nil, usagef("exec", "COMMAND is missing")
	}
	return args, nil
}

// bring returns what a guest needs of the folder that a command runs in: the whole
// Go module around it, as tests may read any file of it.
func bring(dir string) []string {
	for at := dir; at != "/"; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return []string{at}
		}
	}
	return nil // it is some folder, which may be large
}

// runOne runs a job and prints what its commands print. The status is that of the
// last command.
func (l *launcher) runOne(ctx context.Context, job *machine.Job) (int, error) {
	m, err := l.choose(ctx)
	if err != nil {
		return 1, err
	}
	if job.Terminal {
		keepTerminal(job)
		restore := saveTerminal()
		defer restore()
	}
	status := -1
	err = m.Run(ctx, job, func(e machine.Event) {
		switch e.Kind {
		case machine.Stdout:
			l.out.Write(e.Data)
		case machine.Stderr:
			l.errs.Write(e.Data)
		case machine.Trouble:
			l.say("%s: %s", job.Commands[e.Command].Name, e.Data)
		case machine.Exited:
			status = e.Status
		}
	})
	switch {
	case ctx.Err() != nil:
		status = 130 // the status of an interrupted command in a shell
	case status < 0:
		status = 127 // and that of one that cannot run
	}
	return status, err
}

// passedOn returns the environment of a command in the guest. What lvs stores
// there is lost with the guest and never reaches this machine.
func passedOn() []string {
	env := []string{"LVS_IN_LAB=1", "LVS_STATE_DIR=/run/lvs"}
	for _, name := range []string{"TERM", "NO_COLOR", "COLORTERM"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// keepTerminal sets the size of the guest's terminal to that of this one.
func keepTerminal(job *machine.Job) {
	if size, err := unix.IoctlGetWinsize(int(os.Stdout.Fd()), unix.TIOCGWINSZ); err == nil {
		job.Rows, job.Columns = size.Row, size.Col
	}
}

// saveTerminal returns a function that restores the state of the terminal: the
// guest's kernel changes it, and does not change it back if it dies.
func saveTerminal() (restore func()) {
	state, err := unix.IoctlGetTermios(int(os.Stdin.Fd()), unix.TCGETS)
	if err != nil {
		return func() {}
	}
	return func() { _ = unix.IoctlSetTermios(int(os.Stdin.Fd()), unix.TCSETSW, state) }
}
