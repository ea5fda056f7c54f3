package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"lvs/lab"
)

// rooms says which rooms a room may know. A room that is not here needs a
// decision page first.
var rooms = map[string][]string{
	"cmd/lvs":          {"commands"},
	"man":              {"commands"},
	"completions":      {"commands"},
	"commands":         {"commands/ipvsadm", "tui", "director", "output", "cluster", "kernel", "schedule/sim"},
	"commands/ipvsadm": {"kernel"},
	"tui":              {"output", "kernel"},
	"output":           {"cluster", "kernel"},
	"director":         {"cluster", "kernel", "director/health", "director/bgp"},
	"director/health":  {},
	"director/bgp":     {},
	"cluster":          {"kernel"},
	"kernel":           {},
	"kernel/memory":    {"kernel"},
	// What the dashboard shows where there is no director: the one use of
	// kernel/memory in the program (docs/decisions/0011-demo.md).
	"schedule/sim": {"kernel", "kernel/memory", "schedule"},
	"schedule":     {"kernel"},
	// The suite that memory and the real kernel both pass: for tests alone.
	"kernel/contract": {"kernel", "kernel/memory"},
	// The lab ships in no package and may look at what it tests.
	"lab":         {"lab/machine", "kernel", "output"},
	"lab/machine": {},
	"lab/run":     {"lab", "lab/machine", "kernel", "kernel/memory", "output"},
}

// fences are imports that only some rooms may have.
var fences = []struct {
	imports []string // prefixes
	allowed []string // rooms
	reason  string
}{
	{[]string{"github.com/spf13/"}, []string{"commands", "man", "completions"},
		"the command line is the business of commands; other rooms can be used without one"},
	{[]string{"charm.land/", "github.com/charmbracelet/"}, []string{"tui"},
		"a screen that redraws itself is the dashboard's alone; every other output must work in a pipe"},
	{[]string{"github.com/olekukonko/"}, []string{"output"},
		"how a table looks is decided in one place"},
	{[]string{"github.com/goccy/go-yaml", "gopkg.in/yaml", "go.yaml.in/", "sigs.k8s.io/yaml"}, []string{"cluster", "output"},
		"one reader and one writer of YAML, so that what is written can be read"},
	{[]string{"github.com/moby/ipvs", "github.com/vishvananda/netns"}, []string{"kernel"},
		"there is one way to the kernel's IPVS, where its errors become ours"},
	{[]string{"github.com/vishvananda/netlink"}, []string{"kernel", "director"},
		"netlink is the kernel room's; the director may use it for addresses and links"},
	{[]string{"testing"}, []string{"kernel/contract", "lab"},
		"testing registers flags and grows the binary: in no shipped package"},
}

// strays are imports that must not reach the program even through others.
var strays = map[string]string{
	"testing":                      "testing registers flags and grows the binary",
	"lvs/lab":                      "the lab is for tests",
	"lvs/lab/machine":              "the lab is for tests",
	"github.com/spf13/cobra/doc":   "man pages are made before the program is built",
	"github.com/google/go-cmp/cmp": "for tests",
}

type listed struct {
	ImportPath string
	Imports    []string
}

func TestFences(t *testing.T) {
	for _, p := range goList(t, "./...") {
		room := strings.TrimPrefix(p.ImportPath, "lvs/")
		known, ok := rooms[room]
		if !ok {
			t.Errorf("%s is a new room: it needs a decision page, and a line in this test", room)
			continue
		}
		for _, imp := range p.Imports {
			if to, ours := strings.CutPrefix(imp, "lvs/"); ours && !slices.Contains(known, to) {
				t.Errorf("%s imports %s; it may know only: %s", room, to, strings.Join(known, ", "))
			}
			for _, f := range fences {
				if hasPrefix(imp, f.imports) && !slices.Contains(f.allowed, room) {
					t.Errorf("%s imports %s, which is for %s alone: %s", room, imp, strings.Join(f.allowed, ", "), f.reason)
				}
			}
		}
	}
}

func TestNothingStraysIntoTheProgram(t *testing.T) {
	for _, p := range goList(t, "-deps", "./cmd/lvs") {
		if reason, ok := strays[p.ImportPath]; ok {
			t.Errorf("the program contains %s: %s", p.ImportPath, reason)
		}
	}
}

func hasPrefix(imp string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool {
		rest, ok := strings.CutPrefix(imp, p)
		return ok && (rest == "" || strings.HasSuffix(p, "/") || rest[0] == '/' || rest[0] == '.')
	})
}

// goList asks the compiler for packages, without their tests.
func goList(t *testing.T, args ...string) []listed {
	t.Helper()
	if os.Getenv(lab.InLabVariable) != "" {
		t.Skip("about the source, not the kernel")
	}
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports"}, args...)...)
	cmd.Dir = "../.."
	cmd.Stderr = os.Stderr
	cmd.Env = append(os.Environ(), "GOOS=linux")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}
