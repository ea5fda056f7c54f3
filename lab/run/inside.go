package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"lvs/lab/machine"
)

// program is what lab runs inside a lab kernel, as root, in a network namespace
// of its own. lvs is the path of the binary to show or to measure.
type program func(ctx context.Context, lvs string, args []string, out io.Writer) error

// programFor returns the program of a subcommand, or nil if there is none.
func programFor(verb string) program {
	switch verb {
	case "demo":
		return demo
	case "rawdump":
		return rawDump
	case "checks":
		return runChecks
	case "bench":
		return bench
	}
	return nil
}

// inside is the subcommand that runs a program in the guest. It is for lab itself
// and not in the help.
const inside = "inside"

// runProgram boots a kernel and runs a program there, on the terminal if there is
// one.
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
	if verb == "bench" {
		l.addOlder(ctx, dir, job)
	}
	if verb == "bench" && (slices.Contains(args, faultsPart) || slices.Contains(args, checksPart)) {
		if err := l.addCheckers(ctx, job); err != nil {
			return 1, err
		}
	}
	return l.runOne(ctx, job)
}

// runInside runs a program in the guest.
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
		return fmt.Errorf("%w: run make build", err)
	}
	return programFor(args[0])(ctx, lvs, args[1:], l.out)
}

// isTerminal reports whether a file is a terminal.
func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
