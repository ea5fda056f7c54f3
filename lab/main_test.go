package lab_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lvs/commands"
)

// The test binary is also the program: as a link called lvs it is lvs, and as one called
// ipvsadm it is what an admin would install in ipvsadm's place.
func TestMain(m *testing.M) {
	if name := filepath.Base(os.Args[0]); name == "lvs" || strings.HasPrefix(name, "ipvsadm") {
		os.Exit(commands.System().Main(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// ipvsadmNames are the programs in Debian's package ipvsadm.
var ipvsadmNames = []string{"ipvsadm", "ipvsadm-save", "ipvsadm-restore"}

// ourLinks returns a folder in which ipvsadm's programs are links to our program.
func ourLinks(t *testing.T) string { return links(t, ipvsadmNames...) }

// links returns a folder with links to our program.
func links(t *testing.T, names ...string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range names {
		err = errors.Join(err, os.Symlink(self, filepath.Join(dir, name)))
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
