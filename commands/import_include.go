package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lvs/cluster/importer"
)

// includes reads the files that a configuration includes. All of them together have
// limits, because a pattern such as /*/*/* may match a whole disk.
type includes struct {
	ctx     context.Context
	files   int // that may still be read
	bytes   int
	entries int // of folders that may still be looked at
	until   time.Time
}

const (
	mostIncludes = 1000
	mostEntries  = 100_000
	includeTime  = 20 * time.Second
)

// read returns the files that match a pattern, in alphabetical order. Folders are no
// match.
func (in *includes) read(pattern string) ([]importer.Text, error) {
	if in.until.IsZero() {
		in.until = time.Now().Add(includeTime)
	}
	paths, err := in.glob(pattern)
	if err != nil {
		return nil, err
	}
	var out []importer.Text
	for _, path := range paths {
		text, err := in.file(path)
		if err != nil {
			return nil, err
		}
		if text != nil {
			out = append(out, *text)
		}
	}
	return out, nil
}

// file reads one file, or returns nil for a folder. It opens regular files only: a pipe
// would never end.
func (in *includes) file(path string) (*importer.Text, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, nil
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file", path)
	case in.files == 0:
		return nil, fmt.Errorf("more than %d files are included", mostIncludes)
	}
	in.files--
	if err := in.late(); err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := readText(f)
	if err != nil {
		return nil, err
	}
	if in.bytes -= len(text); in.bytes < 0 {
		return nil, errors.New("the included files are too large together")
	}
	return &importer.Text{Name: path, Text: text}, nil
}

// late returns an error if the time for reading is over.
func (in *includes) late() error {
	switch {
	case in.ctx.Err() != nil:
		return in.ctx.Err()
	case time.Now().After(in.until):
		return fmt.Errorf("reading the included files takes longer than %v", includeTime)
	}
	return nil
}

// glob does what filepath.Glob does, within the limits.
func (in *includes) glob(pattern string) ([]string, error) {
	if _, err := filepath.Match(pattern, ""); err != nil {
		return nil, err
	}
	dir, last := filepath.Split(pattern)
	if !strings.ContainsAny(pattern, `*?[\`) || last == "" {
		if _, err := os.Lstat(pattern); err != nil {
			return nil, nil
		}
		return []string{pattern}, nil
	}
	dirs, err := []string{"."}, error(nil)
	if dir != "" {
		clean := dir
		if clean != string(filepath.Separator) {
			clean = strings.TrimSuffix(clean, string(filepath.Separator))
		}
		if dirs, err = in.glob(clean); err != nil {
			return nil, err
		}
	}
	var out []string
	for _, d := range dirs {
		names, err := in.names(d, last)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if d == "." && dir == "" {
				out = append(out, name)
			} else {
				out = append(out, filepath.Join(d, name))
			}
		}
	}
	return out, nil
}

// names returns the entries of a folder that match the last part of a pattern, sorted. A
// folder that cannot be read has none.
func (in *includes) names(dir, pattern string) ([]string, error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, nil
	}
	f, err := os.Open(dir)
	if err != nil {
		return nil, nil
	}
	defer f.Close()
	var out []string
	for {
		list, err := f.ReadDir(1024)
		for _, e := range list {
			if ok, _ := filepath.Match(pattern, e.Name()); ok && !hidden(e, pattern) {
				out = append(out, e.Name())
			}
		}
		if in.entries -= len(list); in.entries < 0 {
			return nil, fmt.Errorf("the pattern looks at more than %d files", mostEntries)
		}
		if late := in.late(); late != nil {
			return nil, late
		}
		if errors.Is(err, io.EOF) || err != nil {
			slices.Sort(out)
			return out, nil
		}
	}
}

// hidden reports whether an entry begins with a dot and the pattern does not, as in
// glob(3).
func hidden(e fs.DirEntry, pattern string) bool { return e.Name()[0] == '.' && pattern[0] != '.' }
