package main

import (
	"bytes"
	"context"
	"flag"
	"io"
	"strings"
	"testing"

	"lvs/lab/machine"
)

// runLab returns what a command line prints that boots no kernel.
func runLab(t *testing.T, args ...string) (status int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	status = runAndReport(t.Context(), args, &o, &e)
	return status, o.String(), e.String()
}

func TestHelp(t *testing.T) {
	for _, test := range []struct {
		line string
		want []string
	}{
		{"--help", []string{"lab COMMAND", "exec ", "test ", "demo ", "bench ", "fetch "}},
		{"-h", []string{"lab COMMAND"}},
		{"help", []string{"lab COMMAND"}},
		{"exec --help", []string{"lab exec [--keep-tty]", "COMMAND "}},
		{"exec --keep-tty -h", []string{"lab exec [--keep-tty]"}},
		{"help exec", []string{"lab exec [--keep-tty]"}},
		{"test --help", []string{"lab test [OPTION…]", "PACKAGE "}},
		{"test -run X -h", []string{"lab test [OPTION…]"}},
		{"demo --help", []string{"lab demo\n"}},
		{"bench --help", []string{"lab bench [RUNS] [PART…]", "RUNS ", "PART "}},
		{"bench 3 --help", []string{"lab bench [RUNS] [PART…]"}},
		{"fetch --help", []string{"lab fetch\n"}},
	} {
		t.Run(test.line, func(t *testing.T) {
			status, out, errs := runLab(t, strings.Fields(test.line)...)
			if status != 0 || errs != "" {
				t.Errorf("exit status %d, standard error %q", status, errs)
			}
			always := []string{"Usage:", "Environment:", "LVS_LAB ", "LVS_LAB_KERNEL ", "LVS_LAB_CACHE ",
				"LVS_LAB_MIRROR ", "Exit status:", "Examples:", "bin/lab "}
			for _, want := range append(always, test.want...) {
				if !strings.Contains(out, want) {
					t.Errorf("%q is missing in:\n%s", want, out)
				}
			}
			for line := range strings.Lines(out) {
				if len([]rune(line)) > 120 {
					t.Errorf("longer than 120 characters: %s", line)
				}
			}
		})
	}
}

func TestWrongUsage(t *testing.T) {
	for _, test := range []struct {
		line, usage, last string
	}{
		{"", "lab COMMAND", ""},
		{"nope", "lab COMMAND", `unknown command "nope"`},
		{"--nope", "lab COMMAND", `unknown option "--nope"`},
		{"help nope", "lab COMMAND", `unknown command "nope"`},
		{"exec", "lab exec", "COMMAND is missing"},
		{"exec --", "lab exec", "COMMAND is missing"},
		{"exec --nope ls", "lab exec", `unknown option "--nope"`},
		{"test -nope", "lab test", "flag provided but not defined: -nope"},
		{"test -timeout soon", "lab test", `invalid value "soon" for flag -timeout: parse error`},
		{"test ./kernel -run X", "lab test", `"-run" follows a package: put options before packages`},
		{"demo now", "lab demo", `unexpected argument "now"`},
		{"fetch --nope", "lab fetch", `unexpected argument "--nope"`},
		{"bench 0", "lab bench", `invalid argument "0": want a number of runs, or start, `},
		{"bench 5 nope", "lab bench", `invalid argument "nope": want a number of runs, or start, `},
	} {
		t.Run(test.line, func(t *testing.T) {
			status, out, errs := runLab(t, strings.Fields(test.line)...)
			if status != 2 || out != "" {
				t.Errorf("exit status %d, standard output %q", status, out)
			}
			if !strings.Contains(errs, "Usage:\n  "+test.usage) {
				t.Errorf("no usage of %q in:\n%s", test.usage, errs)
			}
			lines := strings.Split(strings.TrimSpace(errs), "\n")
			if last := lines[len(lines)-1]; test.last != "" && !strings.HasPrefix(last, "lab: "+test.last) {
				t.Errorf("last line %q, want %q", last, test.last)
			}
		})
	}
}

func TestExecOptionsEndAtTheCommand(t *testing.T) {
	for _, test := range []struct {
		line, want string
	}{
		{"ls --help", "ls --help"},
		{"-- --help", "--help"},
		{"--keep-tty -- bash -c x", "bash -c x"},
	} {
		t.Run(test.line, func(t *testing.T) {
			got, err := execOptions(new(machine.Job), strings.Fields(test.line))
			if err != nil || strings.Join(got, " ") != test.want {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

// The help is written by hand, so it is compared with the options that exist.
func TestHelpNamesEveryOptionOfTest(t *testing.T) {
	text := helpFor("test")
	new(testOptions).flags().VisitAll(func(f *flag.Flag) {
		if !strings.Contains(text, "\n  -"+f.Name+" ") {
			t.Errorf("-%s is missing in the help", f.Name)
		}
	})
}

// bench itself refuses a part that it does not know and lists those that it has.
func TestHelpNamesEveryPartOfBench(t *testing.T) {
	const unknown = "no-such-part"
	err := bench(context.Background(), "", []string{unknown}, io.Discard)
	if err == nil || !strings.Contains(err.Error(), unknown) {
		t.Fatalf("bench %s: %v", unknown, err)
	}
	_, list, _ := strings.Cut(err.Error(), ": ")
	parts := strings.Split(list, ", ")
	if len(parts) != len(benchParts) {
		t.Errorf("bench has the parts %q, the help %d", parts, len(benchParts))
	}
	for _, part := range parts {
		if err := checkBench([]string{part}); err != nil {
			t.Errorf("%v", err)
		}
	}
}
