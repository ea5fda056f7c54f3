package cluster

import (
	"errors"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lvs/kernel"
)

var update = flag.Bool("update", false, "write golden files anew")

// golden compares with a file of testdata/import.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "import", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got)\n%s", name, d)
	}
}

// tableOf gives what an imported file wants of the kernel. Written and read back
// it is the same.
func tableOf(t *testing.T, f *File) *Wanted {
	t.Helper()
	w, err := Resolve(f)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := f.WriteYAML(&b); err != nil {
		t.Fatal(err)
	}
	again, err := Read("", []byte(b.String()))
	if err != nil {
		t.Fatalf("%v\n%s", err, b.String())
	}
	read, err := Resolve(again)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(w, read, byValue); d != "" {
		t.Errorf("(-imported +written and read)\n%s", d)
	}
	return w
}

// imported is the golden text of a configuration: the file, and what was noted.
func imported(t *testing.T, name string, f *File, notes []Note, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := f.WriteYAML(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, name+".yaml", b.String())
	tableOf(t, f)
	comments := strings.Count(b.String(), "\n# ") + strings.Count("\n"+b.String()[:2], "\n# ")
	if comments != len(notes) {
		t.Errorf("%d notes, and %d comments in the file", len(notes), comments)
	}
}

func source(t *testing.T, name string) ImportText {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "import", name))
	if err != nil {
		t.Fatal(err)
	}
	return ImportText{name, string(b)}
}

func TestImportKeepalived(t *testing.T) {
	var asked string
	f, notes, err := ImportKeepalived(source(t, "keepalived.conf"), KeepalivedOptions{ConfigID: "main",
		Include: func(pattern string) ([]ImportText, error) {
			asked = pattern
			return []ImportText{source(t, "included.conf")}, nil
		}})
	imported(t, "keepalived", f, notes, err)
	if asked != "conf.d/*.conf" {
		t.Errorf("included %q", asked)
	}
}

// knownNames knows one host and one port.
type knownNames struct{}

func (knownNames) Host(name string, _ kernel.Family) (netip.Addr, error) {
	if name == "shop" {
		return netip.MustParseAddr("10.0.9.1"), nil
	}
	return netip.Addr{}, errors.New("no such host")
}

func (knownNames) Port(name string, _ kernel.Protocol) (uint16, error) {
	port, ok := map[string]uint16{"http": 80, "mail": 25}[name]
	if !ok {
		return 0, errors.New("no such port")
	}
	return port, nil
}

func TestImportLdirectord(t *testing.T) {
	f, notes, err := ImportLdirectord(source(t, "ldirectord.cf"), knownNames{})
	imported(t, "ldirectord", f, notes, err)
}

func TestImportIpvsctl(t *testing.T) {
	f, notes, err := ImportIpvsctl(source(t, "ipvsctl.yaml.in"))
	imported(t, "ipvsctl", f, notes, err)
}
