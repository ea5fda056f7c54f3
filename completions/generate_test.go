package main

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestScriptsAreFresh(t *testing.T) {
	all, err := scripts()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range all {
		got, err := os.ReadFile(name)
		if err != nil {
			t.Errorf("%v; run make generate", err)
			continue
		}
		if diff := cmp.Diff(string(got), string(text)); diff != "" {
			t.Errorf("%s is stale; run make generate:\n%s", name, diff)
		}
	}
}
