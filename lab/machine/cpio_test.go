package machine

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCPIO(t *testing.T) {
	dir := t.TempDir()
	err := errors.Join(
		os.MkdirAll(filepath.Join(dir, "testdata", "left-out"), 0o755),
		os.WriteFile(filepath.Join(dir, "testdata", "a"), []byte("12345"), 0o644),
		os.WriteFile(filepath.Join(dir, "testdata", "left-out", "b"), nil, 0o644),
		os.Symlink("a", filepath.Join(dir, "testdata", "c")),
	)
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	w := newCPIO(&archive)
	err = errors.Join(
		w.file("/etc/passwd", 0o600, "root"),
		w.tree(dir, "/there/folder", func(rel string, d fs.DirEntry) bool { return rel == "testdata/left-out" }),
		w.close(),
	)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"040755 etc ",
		"100600 etc/passwd root",
		"040755 there ",
		"040755 there/folder ",
		"040755 there/folder/testdata ",
		"100644 there/folder/testdata/a 12345",
		"120777 there/folder/testdata/c a",
		"000000 TRAILER!!! ",
	}
	if diff := cmp.Diff(want, listCPIO(t, archive.Bytes())); diff != "" {
		t.Error(diff)
	}
}

// listCPIO reads an archive by the kernel's description of the format.
func listCPIO(t *testing.T, archive []byte) (list []string) {
	t.Helper()
	const headerLength = 110
	for at := 0; at < len(archive); {
		var magic, ino, mode, uid, gid, links, mtime, size, a, b, c, d, nameSize, check int
		_, err := fmt.Sscanf(string(archive[at:at+headerLength]), "%6d%8x%8x%8x%8x%8x%8x%8x%8x%8x%8x%8x%8x%8x",
			&magic, &ino, &mode, &uid, &gid, &links, &mtime, &size, &a, &b, &c, &d, &nameSize, &check)
		if err != nil || magic != 70701 {
			t.Fatalf("at %d: magic %06d: %v", at, magic, err)
		}
		at += headerLength
		name := string(archive[at : at+nameSize-1])
		at = (at + nameSize + 3) / 4 * 4
		list = append(list, fmt.Sprintf("%06o %s %s", mode, name, archive[at:at+size]))
		at = (at + size + 3) / 4 * 4
	}
	return list
}
