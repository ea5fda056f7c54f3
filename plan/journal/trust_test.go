package journal

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// What somebody else could have planted is not written to.
func TestUntrusted(t *testing.T) {
	for _, c := range []struct {
		name, says string
		plant      func(dir string) error
	}{
		{"a link", "symbolic link", func(dir string) error {
			return os.Symlink(filepath.Join(dir, "..", "target"), filepath.Join(dir, journalName))
		}},
		{"a pipe", "no plain file", func(dir string) error { return syscall.Mkfifo(filepath.Join(dir, journalName), 0o600) }},
		{"a folder", "is a directory", func(dir string) error { return os.Mkdir(filepath.Join(dir, journalName), 0o700) }},
		{"everybody's folder", "others can write to it (mode 0777)", func(dir string) error { return os.Chmod(dir, 0o777) }},
		{"everybody's file", "others can write to it (mode 0666)", func(dir string) error {
			name := filepath.Join(dir, journalName)
			return errors.Join(os.WriteFile(name, nil, 0o600), os.Chmod(name, 0o666))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			base := t.TempDir()
			dir := filepath.Join(base, "state")
			if err := errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(filepath.Join(base, "target"), nil, 0o600), c.plant(dir)); err != nil {
				t.Fatal(err)
			}
			_, err := (&Journal{Dir: dir}).Begin(t.Context(), Entry{})
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("it says %v", err)
			}
			if b, _ := os.ReadFile(filepath.Join(base, "target")); len(b) > 0 {
				t.Errorf("through the link went %s", b)
			}
		})
	}
}

// A folder may be elsewhere, if the link is the user's own.
func TestOwnLink(t *testing.T) {
	base := t.TempDir()
	link := filepath.Join(base, "state")
	if err := errors.Join(os.Mkdir(filepath.Join(base, "elsewhere"), 0o700), os.Symlink("elsewhere", link)); err != nil {
		t.Fatal(err)
	}
	begin(t, &Journal{Dir: link}, Entry{})
}
