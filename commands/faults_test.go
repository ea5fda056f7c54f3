package commands

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

// TestFaults reads files with common mistakes. The golden files contain what is printed.
func TestFaults(t *testing.T) {
	t.Chdir("testdata/faults")
	names, err := filepath.Glob("*.[yj][as][mo][ln]")
	if err != nil || len(names) < 20 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			app, out, errs := testApp(nil)
			if status := app.Run(context.Background(), []string{"validate", name}); status != exitUsage || out.Len() > 0 {
				t.Errorf("exit status %d, output %q", status, out)
			}
			golden := strings.TrimSuffix(name, filepath.Ext(name)) + ".txt"
			if *update {
				if err := os.WriteFile(golden, errs.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), errs.String()); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}
