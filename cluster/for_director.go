package cluster

import (
	"cmp"
	"slices"
)

// KeyCount is how often a key is used.
type KeyCount struct {
	Key   string
	Count int
}

// ForDirector returns the keys in the files that only a director acts on, such as check
// and fallback, sorted by name. No command checks servers or announces addresses: until
// a director runs on these files, the keys have no effect. A named check counts once.
func (w *Wanted) ForDirector() []KeyCount {
	var all keyCounts
	for _, f := range w.files {
		if f.Source == nil {
			continue
		}
		for _, k := range f.Source.forDirector {
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
