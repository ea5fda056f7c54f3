package ipvsadm

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lvs/kernel"
	"lvs/lab"
)

// TestOracle runs every command line of testdata/oracle, and each option with each
// verb, with ipvsadm and with Program. Each script begins with two new namespaces, one
// for ipvsadm and one for Program.
func TestOracle(t *testing.T) {
	lab.Need(t, features)
	files, err := filepath.Glob("testdata/oracle/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	count, explained := 0, 0
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		cases := readScript(t, string(b))
		count += len(cases)
		for _, c := range cases {
			if c.why != "" {
				explained++
			}
		}
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txt"), func(t *testing.T) { compareAll(t, cases) })
	}
	const least = 400
	if count < least {
		t.Errorf("the scripts have %d command lines, not %d", count, least)
	}
	every := everyOption()
	t.Run("places", func(t *testing.T) { compareAll(t, every) })
	t.Logf("compared %d command lines of scripts, of which %d differ for a reason, and %d of verbs with options",
		count, explained, len(every))
}

// reply is the result of a command line, in a readable form.
type reply struct {
	Out, Err string
	Status   int
	Table    string
}

// stage has the namespaces of the two programs.
type stage struct {
	theirs, ours kernel.Kernel // each in its namespace; the goroutine is in theirs
	ourPlace     *lab.Namespace
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := new(stage)
	for _, k := range []*kernel.Kernel{&s.ours, &s.theirs} {
		ns := lab.Need(t, features)
		for _, args := range []string{
			"link add dummy0 type dummy", "link set dummy0 up multicast on", "addr add 198.51.100.254/24 dev dummy0",
		} {
			if out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
				t.Fatalf("ip %s: %v: %s", args, err, out)
			}
		}
		c, err := kernel.Open(kernel.Options{Netns: ns.Path()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		*k = c
		if s.ourPlace == nil {
			s.ourPlace = ns
		}
	}
	return s
}

func compareAll(t *testing.T, cases []oracleCase) {
	s := newStage(t)
	for _, c := range cases {
		want, got := s.play(t, &c)
		d := cmp.Diff(want, got)
		switch {
		case d == "" && c.why != "":
			t.Errorf("%s no longer differs: %s", c.line, c.why)
		case d != "" && c.why == "":
			t.Errorf("%s %s\n(-ipvsadm +ours)\n%s", c.line, c.input, d)
		}
		if d != "" {
			s.level(t)
		}
	}
	// Our package has read the tables that were compared: ask ipvsadm too.
	for _, args := range [][]string{{"-Sn"}, {"-Ln", "--thresholds"}} {
		theirs, ours := s.oracle(t, &oracleCase{name: "ipvsadm", args: args}), reply{}
		s.ourPlace.Do(func() error {
			ours = s.oracle(t, &oracleCase{name: "ipvsadm", args: args})
			return nil
		})
		if d := cmp.Diff(sortedLines(theirs.Out), sortedLines(ours.Out)); d != "" {
			t.Errorf("ipvsadm %v of both tables at the end (-ipvsadm's +ours)\n%s", args, d)
		}
	}
}

// sortedLines returns a kernel's list without regard to its order.
func sortedLines(s string) []string { return slices.Sorted(strings.Lines(s)) }

// play runs the command line with both programs. If it only reads the table, both read
// the same one, because the kernel may list two equal tables in different orders, and
// may change the order once.
func (s *stage) play(t *testing.T, c *oracleCase) (theirs, ours reply) {
	t.Helper()
	if !c.looks() {
		theirs, ours = s.oracle(t, c), s.run(t, c, s.ourPlace.Path())
		if theirs.Status == exitArgument && theirs == ours && c.input == "" {
			return theirs, ours // neither asked the kernel
		}
		theirs.Table, ours.Table = everything(t, s.theirs), everything(t, s.ours)
		return theirs, ours
	}
	for range 3 {
		if theirs, ours = s.oracle(t, c), s.run(t, c, ""); theirs == ours {
			break
		}
	}
	return theirs, ours
}

func (s *stage) oracle(t *testing.T, c *oracleCase) reply {
	t.Helper()
	var out, errs bytes.Buffer
	// ipvsadm waits for ever for the kernel's answer if a daemon is stopped before it
	// ever ran.
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.name, c.args...)
	if c.name != "ipvsadm" { // a script for bash, which not every lab kernel has
		cmd = exec.CommandContext(ctx, "sh", append([]string{cmd.Path}, c.args...)...)
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(c.input), &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if ctx.Err() != nil || err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", c.line, err)
	}
	return reply{Out: out.String(), Err: errs.String(), Status: cmd.ProcessState.ExitCode()}
}

// run runs a command line with Program. Without a path it runs in the goroutine's
// namespace.
func (s *stage) run(t *testing.T, c *oracleCase, path string) reply {
	t.Helper()
	var out, errs bytes.Buffer
	p := Program{
		Name: c.name, In: strings.NewReader(c.input), Out: &out, Err: &errs,
		Open:  func() (kernel.Kernel, error) { return kernel.Open(kernel.Options{Netns: path, Alone: true}) },
		Names: SystemNames(t.Context()),
	}
	status := p.Run(t.Context(), c.args)
	return reply{Out: out.String(), Err: errs.String(), Status: status}
}

// everything returns the whole state of a kernel as a text.
func everything(t *testing.T, k kernel.Kernel) string {
	t.Helper()
	snap, err := k.Snapshot(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	snap.Order = nil // the kernel's own
	var b strings.Builder
	if err := WriteSave(&b, snap, SaveOptions{Thresholds: true}); err != nil {
		t.Fatal(err)
	}
	now, err := k.Timeouts(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	daemons, err := k.Daemons(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	writeTimeouts(&b, now)
	writeDaemons(&b, daemons)
	return b.String()
}

// level makes our table equal to theirs again, after a difference.
func (s *stage) level(t *testing.T) {
	t.Helper()
	snap, err := s.theirs.Snapshot(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.ours.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := s.ours.Apply(context.Background(), changes(snap)); err != nil {
		t.Fatal(err)
	}
}

// oracleCase is one command line.
type oracleCase struct {
	name, line, input string
	args              []string
	// why is the reason why it differs. It is empty if it must not differ.
	why string
}

// readScript reads a script with one command line per line, in which the name of the
// program may be left out for ipvsadm. A command line that ends with << has the
// following indented lines as its input. One after a line with ! differs for that
// reason.
func readScript(t *testing.T, text string) []oracleCase {
	t.Helper()
	var cases []oracleCase
	var feeding bool
	why := ""
	for line := range strings.SplitSeq(text, "\n") {
		if input, indented := strings.CutPrefix(line, "\t"); indented && feeding {
			cases[len(cases)-1].input += input + "\n"
			continue
		}
		if reason, ok := strings.CutPrefix(line, "! "); ok {
			why = reason
			continue
		}
		words, open := split(nil, line)
		if open != nil {
			t.Fatalf("%s: an open quote", line)
		}
		if len(words) == 0 {
			continue
		}
		c := oracleCase{name: "ipvsadm", line: line, why: why}
		why = ""
		if Is(words[0].text) {
			c.name, words = words[0].text, words[1:]
		}
		for _, w := range words {
			c.args = append(c.args, w.text)
		}
		if feeding = strings.HasSuffix(line, "<<"); feeding {
			c.args = c.args[:len(c.args)-1]
		}
		cases = append(cases, c)
	}
	return cases
}

// everyOption returns command lines with each option for each verb.
func everyOption() []oracleCase {
	values := map[groups]string{
		service: "1.2.3.4:80", scheduler: "rr", persistent: "60", netmask: "255.255.255.0", engine: "sip",
		schedFlags: "flag-1", server: "1.1.1.1", weight: "1", upper: "1", lower: "0", tunType: "ipip", tunPort: "1",
		syncID: "1", mcastInterface: "dummy0", mcastGroup: "224.0.0.81", mcastPort: "1", mcastTTL: "1", syncMaxLen: "1",
	}
	var cases []oracleCase
	add := func(args ...string) {
		cases = append(cases, oracleCase{name: "ipvsadm", line: strings.Join(args, " "), args: args})
	}
	for _, v := range verbs {
		if v.verb == showHelp {
			continue
		}
		with := []string{v.name()}
		switch {
		case v.verb == setTimeouts:
			with = append(with, "1", "2", "3")
		case v.arg == required:
			with = append(with, "backup")
		}
		for _, g := range []groups{service, server} {
			if v.needs&g != 0 {
				with = append(with, map[groups]string{service: "-t", server: "-r"}[g], values[g])
			}
		}
		add("-C")
		if v.verb != AddService {
			add("-A", "-t", "1.2.3.4:80")
		}
		for _, o := range options {
			args := append([]string(nil), with...)
			switch {
			case o.long == "fwmark-service":
				args = append(args, "--fwmark-service", "7")
			case o.arg == without:
				args = append(args, "--"+o.long)
			default:
				args = append(args, "--"+o.long, values[o.group])
			}
			add(args...)
		}
	}
	return cases
}

// looks reports whether a command line only reads the table.
func (c *oracleCase) looks() bool {
	switch {
	case c.name != "ipvsadm":
		return c.name == "ipvsadm-save"
	case len(c.args) == 0:
		return true
	case len(c.args[0]) < 2:
		return false
	}
	return strings.Contains("LlS", c.args[0][1:2])
}
