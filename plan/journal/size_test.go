package journal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lvs/kernel"
	"lvs/plan"
)

// A change of a large table takes little space: several fit, and each can be undone.
func TestLargeEntries(t *testing.T) {
	j := &Journal{Dir: t.TempDir(), Table: "boot/1"}
	first := begin(t, j, Entry{Objects: everyObject()})
	changes := plan.Between(&kernel.Snapshot{}, wide(10_000, 10), plan.Options{})
	objects := plan.Touched(&kernel.Snapshot{}, changes)
	for range 6 {
		if err := j.End(t.Context(), begin(t, j, Entry{Objects: objects}), End{Outcome: Done}); err != nil {
			t.Fatal(err)
		}
	}
	all, err := j.Entries("boot/1")
	if err != nil || len(all) != 7 || all[0].ID != first {
		t.Fatalf("%d entries are left: %v", len(all), err)
	}
	for i := range all[1:] {
		e := &all[i+1]
		if e.Objects != nil {
			t.Error("the objects are there before Load")
		}
		if e.Without || e.Counts.Added != 110_000 || !e.Reversible() || !e.Complete() {
			t.Errorf("%d is without=%v and added %d", e.ID, e.Without, e.Counts.Added)
		}
	}
	if err := all[6].Load(); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(objects, all[6].Made(), entryValues); d != "" {
		t.Errorf("(-written +read)\n%s", d)
	}
	if info, err := os.Stat(file(j)); err != nil || info.Size() > 6<<20 {
		t.Errorf("the file has %d bytes: %v", info.Size(), err)
	}
}

// All objects that are packed are read again.
func TestPacked(t *testing.T) {
	objects := everyObject()[1:]
	objects = slices.Repeat(objects, 40)
	p, ok := packed(objects)
	if !ok || !p.packed {
		t.Fatal("it is not packed")
	}
	got, err := p.objects(nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(objects, got, entryValues); d != "" {
		t.Errorf("(-written +read)\n%s", d)
	}
	p.text = p.text[:len(p.text)/2/4*4]
	if _, err := p.objects(nil); err == nil {
		t.Error("half of it is no error")
	}
}

// The entries of a table stay, whatever is written for others, and so do those of people,
// whatever a daemon writes.
func TestNothingIsPushedOut(t *testing.T) {
	dir := t.TempDir()
	const most = 20_000
	mine := &Journal{Dir: dir, Max: most, Table: "boot/netns-1"}
	want := begin(t, mine, Entry{Command: "lvs weight", Objects: everyObject()})
	for i := range 200 {
		for _, other := range []*Journal{
			{Dir: dir, Max: most, Table: "boot/netns-2"},
			{Dir: dir, Max: most, Table: "boot/netns-1", Source: Director},
		} {
			begin(t, other, Entry{Command: fmt.Sprint(i), Objects: everyObject()})
			other.Close()
		}
	}
	all, err := mine.Entries(mine.Table)
	if err != nil || len(all) < 10 || all[0].ID != want || all[0].Source != Command || all[1].Source != Director {
		t.Fatalf("%d entries are left: %v", len(all), err)
	}
	for i := range all {
		if all[i].Table != mine.Table {
			t.Errorf("%d is of %s", all[i].ID, all[i].Table)
		}
	}
	every, err := mine.Entries("")
	if err != nil || len(every) <= len(all) {
		t.Errorf("%d entries are in all tables: %v", len(every), err)
	}
}

// An entry whose beginning went with its file still has what came after.
func TestBeginningIsGone(t *testing.T) {
	j := &Journal{Dir: t.TempDir(), Max: 10_000, Table: "boot/1"}
	long := Entry{Command: "lvs weight --over 1h", User: "root", Objects: everyObject()[:1]}
	long.ID = begin(t, j, long)
	for range 60 {
		begin(t, j, Entry{Objects: everyObject()})
	}
	long.Objects = everyObject()[3:5]
	if err := j.More(t.Context(), long); err != nil {
		t.Fatal(err)
	}
	if err := j.End(t.Context(), long.ID, End{Outcome: Done}); err != nil {
		t.Fatal(err)
	}
	all := entries(t, j)
	e := &all[0]
	if e.ID != long.ID || e.Command != long.Command || e.User != "root" || e.Table != "boot/1" || e.Outcome != Done {
		t.Fatalf("the first is %+v", e)
	}
	if e.Complete() || !e.Reversible() || len(e.Made()) != 2 {
		t.Errorf("complete=%v, reversible=%v, %d objects", e.Complete(), e.Reversible(), len(e.Made()))
	}
}

// Of an entry that became too large, what was written before can be undone.
func TestTooLarge(t *testing.T) {
	j := &Journal{Dir: t.TempDir()}
	id := begin(t, j, Entry{Objects: everyObject()})
	large := Entry{ID: id, Without: true, parts: []part{{}}}
	if err := j.More(t.Context(), large); !errors.Is(err, ErrTooLarge) {
		t.Fatalf("it says %v", err)
	}
	large.Command = strings.Repeat("x", 1<<20)
	if _, err := j.Begin(t.Context(), large); !errors.Is(err, ErrTooLarge) {
		t.Fatalf("it says %v", err)
	}
	all := entries(t, j)
	if len(all) != 2 || all[0].Complete() || !all[0].Reversible() || len(all[0].Made()) != len(everyObject()) {
		t.Errorf("the first is %+v", all[0])
	}
	if all[1].Complete() || all[1].Reversible() || len(all[1].Command) > 5000 {
		t.Errorf("the second is %+v", all[1])
	}
}

// A damaged line with the highest number does not hide the entries after it.
func TestHighestNumber(t *testing.T) {
	for _, number := range []string{
		"18446744073709551615", "9223372036854775807", "9007199254740991", "9007199254740990",
	} {
		t.Run(number, func(t *testing.T) {
			j := &Journal{Dir: t.TempDir(), Table: "boot/1"}
			begin(t, j, Entry{Command: "one"})
			begin(t, j, Entry{Command: "two"})
			j.Close()
			text, err := os.ReadFile(file(j))
			if err != nil {
				t.Fatal(err)
			}
			text = bytes.Replace(text, []byte(`"id":2`), []byte(`"id":`+number), 1)
			if err := os.WriteFile(file(j), text, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(j.path(lockName)); err != nil {
				t.Fatal(err)
			}
			seen := map[uint64]bool{}
			for range 3 {
				id := begin(t, j, Entry{Command: "later"})
				if seen[id] || id > maxID {
					t.Errorf("%d was given", id)
				}
				seen[id] = true
			}
			later := 0
			for _, e := range entries(t, j) {
				if e.Command == "later" {
					later++
				}
			}
			if later != 3 {
				t.Errorf("%d of 3 entries are there", later)
			}
		})
	}
}

// The journal of versions before, which had one file for all tables, is read.
func TestLegacy(t *testing.T) {
	j := &Journal{Dir: t.TempDir(), Table: "boot/netns-1"}
	old := `{"format":1,"id":7,"time":"2026-03-04T05:06:07Z","user":"root","command":"lvs clear",` +
		`"table":"boot/4026531840","counts":[0,0,1],` +
		`"objects":[{"service":"tcp://192.0.2.10:80","before":{"scheduler":"rr"}}]}` + "\n" +
		`{"format":1,"last":7,"of":7,"outcome":"done"}` + "\n"
	if err := os.WriteFile(j.path(legacyCurrent), []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	if id := begin(t, j, Entry{Command: "lvs zero"}); id != 8 {
		t.Errorf("the next is %d", id)
	}
	all := entries(t, j)
	if len(all) != 2 || all[0].ID != 7 || all[0].Outcome != Done || len(all[0].Made()) != 1 {
		t.Errorf("%+v", all)
	}
	if all, err := j.Entries(j.Table); err != nil || len(all) != 1 {
		t.Errorf("of this table are %+v: %v", all, err)
	}
	if all, err := j.Entries("boot/4026531840"); err != nil || len(all) != 1 {
		t.Errorf("of the old table are %+v: %v", all, err)
	}
}

// Files of tables that are gone do not pile up.
func TestPrune(t *testing.T) {
	dir := t.TempDir()
	const tables = mostFiles + 20
	for i := range tables {
		j := &Journal{Dir: dir, Table: fmt.Sprintf("old-boot/netns-%d", i)}
		begin(t, j, Entry{})
		j.Close()
	}
	mine := &Journal{Dir: dir, Table: "boot/netns-1"}
	begin(t, mine, Entry{})
	other := &Journal{Dir: dir, Table: "boot/netns-2"}
	if id := begin(t, other, Entry{}); id != tables+2 {
		t.Errorf("the number is %d", id)
	}
	list, err := tableFiles(mine.dir)
	if err != nil || len(list) > mostFiles+2 {
		t.Errorf("%d files are left: %v", len(list), err)
	}
	for _, j := range []*Journal{mine, other} {
		if all, err := j.Entries(j.Table); err != nil || len(all) != 1 {
			t.Errorf("%s has %d entries: %v", j.Table, len(all), err)
		}
	}
}

func TestBase(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, table := range []string{
		"boot/1", "boot/netns-1", "boot_netns-1", "boot/../../etc", "", "boot/0xc000\x00", "demo",
		strings.Repeat("x", 300), strings.Repeat("x", 301),
	} {
		name := base(table, Command)
		if other, there := seen[name]; there || len(name) > 200 || strings.ContainsAny(name, "/\x00.") {
			t.Errorf("%q and %q have the file %s", table, other, name)
		}
		seen[name] = table
	}
}
