package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lvs/lab"
)

// installed are files that make install writes below the prefix; installedAsLVS are those
// that it adds for the name lvs.
var (
	installed = []string{
		"bin/lvsctl",
		"lib/systemd/system/lvs-director.service",
		"share/bash-completion/completions/lvsctl",
		"share/fish/vendor_completions.d/lvsctl.fish",
		"share/man/man5/lvs-cluster.5",
		"share/man/man5/lvsctl-cluster.5",
		"share/man/man8/ipvsadm-compat.8",
		"share/man/man8/lvs-list.8",
		"share/man/man8/lvsctl-list.8",
		"share/man/man8/lvsctl.8",
		"share/zsh/site-functions/_lvsctl",
	}
	installedAsLVS = []string{
		"bin/lvs",
		"share/bash-completion/completions/lvs",
		"share/fish/vendor_completions.d/lvs.fish",
		"share/man/man8/lvs.8",
		"share/zsh/site-functions/_lvs",
	}
)

// needMake skips a test in a lab kernel, or if make is missing.
func needMake(t *testing.T) {
	t.Helper()
	if os.Getenv(lab.InLabVariable) != "" {
		t.Skip("installs files from the source: the kernel does not matter, and the guest may have no make")
	}
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("needs make")
	}
}

// makeInstall runs make with the test binary, which is lvs too, as the program.
func makeInstall(t *testing.T, args ...string) (out string, err error) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("make", append([]string{"--no-print-directory", "PROGRAM=" + self}, args...)...)
	cmd.Dir = "../.."
	// This test may run below make test, whose options are not for this make.
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains([]string{"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "PREFIX", "DESTDIR", "LVS"}, name)
	})
	b, err := cmd.CombinedOutput()
	return string(b), err
}

// below lists the files and links below a folder.
func below(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			names = append(names, rel)
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return names
}

// otherLVS reports whether this machine has another program named lvs where
// make install looks for one.
func otherLVS() bool {
	return slices.ContainsFunc([]string{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"},
		func(dir string) bool {
			_, err := os.Lstat(filepath.Join(dir, "lvs"))
			return err == nil
		})
}

func TestMakeInstall(t *testing.T) {
	needMake(t)
	for _, test := range []struct {
		name, prefix string
		args         []string
		staged       bool // below DESTDIR
		short        bool // with the name lvs
	}{
		{name: "staged", prefix: "/usr/local", staged: true},
		{name: "staged with lvs", prefix: "/usr", args: []string{"PREFIX=/usr", "LVS=yes"}, staged: true, short: true},
		{name: "a prefix", short: !otherLVS()},
		{name: "a prefix without lvs", args: []string{"LVS=no"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			args := append(test.args, "PREFIX="+dir)
			if test.staged {
				args = append(test.args, "DESTDIR="+dir)
			}
			root := filepath.Join(dir, test.prefix)
			if out, err := makeInstall(t, append(args, "install")...); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			got := below(t, root)
			for _, name := range installed {
				if !slices.Contains(got, name) {
					t.Errorf("%s is not installed", name)
				}
			}
			for _, name := range installedAsLVS {
				if slices.Contains(got, name) != test.short {
					t.Errorf("%s: installed %v, want %v", name, !test.short, test.short)
				}
			}
			programs := []string{"lvsctl"}
			if test.short {
				programs = append(programs, "lvs")
			}
			for _, name := range programs {
				out, err := exec.Command(filepath.Join(root, "bin", name), "version").CombinedOutput()
				if err != nil || !strings.HasPrefix(string(out), name+" ") {
					t.Errorf("%s version: %v: %s", name, err, out)
				}
			}
			if out, err := makeInstall(t, append(args, "uninstall")...); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if left := below(t, dir); len(left) > 0 {
				t.Errorf("make uninstall leaves %q", left)
			}
		})
	}
}

// Files of LVM2 and of bash-completion have the names that our files for lvs would have.
func TestMakeInstallLeavesOthersAlone(t *testing.T) {
	needMake(t)
	others := []string{
		"bin/lvs", "share/bash-completion/completions/lvs", "share/man/man8/lvs.8", "share/man/man8/lvscan.8",
	}
	dir := t.TempDir()
	for _, name := range others {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte("LVM2"), 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		args  []string
		fails bool
	}{
		{args: []string{"install"}},
		{args: []string{"install", "LVS=yes"}, fails: true},
		{args: []string{"uninstall"}},
	} {
		t.Run(strings.Join(step.args, " "), func(t *testing.T) {
			out, err := makeInstall(t, append(step.args, "PREFIX="+dir)...)
			if (err != nil) != step.fails {
				t.Fatalf("%v\n%s", err, out)
			}
			if !strings.Contains(out, filepath.Join(dir, "bin/lvs")) && step.args[0] == "install" {
				t.Errorf("the other lvs is not named:\n%s", out)
			}
			for _, name := range others {
				if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(b) != "LVM2" {
					t.Errorf("%s: %q, %v", name, b, err)
				}
			}
		})
	}
	if d := cmp.Diff(others, below(t, dir)); d != "" {
		t.Errorf("make uninstall (-want +got)\n%s", d)
	}
}

// LVS=no removes the name lvs of an earlier installation.
func TestMakeInstallGivesTheNameUp(t *testing.T) {
	needMake(t)
	dir := t.TempDir()
	for _, lvs := range []string{"yes", "no"} {
		if out, err := makeInstall(t, "install", "DESTDIR="+dir, "LVS="+lvs); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	got := below(t, filepath.Join(dir, "usr/local"))
	for _, name := range installedAsLVS {
		if slices.Contains(got, name) {
			t.Errorf("%s is left", name)
		}
	}
	if !slices.Contains(got, "bin/lvsctl") {
		t.Error("lvsctl is gone too")
	}
}
