package journal

import (
	"bytes"
	"context"
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Whatever stands in a line, reading it ends well, and what was read can be
// written and read again.
func FuzzJournal(f *testing.F) {
	j := &Journal{Dir: f.TempDir()}
	n, err := j.Begin(context.Background(), Entry{ID: 1, Time: time.Unix(1, 2).UTC(), Command: "lvs",
		Objects: everyObject()})
	if err := errors.Join(err, j.More(context.Background(), more(n, everyObject())),
		j.End(context.Background(), n, End{Outcome: Partly, Refused: []int{1}})); err != nil {
		f.Fatal(err)
	}
	text, err := os.ReadFile(file(j))
	if err != nil {
		f.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		found := map[uint64]*Entry{}
		if err := readLines(bytes.NewReader(text), found); err != nil {
			t.Fatal(err)
		}
		for id, e := range found {
			if e.Load() != nil {
				continue
			}
			e.Made()
			l := e.line()
			p, _ := packed(e.Objects)
			head, tail := l.encoded(p)
			b := slices.Concat(head, p.text, tail)
			again := map[uint64]*Entry{}
			if err := readLines(bytes.NewReader(b), again); err != nil || again[id] == nil || again[id].Load() != nil {
				t.Fatalf("%v: %s", err, b)
			}
			if d := cmp.Diff(e.Objects, again[id].Objects, entryValues); d != "" {
				t.Fatalf("(-read +again)\n%s", d)
			}
		}
	})
}
