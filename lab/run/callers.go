package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"

	"lvs/lab/machine"
)

// callerPrefix begins the name of a test that runs programs which run ipvsadm,
// such as ldirectord. They are fetched, and are in the guest, only for those.
const callerPrefix = "TestCaller"

// wantsCallers asks the built tests whether one that will run is such a test.
func (o testOptions) wantsCallers(ctx context.Context, packages []testPackage) (bool, error) {
	run, _, _ := strings.Cut(o.run, "/") // what follows are names of subtests
	if run == "" {
		run = "."
	}
	for _, p := range packages {
		cmd := exec.CommandContext(ctx, p.binary, "-test.list="+run)
		cmd.Dir = p.Dir
		out, err := cmd.Output()
		if err != nil {
			return false, fmt.Errorf("listing the tests of %s: %w", p.ImportPath, err)
		}
		for name := range strings.Lines(string(out)) {
			if strings.HasPrefix(name, callerPrefix) {
				return true, nil
			}
		}
	}
	return false, nil
}

// addCallers gives a job those programs. Where they cannot be had, the tests
// that need them say so, and the others run.
func (l *launcher) addCallers(ctx context.Context, job *machine.Job) error {
	cache, err := machine.OpenCache(l.say)
	if err != nil {
		return err
	}
	if job.Callers, err = cache.Callers(ctx); err != nil {
		l.say("%v", err)
	}
	return ctx.Err()
}
