package commands

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func newIncludes() *includes {
	return &includes{ctx: context.Background(), files: mostIncludes, bytes: 1 << 20, entries: mostEntries}
}

func writeFiles(t *testing.T, names ...string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, name := range names {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestIncludePatterns(t *testing.T) {
	dir := writeFiles(t, "a.conf", "b.conf", "c.txt", ".hidden.conf", "d/e.conf", "d/f.conf", "g/e.conf", "h.conf/in")
	for _, c := range []struct{ pattern, want string }{
		{"a.conf", "a.conf"},
		{"*.conf", "a.conf b.conf"},
		{".*.conf", ".hidden.conf"},
		{"?.[ct]*", "a.conf b.conf c.txt"},
		{"*/*.conf", "d/e.conf d/f.conf g/e.conf"},
		{"d", ""},
		{"d/", ""},
		{"nosuch", ""},
		{"nosuch/*", ""},
		{"a.conf/*", ""},
	} {
		t.Run(c.pattern, func(t *testing.T) {
			found, err := newIncludes().read(dir + "/" + c.pattern)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, f := range found {
				names = append(names, f.Text)
			}
			if d := cmp.Diff(c.want, strings.Join(names, " ")); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestIncludeLimits: all included files together are limited, in number, in size and in
// time, and only regular files are opened.
func TestIncludeLimits(t *testing.T) {
	dir := writeFiles(t, "a", "b", "c")
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for _, c := range []struct {
		name, pattern string
		limit         func(in *includes)
		want          string
	}{
		{"number", "[abc]", func(in *includes) { in.files = 2 },
			fmt.Sprintf("more than %d files are included", mostIncludes)},
		{"size", "[abc]", func(in *includes) { in.bytes = 2 }, "the included files are too large together"},
		{"entries", "[abc]", func(in *includes) { in.entries = 3 },
			fmt.Sprintf("the pattern looks at more than %d files", mostEntries)},
		{"pipe", "pipe", func(*includes) {}, "pipe is not a regular file"},
		{"time", "a", func(in *includes) { in.ctx = ended }, "context canceled"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := newIncludes()
			c.limit(in)
			if _, err := in.read(dir + "/" + c.pattern); err == nil || !strings.HasSuffix(err.Error(), c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}
