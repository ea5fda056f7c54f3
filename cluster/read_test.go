package cluster

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestReadIsWritten reads random files back: what was written is what is read.
func TestReadIsWritten(t *testing.T) {
	for seed := range uint64(200) {
		f := randomFile(rand.New(rand.NewPCG(seed, 21)))
		var y, j strings.Builder
		if err := f.WriteYAML(&y); err != nil {
			t.Fatal(err)
		}
		if err := f.WriteJSON(&j); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{y.String(), j.String()} {
			got, err := Read("", text)
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

// TestBounds reads texts that would take the library minutes, or all memory: the
// limit of the tests' own time would tell.
func TestBounds(t *testing.T) {
	bomb := "a: &a [x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c <= 'j'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.Repeat(fmt.Sprintf("*%c, ", c-1), 9)+"x")
	}
	for name, text := range map[string]string{
		"aliases make the document too large":               bomb,
		"the file is larger than 64 MiB":                    strings.Repeat(" ", MaxSize+1),
		"more than 64 lists and objects within":             strings.Repeat("[", 500) + strings.Repeat("]", 500),
		"more than 64 lists and objects within one":         `{"a": ` + strings.Repeat("[", 1<<20),
		"what begins here takes all of YAML, which is read": strings.Repeat("[", 1<<20),
		"what begins here takes all of YAML":                "a: &b c\n" + strings.Repeat("a: b\n", 1<<20),
		"what begins here takes all":                        strings.Repeat("---\na: b\n", 1<<20),
		"a second document begins":                          "a: b\n---\nc: d\n",
		"the byte 0x00 has no place in a text":              "a: b\x00",
		"the text is not UTF-8":                             "a: \xff",
		"more than 1000 faults":                             "{" + strings.Repeat(`"a": 1, `, 1<<20) + `"a": 1}`,
		"unknown key":                                       strings.Repeat("a: b\n", 1<<20),
	} {
		_, err := Read("x", text)
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %.200v", name, err)
		}
	}
}
