package tui

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The saved JSON has who drained a server, as lvs list has it.
func TestSavedOutages(t *testing.T) {
	s := newStage(t, drained).table().start()
	s.open(webID)
	s.press("J")
	files, _ := filepath.Glob(filepath.Join(s.m.o.SaveDir, "*.json"))
	if len(files) != 1 {
		t.Fatalf("saved %q", files)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"weightBefore": 4`, `"sudoUser": "alice"`, `"drainReason": "new disk"`,
		`"weightBefore": 7`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s is not in\n%s", want, text)
		}
	}
}
