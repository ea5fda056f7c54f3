package cluster

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestReadIsWritten reads random files back: what was written is what is read.
func TestReadIsWritten(t *testing.T) {
	for seed := range uint64(500) {
		f := randomFile(rand.New(rand.NewPCG(seed, 21)))
		var y, j strings.Builder
		if err := f.WriteYAML(&y); err != nil {
			t.Fatal(err)
		}
		if err := f.WriteJSON(&j); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{y.String(), j.String()} {
			got, err := Read("", []byte(text))
			if err != nil {
				t.Fatalf("seed %d: %v\n%s", seed, err, text)
			}
			if _, err := Resolve(got); err != nil {
				t.Fatalf("seed %d: %v\n%s", seed, err, text)
			}
			// Comments are not read, and what is not there may be empty.
			if d := cmp.Diff(f, got, byValue, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(File{}, "Comments", "Source"),
				cmpopts.IgnoreFields(FileService{}, "Comments")); d != "" {
				t.Fatalf("seed %d (-want +got)\n%s\n%s", seed, d, text)
			}
		}
	}
}
