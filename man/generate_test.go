package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPagesAreFresh(t *testing.T) {
	want := pages()
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
	found, err := filepath.Glob("*.8")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range found {
		if want[name] == nil {
			t.Errorf("%s belongs to no command; remove it", name)
		}
	}
}
