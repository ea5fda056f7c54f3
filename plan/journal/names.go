package journal

import (
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lvs/safefile"
)

// The files of a journal. Each table has its own, one for the changes of people and one
// for those of a daemon, and each of these has a predecessor. So no table's entries push
// out those of another, and no daemon's those of people.
const (
	// lockName is locked by who writes, and has the last number given.
	lockName = "journal.lock"
	prefix   = "journal-"
	current  = ".jsonl"
	older    = ".old.jsonl"
	machine  = ".machine"
	// Versions before had these for all tables. They are only read.
	legacyCurrent = "journal.jsonl"
	legacyOlder   = "journal.old.jsonl"
)

// The limits of the files of other tables, most of which are gone: a table ends with the
// boot or with its namespace.
const (
	mostFiles = 256
	mostBytes = 128 << 20
)

// base returns the start of the names of a table's files.
func base(table string, source Source) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r == '-':
			return r
		case r == '/':
			return '-'
		}
		return '_'
	}, table)
	const most = 100
	if strings.Contains(name, "_") || len(name) > most || name == "" {
		sum := fnv.New64a()
		sum.Write([]byte(table))
		name = fmt.Sprintf("%.*s_%016x", most, name, sum.Sum64())
	}
	if source == Director {
		name += machine
	}
	return prefix + name
}

// groupsOf returns the starts of the names of files to read: those of a table or, if it
// is empty, of all tables.
func groupsOf(d *safefile.Dir, table string) ([]string, error) {
	if table != "" {
		return []string{base(table, Command), base(table, Director)}, nil
	}
	list, err := tableFiles(d)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, name := range list {
		name, _ = strings.CutSuffix(name, current)
		name, _ = strings.CutSuffix(name, strings.TrimSuffix(older, current))
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out, nil
}

// tableFiles returns the names of the files of all tables.
func tableFiles(d *safefile.Dir) ([]string, error) {
	all, err := d.Names()
	return slices.DeleteFunc(all, func(name string) bool {
		return !strings.HasPrefix(name, prefix) || !strings.HasSuffix(name, current)
	}), err
}

// prune removes the oldest files of other tables if they are too many or too large:
// first those of earlier boots, whose tables are gone.
func (j *Journal) prune() {
	list, err := tableFiles(j.dir)
	if err != nil || len(list) <= 2 {
		return // after an error, the next one does it
	}
	type file struct {
		fs.FileInfo
		now bool // of this boot
	}
	own := base(j.Table, Command)
	boot, _, _ := strings.Cut(j.Table, "/")
	var total int64
	var others []file
	for _, name := range list {
		if strings.HasPrefix(name, own+".") {
			continue
		}
		if info, err := os.Lstat(filepath.Join(j.dir.Path(), name)); err == nil { // else it was removed meanwhile
			others = append(others, file{info, boot != "" && strings.HasPrefix(name, prefix+boot+"-")})
			total += info.Size()
		}
	}
	slices.SortFunc(others, func(a, b file) int {
		if a.now != b.now {
			if b.now {
				return -1
			}
			return 1
		}
		return a.ModTime().Compare(b.ModTime())
	})
	for len(others) > mostFiles || total > mostBytes {
		_ = j.dir.Remove(others[0].Name()) // what stays is tried again
		total -= others[0].Size()
		others = others[1:]
	}
}
