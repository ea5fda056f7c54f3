package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lvs/lab"
)

const unitFile = "../../packaging/systemd/lvs-director.service"

// unit returns the settings of the service for systemd.
func unit(t *testing.T) (text string, settings map[string][]string) {
	t.Helper()
	if os.Getenv(lab.InLabVariable) != "" {
		t.Skip("about the source, not the kernel")
	}
	b, err := os.ReadFile(unitFile)
	if err != nil {
		t.Fatal(err)
	}
	settings = map[string][]string{}
	for line := range strings.Lines(string(b)) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(key, "#") {
			settings[key] = append(settings[key], value)
		}
	}
	return string(b), settings
}

// What the director needs of the service, and that it gets no more.
func TestUnit(t *testing.T) {
	_, got := unit(t)
	for key, want := range map[string][]string{
		"Type":                  {"notify"},
		"ExecStart":             {"/usr/bin/lvsctl director run -f /etc/lvs/cluster.yaml"},
		"ExecReload":            {"/bin/kill -HUP $MAINPID"},
		"CapabilityBoundingSet": {"CAP_NET_ADMIN CAP_NET_RAW"},
		"NoNewPrivileges":       {"yes"},
		"ConditionPathExists":   {"/etc/lvs/cluster.yaml"},
		"RuntimeDirectory":      {"lvs"},
		"StateDirectory":        nil, // it would change the mode of /var/lib/lvs, which is the group's
	} {
		if diff := cmp.Diff(want, got[key]); diff != "" {
			t.Errorf("%s: %s", key, diff)
		}
	}
	// The command line is one that the program accepts.
	args := strings.Fields(got["ExecStart"][0])[1:]
	args[slices.Index(args, "-f")+1] = "/nonexistent.yaml"
	cmd := exec.Command(buildProgram(t), args...)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != 4 || !bytes.Contains(out, []byte("/nonexistent.yaml: no such file or directory")) {
		t.Errorf("%v: %s", err, out)
	}
}

// systemd understands the service, and finds it well closed off. 2.5 was measured with
// systemd 252; root, the network and /proc/sys are what is left.
func TestUnitIsValid(t *testing.T) {
	text, _ := unit(t)
	tool, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is missing; TestUnit reads the file itself")
	}
	file := filepath.Join(t.TempDir(), "lvs-director.service")
	text = strings.ReplaceAll(text, "/usr/bin/lvsctl", buildProgram(t))
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"verify", "--man=no", file},
		{"security", "--offline=yes", "--threshold=26", "--no-pager", file}, // tenths
	} {
		if out, err := exec.Command(tool, args...).CombinedOutput(); err != nil {
			t.Errorf("systemd-analyze %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// buildProgram builds the program, and returns its path.
func buildProgram(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lvsctl")
	build := exec.Command("go", "build", "-o", path, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}
