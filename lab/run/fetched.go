package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"

	"lvs/lab"
	"lvs/lab/machine"
)

// The names of tests that need more than a kernel begin with one of these.
const (
	callerPrefix  = "TestCaller"  // programs that run ipvsadm, such as ldirectord
	programPrefix = "TestProgram" // server programs, such as nginx
)

// skipped returns the expression of the tests that do not run. QEMU's guest has its root in
// memory, in which the server programs have no place; how they answer does not depend on
// the kernel.
func (o testOptions) skipped(kind string) string {
	switch {
	case kind != "qemu":
		return o.skip
	case o.skip == "":
		return "^" + programPrefix
	}
	return o.skip + "|^" + programPrefix
}

// addFetched adds to a job what its tests need beside the kernel. What is not available is
// printed with the reason: the tests that need it fail, and the others run.
func (l *launcher) addFetched(
	ctx context.Context, o testOptions, kind string, packages []testPackage, job *machine.Job,
) error {
	names, err := o.names(ctx, packages)
	if err != nil {
		return err
	}
	cache, err := machine.OpenCache(l.say)
	if err != nil {
		return err
	}
	if hasPrefixed(names, callerPrefix) {
		if job.Callers, err = cache.Callers(ctx); err != nil {
			l.say("%v", err)
		}
	}
	if hasPrefixed(names, programPrefix) && kind != "qemu" {
		if err := addPrograms(ctx, cache, job); err != nil {
			l.say("%v", err)
		}
	}
	return ctx.Err()
}

// addCheckers adds keepalived and ldirectord, and servers to check.
func (l *launcher) addCheckers(ctx context.Context, job *machine.Job) error {
	cache, err := machine.OpenCache(l.say)
	if err != nil {
		return err
	}
	if job.Callers, err = cache.Callers(ctx); err != nil {
		return err
	}
	return addPrograms(ctx, cache, job)
}

// addPrograms lets the commands of a job start server programs.
func addPrograms(ctx context.Context, cache *machine.Cache, job *machine.Job) error {
	tree, err := cache.Programs(ctx)
	if err != nil {
		return err
	}
	for i := range job.Commands {
		c := &job.Commands[i]
		c.Env = append(c.Env, lab.ProgramsVariable+"="+tree)
	}
	return nil
}

// names returns the names of the built tests that will run.
func (o testOptions) names(ctx context.Context, packages []testPackage) ([]string, error) {
	run, _, _ := strings.Cut(o.run, "/") // without the names of subtests
	if run == "" {
		run = "."
	}
	var names []string
	for _, p := range packages {
		cmd := exec.CommandContext(ctx, p.binary, "-test.list="+run)
		cmd.Dir = p.Dir
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("listing the tests of %s: %w", p.ImportPath, err)
		}
		names = append(names, strings.Fields(string(out))...)
	}
	return names, nil
}

func hasPrefixed(names []string, prefix string) bool {
	for _, name := range names {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}
