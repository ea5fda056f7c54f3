package main

import (
	"bytes"
	"strings"
	"testing"
)

// mark begins a framing line of -test.v=test2json, the last PASS or FAIL too.
const mark = "\x16"

func TestResult(t *testing.T) {
	for _, test := range []struct {
		name, output string
		status       int
		want         counts
		shown        []string // parts of the output, in order
		hidden       string
	}{
		{
			name: "passes quietly",
			output: mark + "=== RUN   TestA\n    a_test.go:1: chatter\n" +
				mark + "--- PASS: TestA (0.00s)\n" + mark + "PASS\n",
			want:   counts{passed: 1},
			shown:  []string{"ok    lvs/x", "1 passed"},
			hidden: "chatter",
		},
		{
			name: "failure and skip with their reasons",
			output: mark + "=== RUN   TestA\n    a_test.go:1: wrong\n" + mark + "--- FAIL: TestA (0.00s)\n" +
				mark + "=== RUN   TestB\n    a_test.go:2: too old\n" + mark + "--- SKIP: TestB (0.00s)\n" + mark + "FAIL\n",
			status: 1,
			want:   counts{failed: 1, skipped: 1},
			shown:  []string{"wrong", "too old", "FAIL  lvs/x", "exit status 1"},
		},
		{
			name:   "a panic counts as a failure and is shown",
			output: mark + "=== RUN   TestA\npanic: oh\n\ngoroutine 1 [running]:\n",
			status: 2,
			want:   counts{failed: 1},
			shown:  []string{"panic: oh", "FAIL  lvs/x", "exit status 2"},
		},
		{
			name:   "a bad status without a failing test is a failure",
			output: mark + "=== RUN   TestA\n" + mark + "--- PASS: TestA (0.00s)\n" + mark + "PASS\n",
			status: 3,
			want:   counts{passed: 1, failed: 1},
			shown:  []string{"FAIL  lvs/x"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			r, err := startResult(t.Context(), "lvs/x", &out, false)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := r.Write([]byte(test.output)); err != nil {
				t.Fatal(err)
			}
			if err := r.finish(test.status); err != nil {
				t.Fatal(err)
			}
			if r.counts != test.want {
				t.Errorf("counted %+v, want %+v", r.counts, test.want)
			}
			rest := out.String()
			for _, part := range test.shown {
				_, after, found := strings.Cut(rest, part)
				if !found {
					t.Fatalf("%q is missing or too early in:\n%s", part, out.String())
				}
				rest = after
			}
			if test.hidden != "" && strings.Contains(out.String(), test.hidden) {
				t.Errorf("%q is shown in:\n%s", test.hidden, out.String())
			}
		})
	}
}

func TestSummaryIsAloneOnTheLastLine(t *testing.T) {
	var out, errs bytes.Buffer
	l := &launcher{out: &out, errs: &errs}
	packages := []testPackage{{ImportPath: "lvs/x"}, {ImportPath: "lvs/y"}}
	done := &packageResult{counts: counts{passed: 5, skipped: 1}, finished: true}
	if status := l.summary(packages, []*packageResult{done, nil}, nil); status != 1 {
		t.Errorf("status %d although a package did not run", status)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if last := lines[len(lines)-1]; last != "5 passed, 1 failed, 1 skipped" {
		t.Errorf("last line %q", last)
	}
	out.Reset()
	if status := l.summary(packages[:1], []*packageResult{done}, nil); status != 0 {
		t.Errorf("status %d although all went well:\n%s", status, out.String())
	}
	if status := l.summary(packages[:1], []*packageResult{{finished: true}}, nil); status != 1 {
		t.Error("no test ran, and that is fine?")
	}
}
