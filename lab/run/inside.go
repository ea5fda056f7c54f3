package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"lvs/lab/machine"
)

// program is something that lab runs inside a lab kernel, as root, in a
// network namespace that it may fill as it likes. lvs is the path of the
// binary to show or to measure.
type program func(ctx context.Context, lvs string, args []string, out io.Writer) error

// programFor returns the program that a sub-command stands for.
func programFor(verb string) program {
	switch verb {
	case "demo":
		return demo
	case "rawdump":
		return rawDump
	case "bench":
		return bench
	}
	return nil
}

// inside is the verb by which this binary runs one of its programs in the
// guest.
const inside = "inside"

// runProgram boots a kernel and runs one of lab's own programs there, with the
// terminal if there is one.
func (l *launcher) runProgram(ctx context.Context, verb string, args []string) (int, error) {
	self, err := os.Executable()
	if err != nil {
		return 1, err
	}
	dir, err := os.Getwd()
	if err != nil {
		return 1, err
	}
	job := &machine.Job{
		Terminal: isTerminal(os.Stdin) && isTerminal(os.Stdout),
		Commands: []machine.Command{{
			Name: verb, Dir: dir, Env: passedOn(),
			Argv: append([]string{self, inside, verb}, args...),
		}},
		Bring: append(bring(dir), filepath.Dir(self)),
	}
	return l.runOne(ctx, job)
}

// runInside is the guest's side of runProgram.
func (l *launcher) runInside(ctx context.Context, args []string) error {
	if len(args) == 0 || programFor(args[0]) == nil {
		return usagef("", "unknown program %q inside a lab kernel", args)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	lvs := filepath.Join(filepath.Dir(self), "lvs")
	if _, err := os.Stat(lvs); err != nil {
		return fmt.Errorf("%w: make build", err)
	}
	return programFor(args[0])(ctx, lvs, args[1:], l.out)
}

func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
