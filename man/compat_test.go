package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lvs/commands"
	"lvs/lab"
)

// TestMain runs the program itself if the test binary is called by a link.
func TestMain(m *testing.M) {
	if name := filepath.Base(os.Args[0]); name == "lvs" || strings.HasPrefix(name, "ipvsadm") {
		os.Exit(commands.Main())
	}
	os.Exit(m.Run())
}

// TestCallerCompatPairings runs every command of ipvsadm-compat(8): those of ipvsadm with
// Debian's program and with ours, and those of lvs. The table is the same after each.
func TestCallerCompatPairings(t *testing.T) {
	lab.Need(t)
	var debian, ours, lvs []string
	typed := func(name string, links []string, say func(pairing) string, left *[]string) {
		t.Run(name, func(t *testing.T) {
			lab.Need(t)
			*left = typePairings(t, links, say)
		})
	}
	typed("Debian", nil, func(p pairing) string { return p.ipvsadm }, &debian)
	links := []string{"ipvsadm", "ipvsadm-save", "ipvsadm-restore"}
	typed("ours", links, func(p pairing) string { return p.ipvsadm }, &ours)
	typed("lvs", []string{"lvs"}, func(p pairing) string { return p.lvs }, &lvs)
	if t.Failed() {
		return
	}
	i := 0
	for _, subject := range compatPairings {
		for _, p := range subject.pairs {
			if debian[i] != ours[i] {
				t.Errorf("%s\nof Debian leaves\n%s\nours leaves\n%s", p.ipvsadm, debian[i], ours[i])
			}
			if debian[i] != lvs[i] {
				t.Errorf("%s\nleaves\n%s\n%s\nleaves\n%s", p.ipvsadm, debian[i], p.lvs, lvs[i])
			}
			i++
		}
	}
}

// typePairings runs one side of the pairings. It returns what Debian's ipvsadm shows after
// each. The links come before Debian's programs in PATH.
func typePairings(t *testing.T, links []string, say func(pairing) string) (left []string) {
	t.Helper()
	dir, bin := t.TempDir(), t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range links {
		if err := os.Symlink(self, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	more := "-A -t 192.0.2.20:80 -s rr\n-a -t 192.0.2.20:80 -r 10.0.0.20:80 -g -w 1\n"
	if err := os.WriteFile(filepath.Join(dir, "more.save"), []byte(more), 0o600); err != nil {
		t.Fatal(err)
	}
	shell := func(path, line string) string {
		cmd := exec.Command("sh", "-ec", line)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "PATH="+path)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v: %s", line, err, out)
		}
		return string(out)
	}
	const show = "ipvsadm -Sn; ipvsadm -Ln --thresholds; ipvsadm -L --timeout; ipvsadm -L --daemon"
	path := os.Getenv("PATH")
	shell(path, "ip link add eth0 type dummy; ip link set eth0 up multicast on; ip addr add 198.51.100.254/24 dev eth0")
	for _, subject := range compatPairings {
		for _, p := range subject.pairs {
			said := shell(bin+":"+path, say(p))
			t.Logf("$ %s\n%s", say(p), said)
			left = append(left, shell(path, show))
		}
	}
	return left
}
