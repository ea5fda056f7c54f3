package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"
)

// counts are numbers of tests.
type counts struct {
	passed, failed, skipped int
}

func (c *counts) add(d counts) {
	c.passed += d.passed
	c.failed += d.failed
	c.skipped += d.skipped
}

// packageResult reads the output of one package's tests, through go tool
// test2json, and prints failures and reasons of skipped tests as they come, and
// one line at the end.
type packageResult struct {
	io.WriteCloser // to test2json
	counts

	path     string
	out      io.Writer
	verbose  bool
	begun    time.Time
	convert  *exec.Cmd
	done     chan error
	finished bool

	printed map[string]*bytes.Buffer // by test; "" is the package
}

// startResult begins to read the output of a package. If verbose, all of it is
// printed.
func startResult(ctx context.Context, path string, out io.Writer, verbose bool) (*packageResult, error) {
	r := &packageResult{
		path: path, out: out, verbose: verbose, begun: time.Now(),
		convert: exec.CommandContext(ctx, "go", "tool", "test2json", "-p", path),
		done:    make(chan error, 1),
		printed: make(map[string]*bytes.Buffer),
	}
	var err error
	if r.WriteCloser, err = r.convert.StdinPipe(); err != nil {
		return nil, err
	}
	events, err := r.convert.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := r.convert.Start(); err != nil {
		return nil, fmt.Errorf("go tool test2json: %w", err)
	}
	go func() { r.done <- r.read(events) }()
	return r, nil
}

// testEvent is a line of test2json.
type testEvent struct {
	Action, Test, Output string
}

// read reads the events of test2json to their end.
func (r *packageResult) read(events io.Reader) error {
	dec := json.NewDecoder(bufio.NewReader(events))
	for {
		var e testEvent
		if err := dec.Decode(&e); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		r.see(e)
	}
}

// see counts and prints by one event.
func (r *packageResult) see(e testEvent) {
	buf := r.printed[e.Test]
	if buf == nil {
		buf = new(bytes.Buffer)
		r.printed[e.Test] = buf
	}
	switch e.Action {
	case "output":
		buf.WriteString(e.Output)
		if r.verbose && !strings.HasPrefix(e.Output, "=== ") {
			io.WriteString(r.out, e.Output)
		}
		return
	case "pass", "fail", "skip":
	default:
		return
	}
	if e.Test == "" {
		return // the exit status counts for the package
	}
	switch e.Action {
	case "pass":
		r.passed++
	case "fail":
		r.failed++
		r.show(buf)
	case "skip":
		r.skipped++
		r.show(buf) // the reason
	}
	delete(r.printed, e.Test)
}

// show prints a test's output without the lines that frame it.
func (r *packageResult) show(buf *bytes.Buffer) {
	if r.verbose {
		return // it was printed already
	}
	for line := range strings.Lines(buf.String()) {
		if !strings.HasPrefix(line, "=== ") {
			io.WriteString(r.out, line)
		}
	}
}

// finish ends the package and prints its line.
func (r *packageResult) finish(status int) error {
	r.finished = true
	if err := r.Close(); err != nil {
		return err
	}
	if err := <-r.done; err != nil {
		return err
	}
	if err := r.convert.Wait(); err != nil {
		return fmt.Errorf("go tool test2json: %w", err)
	}
	took := time.Since(r.begun).Seconds()
	if status == 0 && r.failed == 0 {
		fmt.Fprintf(r.out, "ok    %s  %.1fs  %d passed, %d skipped\n", r.path, took, r.passed, r.skipped)
		return nil
	}
	if r.failed == 0 {
		r.failed++ // the failure was outside the tests
	}
	for test, buf := range r.printed { // of tests that did not end
		if test == "" || buf.Len() > 0 {
			r.show(buf)
		}
	}
	fmt.Fprintf(r.out, "FAIL  %s  %.1fs  exit status %d  %d passed, %d failed, %d skipped\n",
		r.path, took, status, r.passed, r.failed, r.skipped)
	return nil
}
