package tui

import (
	"cmp"
	"fmt"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

type pair struct {
	name string
	n    int
}

func pairs(list ...pair) []pair { return list }

func newPairs() *table[string, pair] {
	return &table[string, pair]{
		name: "pairs", sort: "n", down: true,
		columns: []column[pair]{
			{key: "name", title: "NAME", grown: true, left: true, cell: func(r *pair) string { return r.name },
				compare: func(a, b *pair) int { return cmp.Compare(a.name, b.name) }},
			{key: "n", title: "N", width: 3, cell: func(r *pair) string { return countFull(r.n) },
				compare: func(a, b *pair) int { return cmp.Compare(a.n, b.n) }, down: true},
		},
		keyOf:  func(r *pair) string { return r.name },
		textOf: func(r *pair) string { return r.name },
	}
}

func (t *table[K, R]) names(of func(*R) string) (out []string) {
	for _, r := range t.rows {
		out = append(out, of(r))
	}
	return out
}

func TestSelectionIsAnObject(t *testing.T) {
	table := newPairs()
	now := time.Unix(100, 0)
	later := func() time.Time { now = now.Add(10 * time.Second); return now }
	here := func(want string) {
		t.Helper()
		if got := table.current(); got == nil || got.name != want {
			t.Errorf("the cursor is on %v, want %s", got, want)
		}
	}
	table.set(pairs(pair{"a", 3}, pair{"b", 2}, pair{"c", 1}), now)
	here("a")
	table.move(1, now)
	here("b")
	// Re-sorting by new values and by another column.
	table.set(pairs(pair{"a", 1}, pair{"b", 5}, pair{"c", 9}), later())
	here("b")
	table.sortBy("name", true, now)
	here("b")
	// A filter hides it. Without the filter it has the cursor again.
	if err := table.setFilter("!b", now); err != nil {
		t.Fatal(err)
	}
	if table.current().name == "b" {
		t.Error("a hidden row has the cursor")
	}
	table.set(pairs(pair{"a", 1}, pair{"b", 5}, pair{"c", 9}), later())
	if err := table.setFilter("", now); err != nil {
		t.Fatal(err)
	}
	here("b")
	// It is deleted: it stays for a while, then the next row has the cursor.
	table.set(pairs(pair{"a", 1}, pair{"c", 9}), now)
	here("b")
	if !table.vanished(table.current()) {
		t.Error("the deleted row does not look deleted")
	}
	table.set(pairs(pair{"a", 1}, pair{"c", 9}), later())
	here("a") // names are sorted down: c, b, a
	// All rows are deleted.
	table.set(nil, later())
	table.set(nil, later())
	if table.current() != nil {
		t.Errorf("the cursor is on %v in an empty table", table.current())
	}
	table.move(1, now)
	table.set(pairs(pair{"z", 1}), later())
	here("z")
}

// When the table is sorted, a cursor that the user has not moved goes to the first
// row, and stays on that row from then on.
func TestSortingChoosesTheFirst(t *testing.T) {
	table := newPairs()
	now := time.Unix(100, 0)
	table.set(pairs(pair{"a", 1}, pair{"b", 2}, pair{"c", 3}), now)
	table.sortBy("name", false, now)
	if table.current().name != "a" {
		t.Errorf("the cursor is on %v", table.current())
	}
	table.sortBy("n", true, now)
	if table.current().name != "c" {
		t.Errorf("sorted by another column, the cursor is on %v", table.current())
	}
	table.set(pairs(pair{"a", 9}, pair{"b", 2}, pair{"c", 3}), now)
	if table.current().name != "c" || table.at != 1 {
		t.Errorf("after a refresh the cursor is on %v", table.current())
	}
}

// The order does not change for some seconds after a key.
func TestOrderRests(t *testing.T) {
	table := newPairs()
	now := time.Unix(100, 0)
	name := func(r *pair) string { return r.name }
	table.set(pairs(pair{"a", 3}, pair{"b", 2}, pair{"c", 1}), now)
	table.move(1, now)
	table.set(pairs(pair{"a", 1}, pair{"b", 2}, pair{"c", 3}, pair{"d", 9}), now.Add(time.Second))
	if d := gocmp.Diff([]string{"a", "b", "c", "d"}, table.names(name)); d != "" {
		t.Errorf("within the rest (-want +got)\n%s", d)
	}
	table.set(pairs(pair{"a", 1}, pair{"b", 2}, pair{"c", 3}, pair{"d", 9}), now.Add(holds))
	if d := gocmp.Diff([]string{"d", "c", "b", "a"}, table.names(name)); d != "" {
		t.Errorf("after the rest (-want +got)\n%s", d)
	}
}

func TestTiesAreStable(t *testing.T) {
	table := newPairs()
	now := time.Unix(100, 0)
	rows := pairs(pair{"d", 1}, pair{"a", 1}, pair{"c", 1}, pair{"b", 2})
	for _, down := range []bool{true, false, true} {
		table.sortBy("n", down, now)
		table.set(rows, now)
		got := table.names(func(r *pair) string { return r.name })
		want := []string{"b", "d", "a", "c"}
		if !down {
			want = []string{"d", "a", "c", "b"}
		}
		t.Run(fmt.Sprintf("descending %v", down), func(t *testing.T) {
			if d := gocmp.Diff(want, got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

func TestFloatingRows(t *testing.T) {
	table := newPairs()
	table.float = func(r *pair) bool { return r.n == 0 }
	table.set(pairs(pair{"a", 3}, pair{"b", 0}, pair{"c", 5}), time.Unix(100, 0))
	if d := gocmp.Diff([]string{"b", "c", "a"}, table.names(func(r *pair) string { return r.name })); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// BenchmarkManyRows measures a table with many rows, in which keys must stay fast.
func BenchmarkManyRows(b *testing.B) {
	rows := make([]pair, maxGroups)
	for i := range rows {
		rows[i] = pair{countFull(i), i * 7919 % maxGroups}
	}
	table := newPairs()
	now := time.Unix(100, 0)
	table.set(rows, now)
	table.move(maxGroups/2, now)
	b.Run("set", func(b *testing.B) {
		for b.Loop() {
			now = now.Add(time.Minute)
			table.set(rows, now)
		}
	})
	b.Run("held", func(b *testing.B) {
		for b.Loop() {
			table.move(1, now)
			table.set(rows, now)
		}
	})
	b.Run("filtered away", func(b *testing.B) {
		for b.Loop() {
			table.setFilter("^1$", now)
			table.setFilter("", now)
		}
	})
}

func TestWrongFilter(t *testing.T) {
	table := newPairs()
	now := time.Unix(100, 0)
	table.set(pairs(pair{"ab", 3}, pair{"b", 2}), now)
	if err := table.setFilter("^a", now); err != nil {
		t.Fatal(err)
	}
	if err := table.setFilter("^a(", now); err == nil || table.filter != "^a" || len(table.rows) != 1 {
		t.Errorf("error %v, filter %q, %d rows", err, table.filter, len(table.rows))
	}
}
