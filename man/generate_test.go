package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPagesAreFresh(t *testing.T) {
	want := pages("lvs")
	for name, page := range want {
		got, err := os.ReadFile(name)
		if err != nil {
			t.Errorf("%v; run make generate", err)
			continue
		}
		if diff := cmp.Diff(string(got), string(page)); diff != "" {
			t.Errorf("%s is stale; run make generate:\n%s", name, diff)
		}
	}
	found, err := filepath.Glob("*.[58]")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range found {
		if want[name] == nil {
			t.Errorf("%s belongs to no command or file; remove it", name)
		}
	}
}

// A list in columns must be indented: other lines are filled, and lose their columns.
func TestColumnsAreNotFilled(t *testing.T) {
	columns := regexp.MustCompile(`\S  +\S`)
	for file, page := range pages("lvs") {
		literal := false
		for line := range strings.Lines(string(page)) {
			switch {
			case line == ".nf\n":
				literal = true
			case line == ".fi\n":
				literal = false
			case !literal && columns.MatchString(line):
				t.Errorf("%s: %s", file, line)
			}
		}
	}
}

// If the name lvs belongs to LVM2, no page may refer to it.
func TestPagesUnderAnotherName(t *testing.T) {
	own, other := pages("lvs"), pages("lvsctl")
	if len(other) != len(own)-1 {
		t.Errorf("%d pages for lvsctl; %d for lvs, one of them lvsctl.8", len(other), len(own))
	}
	for file, page := range other {
		if !strings.HasPrefix(file, "lvsctl") && file != "ipvsadm-compat.8" {
			t.Errorf("%s is not called after the program", file)
		}
		for line := range strings.Lines(string(page)) {
			if strings.HasPrefix(line, ".TH ") {
				continue
			}
			if renamed(line, "X") != line || strings.Contains(line, `\fBlvs\`) {
				t.Errorf("%s: %s", file, line)
			}
		}
	}
}
