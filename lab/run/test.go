package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"lvs/lab/machine"
)

// labPackage is the package that tests import if they need a kernel.
const labPackage = "lvs/lab"

// parallelTests is how many tests that call t.Parallel run at the same time. A
// guest has one processor, but such tests mostly wait: the kernel updates its
// counters every two seconds.
const parallelTests = 6

// testOptions are the options of lab test. They mean what they mean to go test.
type testOptions struct {
	run, skip string
	count     int
	timeout   time.Duration // for each package
	short     bool
	verbose   bool
	packages  []string
}

// parseTestOptions reads the arguments of lab test.
func parseTestOptions(args []string) (testOptions, error) {
	var o testOptions
	flags := o.flags()
	flags.SetOutput(io.Discard)
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return o, helpWanted("test")
	} else if err != nil {
		return o, usagef("test", "%v", err)
	}
	for _, arg := range flags.Args() {
		if strings.HasPrefix(arg, "-") {
			return o, usagef("test", "%q follows a package: put options before packages", arg)
		}
	}
	if o.packages = flags.Args(); len(o.packages) == 0 {
		o.packages = []string{"./..."}
	}
	return o, nil
}

// flags returns the options as flags; what they mean is in the help.
func (o *testOptions) flags() *flag.FlagSet {
	flags := flag.NewFlagSet("lab test", flag.ContinueOnError)
	flags.StringVar(&o.run, "run", "", "")
	flags.StringVar(&o.skip, "skip", "", "")
	flags.IntVar(&o.count, "count", 1, "")
	flags.DurationVar(&o.timeout, "timeout", 25*time.Minute, "")
	flags.BoolVar(&o.short, "short", false, "")
	flags.BoolVar(&o.verbose, "v", false, "")
	return flags
}

// test builds the tests of packages on this machine and runs them in a kernel: in
// one boot or, if a guest has one processor, in two boots at the same time, one
// of which is for the tests of whole clusters.
func (l *launcher) test(ctx context.Context, args []string) (int, error) {
	o, err := parseTestOptions(args)
	if err != nil {
		return 2, err
	}
	packages, err := labTests(ctx, o.packages)
	if err != nil {
		return 1, err
	}
	dir, err := os.MkdirTemp("", "lvs-lab-tests-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	if err := buildTests(ctx, dir, packages); err != nil {
		return 1, err
	}
	m, err := l.choose(ctx)
	if err != nil {
		return 1, err
	}

	l.out = &lockedWriter{to: l.out}
	parts := partsFor(m.Kind(), packages)
	results, errs := make([][]*packageResult, len(parts)), make([]error, len(parts))
	var wg sync.WaitGroup
	for i, part := range parts {
		results[i] = make([]*packageResult, len(part))
		wg.Go(func() { errs[i] = l.testPart(ctx, o, m, dir, part, results[i]) })
	}
	wg.Wait()
	return l.summary(slices.Concat(parts...), slices.Concat(results...), errors.Join(errs...)), nil
}

// partsFor returns the packages of each boot. A User Mode Linux guest has one
// processor, and clusters with live traffic keep it busy for minutes.
func partsFor(kind string, packages []testPackage) [][]testPackage {
	var clusters, others []testPackage
	for _, p := range packages {
		if p.ImportPath == labPackage {
			clusters = append(clusters, p)
		} else {
			others = append(others, p)
		}
	}
	if kind != "uml" || len(clusters) == 0 || len(others) == 0 {
		return [][]testPackage{packages}
	}
	return [][]testPackage{others, clusters}
}

// testPart runs the tests of some packages, built in dir, in one boot. It fills
// results, one for each package.
func (l *launcher) testPart(
	ctx context.Context, o testOptions, m machine.Machine, dir string, packages []testPackage, results []*packageResult,
) error {
	job := o.job(m.Kind(), packages)
	job.Bring = append(bring(packages[0].Dir), dir)
	if err := l.addFetched(ctx, o, m.Kind(), packages, job); err != nil {
		return err
	}
	var reportErr error
	err := m.Run(ctx, job, func(e machine.Event) {
		reportErr = errors.Join(reportErr, l.testEvent(ctx, o, packages, results, e))
	})
	return errors.Join(err, reportErr)
}

// lockedWriter keeps the lines whole that several boots print.
type lockedWriter struct {
	mu sync.Mutex
	to io.Writer
}

func (w *lockedWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(b)
}

// testEvent updates results by an event of a boot.
func (l *launcher) testEvent(
	ctx context.Context, o testOptions, packages []testPackage, results []*packageResult, e machine.Event,
) (err error) {
	r := results[min(e.Command, len(results)-1)]
	switch e.Kind {
	case machine.Started:
		results[e.Command], err = startResult(ctx, packages[e.Command].ImportPath, l.out, o.verbose)
	case machine.Stdout, machine.Stderr:
		_, err = r.Write(e.Data)
	case machine.Trouble:
		_, err = fmt.Fprintf(r, "\nlab: %s\n", e.Data)
	case machine.Exited:
		err = r.finish(e.Status)
	}
	return err
}

// summary prints the last line and returns the exit status.
func (l *launcher) summary(packages []testPackage, results []*packageResult, err error) int {
	var total counts
	for i, r := range results {
		if r == nil || !r.finished {
			fmt.Fprintf(l.out, "FAIL  %s: did not run to the end\n", packages[i].ImportPath)
			total.failed++
			if r != nil {
				err = errors.Join(err, r.finish(-1))
				total.failed-- // finish counts it
			}
		}
		if r != nil {
			total.add(r.counts)
		}
	}
	if err == nil && total.passed+total.failed == 0 {
		err = errors.New("no test ran")
	}
	if err != nil {
		l.say("%v", err) // first, so that the counts are the last line
	}
	fmt.Fprintf(l.out, "%d passed, %d failed, %d skipped\n", total.passed, total.failed, total.skipped)
	if total.failed > 0 || err != nil {
		return 1
	}
	return 0
}

// job returns the job that runs the tests of each package in the package's
// folder, as go test does.
func (o testOptions) job(kind string, packages []testPackage) *machine.Job {
	job := new(machine.Job)
	for _, p := range packages {
		argv := []string{
			p.binary, "-test.v=test2json", "-test.paniconexit0",
			"-test.count=" + strconv.Itoa(o.count),
			"-test.parallel=" + strconv.Itoa(parallelTests),
			"-test.timeout=" + o.timeout.String(),
		}
		if o.run != "" {
			argv = append(argv, "-test.run="+o.run)
		}
		if skip := o.skipped(kind); skip != "" {
			argv = append(argv, "-test.skip="+skip)
		}
		if o.short {
			argv = append(argv, "-test.short")
		}
		job.Commands = append(job.Commands, machine.Command{
			Name: p.ImportPath, Argv: argv, Dir: p.Dir,
			Env:   append(passedOn(), "LVS_LAB_KIND="+kind),
			Limit: o.timeout + 10*time.Second, // after the test's own limit, which reports more
		})
	}
	return job
}

// testPackage is a package whose tests need a kernel.
type testPackage struct {
	ImportPath, Dir string

	binary string // path of the built tests
}

// labTests returns the packages whose tests import the lab. A package that imports
// it outside its tests is left out.
func labTests(ctx context.Context, patterns []string) ([]testPackage, error) {
	args := append([]string{"list", "-test", "-json=ImportPath,Dir,Deps"}, patterns...)
	cmd := exec.CommandContext(ctx, "go", args...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w: %s", err, strings.TrimSpace(errs.String()))
	}
	var found []testPackage
	withoutTests := make(map[string]bool) // packages that import the lab themselves
	for dec := json.NewDecoder(bytes.NewReader(out)); dec.More(); {
		var p struct {
			ImportPath, Dir string
			Deps            []string
		}
		if err := dec.Decode(&p); err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(p.Deps, isLab) {
			continue
		}
		if path, isTest := strings.CutSuffix(p.ImportPath, ".test"); isTest {
			found = append(found, testPackage{ImportPath: path, Dir: p.Dir})
		} else if !strings.Contains(p.ImportPath, " ") {
			withoutTests[p.ImportPath] = true
		}
	}
	found = slices.DeleteFunc(found, func(p testPackage) bool { return withoutTests[p.ImportPath] })
	if len(found) == 0 {
		return nil, fmt.Errorf("no test in %s imports %s", strings.Join(patterns, " "), labPackage)
	}
	return found, nil
}

// isLab reports whether a dependency is the lab, as itself or rebuilt for a test.
func isLab(dependency string) bool {
	path, _, _ := strings.Cut(dependency, " ")
	return path == labPackage
}

// buildTests builds the tests into dir, four at a time.
func buildTests(ctx context.Context, dir string, packages []testPackage) error {
	errs := make([]error, len(packages))
	slots := make(chan struct{}, 4)
	var wg sync.WaitGroup
	for i := range packages {
		p := &packages[i]
		p.binary = filepath.Join(dir, strconv.Itoa(i)+".test")
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			cmd := exec.CommandContext(ctx, "go", "test", "-c", "-o", p.binary, p.ImportPath)
			cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
			if out, err := cmd.CombinedOutput(); err != nil {
				errs[i] = fmt.Errorf("building the tests of %s: %w\n%s", p.ImportPath, err, out)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
