package importer

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lvs/cluster"
)

// The configurations in testdata/keepalived have mistakes and odd forms, each of some
// kind. TestCallerKeepalivedCases (lab) compares what is imported with the table that
// keepalived makes; the golden files here have the notes, too.

func TestKeepalivedCases(t *testing.T) {
	for _, path := range cases(t, "*.conf") {
		name := strings.TrimSuffix(filepath.Base(path), ".conf")
		t.Run(name, func(t *testing.T) {
			f, notes, err := keepalivedCase(t, path)
			if err != nil {
				t.Fatal(err)
			}
			var b bytes.Buffer
			if err := f.WriteYAML(&b); err != nil {
				t.Fatal(err)
			}
			golden(t, "../keepalived/"+name+".yaml", b.String())
			if comments := strings.Count("\n"+b.String(), "\n# "); comments != len(notes) {
				t.Errorf("%d notes, and %d comments in the file", len(notes), comments)
			}
			tableOf(t, f)
		})
	}
}

// TestKeepalivedRefused has configurations with which keepalived does not start.
func TestKeepalivedRefused(t *testing.T) {
	for _, path := range cases(t, "refused/*.conf") {
		name := strings.TrimSuffix(filepath.Base(path), ".conf")
		t.Run(name, func(t *testing.T) {
			_, _, err := keepalivedCase(t, path)
			if err == nil {
				t.Fatal("it was taken")
			}
			golden(t, "../keepalived/refused/"+name+".txt", err.Error()+"\n")
		})
	}
}

func cases(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob("testdata/keepalived/" + pattern)
	if err != nil || len(paths) < 10 {
		t.Fatalf("%d cases (%v)", len(paths), err)
	}
	return paths
}

func keepalivedCase(t *testing.T, path string) (f *cluster.File, notes []Note, err error) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	none := func(string) ([]Text, error) { return nil, nil }
	return Keepalived(Text{filepath.Base(path), string(text)}, KeepalivedOptions{ConfigID: "main", Include: none})
}
