package cluster

import (
	"cmp"
	"path/filepath"
	"slices"
)

// KeyCount is how often a key is used.
type KeyCount struct {
	Key   string
	Count int
}

// ForDirector returns the keys in the files that only a director acts on, such as check
// and fallback, sorted by name. Until a director runs on these files they have no effect.
// A named check counts once.
func (w *Wanted) ForDirector() []KeyCount {
	return w.counts(func(s *Source) keyCounts { return s.forDirector })
}

// ForLater returns the keys in the files that nothing acts on yet, such as bgp, sorted by
// name.
func (w *Wanted) ForLater() []KeyCount {
	return w.counts(func(s *Source) keyCounts { return s.forLater })
}

// Paths returns the absolute paths of the files, in their order: a director that runs on
// them has the same. It returns nil if one of them is no file, for example standard input.
func (w *Wanted) Paths() []string {
	var out []string
	for _, f := range w.files {
		if f.Source == nil || f.Source.Name == StandardInput {
			return nil
		}
		path, err := filepath.Abs(f.Source.Name)
		if err != nil {
			return nil
		}
		out = append(out, path)
	}
	return out
}

// StandardInput is the name of a file that is no file, in faults.
const StandardInput = "standard input"

func (w *Wanted) counts(of func(*Source) keyCounts) []KeyCount {
	var all keyCounts
	for _, f := range w.files {
		if f.Source == nil {
			continue
		}
		for _, k := range of(f.Source) {
			all.count(k.Key, k.Count)
		}
	}
	slices.SortFunc(all, func(a, b KeyCount) int { return cmp.Compare(a.Key, b.Key) })
	return all
}

// keyCounts are keys in the order in which they were met. There are few.
type keyCounts []KeyCount

func (c *keyCounts) count(key string, n int) {
	for i := range *c {
		if (*c)[i].Key == key {
			(*c)[i].Count += n
			return
		}
	}
	if n > 0 {
		*c = append(*c, KeyCount{key, n})
	}
}

// uses returns how many things a value of this shape defines: as many as an object of
// names has, otherwise one.
func (s *shape) uses(value *tree) int {
	if s.values != nil && value.kind == isObject {
		return len(value.items) / 2
	}
	return 1
}
