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

// arrows are all imports between packages of ours, each with its reason. A new arrow
// needs a line here, a new package a decision page too. They point downward: the
// test fails on a cycle, and on an arrow that nothing uses.
var arrows = []struct{ from, to, reason string }{
	{"cmd/lvs", "commands", "main starts the program and exits"},
	{"man", "commands", "man pages are made from the verbs"},
	{"completions", "commands", "completions are made from the verbs"},
	{"commands", "commands/ipvsadm", "the program may be called ipvsadm; save and restore speak its language"},
	{"commands", "tui", "lvs top"},
	{"commands", "output", "what a verb found is printed"},
	{"commands", "operate", "every change is carried out by operate"},
	{"commands", "operate/state", "errors of the state folder, and jobs of --for and --confirm-within"},
	{"commands", "cluster", "apply, diff, validate, export"},
	{"commands", "cluster/importer", "import"},
	{"commands", "plan", "plans are shown and asked about before they are carried out"},
	{"commands", "plan/journal", "history and undo"},
	{"commands", "traffic", "watch --rates"},
	{"commands", "doctor", "verbs quote diagnoses about what they are going to do"},
	{"commands", "kernel", "a verb opens the kernel and reads it"},
	{"commands", "schedule/sim", "lvs top --demo (docs/decisions/0011-demo.md)"},
	{"commands/ipvsadm", "kernel", "ipvsadm's language is about the kernel's types"},
	{"tui", "output", "tables are saved as the command line prints them"},
	{"tui", "traffic", "rates and shares on the screen"},
	{"tui", "kernel", "the dashboard reads; every change is a command line that commands runs"},
	{"output", "plan", "plans and changes are printed"},
	{"output", "plan/journal", "the history is printed"},
	{"output", "kernel", "rows are made of the kernel's types"},
	{"operate", "plan", "the steps that are carried out"},
	{"operate", "plan/journal", "what is changed is recorded before"},
	{"operate", "operate/state", "weights and jobs are remembered"},
	{"operate", "kernel", "the kernel takes the changes"},
	{"operate/state", "kernel", "the state folder names servers by kernel.ServerKey"},
	{"doctor", "plan", "durations are written as everywhere"},
	{"doctor", "kernel", "settings and entries of the table are what is diagnosed"},
	{"cluster", "plan", "a cluster file says which table is wanted; plan makes the way there"},
	{"cluster", "kernel", "a file's services are the kernel's types in the end"},
	{"cluster/importer", "cluster", "other tools' files become cluster files"},
	{"cluster/importer", "kernel", "their services are checked as the kernel's types"},
	{"plan/journal", "plan", "the journal keeps the objects that plans change"},
	{"plan/journal", "kernel", "objects hold the kernel's types"},
	{"plan", "kernel", "a plan leads from one table of the kernel to another"},
	{"traffic", "kernel", "rates are computed from the kernel's counters"},
	{"schedule/sim", "schedule", "the simulated director chooses servers as the kernel does"},
	{"schedule/sim", "kernel/memory", "its table is the in-memory kernel"},
	{"schedule/sim", "kernel", "connections and services are the kernel's types"},
	{"kernel/memory", "kernel", "the in-memory kernel implements kernel.Kernel"},
	{"kernel/contract", "kernel", "the suite that memory and the real kernel both pass"},
	{"lab/run", "lab", "the lab's program uses what its tests use"},
	{"lab/run", "lab/machine", "and boots the kernels itself"},
	{"lab", "lab/machine", "a test may need a kernel"},
}

// leaves import nothing of ours.
var leaves = []string{"kernel", "lab/machine", "schedule"}

// fences are imports that only some packages may have.
var fences = []struct {
	imports []string // prefixes
	allowed []string // packages
	reason  string
}{
	{[]string{"github.com/spf13/"}, []string{"commands", "man", "completions"},
		"the command line is the business of commands; other packages can be used without one"},
	{[]string{"charm.land/", "github.com/charmbracelet/"}, []string{"tui"},
		"a screen that redraws itself is the dashboard's alone; every other output must work in a pipe"},
	{[]string{"github.com/olekukonko/"}, []string{"output"},
		"how a table looks is decided in one place"},
	{[]string{"github.com/goccy/go-yaml", "gopkg.in/yaml", "go.yaml.in/", "sigs.k8s.io/yaml"},
		[]string{"cluster", "cluster/importer", "output"},
		"one reader and one writer of YAML, so that what is written can be read"},
	{[]string{"github.com/moby/ipvs", "github.com/vishvananda/netns"}, []string{"kernel"},
		"there is one way to the kernel's IPVS, where its errors become ours"},
	{[]string{"github.com/vishvananda/netlink"}, []string{"kernel", "director"},
		"netlink belongs to kernel; the director may use it for addresses and links"},
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
	known := map[string]map[string]bool{}
	for _, leaf := range leaves {
		known[leaf] = map[string]bool{}
	}
	for _, a := range arrows {
		if a.reason == "" {
			t.Errorf("%s imports %s for no reason", a.from, a.to)
		}
		if known[a.from] == nil {
			known[a.from] = map[string]bool{}
		}
		known[a.from][a.to] = false
	}
	for _, p := range goList(t, "./...") {
		name := strings.TrimPrefix(p.ImportPath, "lvs/")
		allowed, ok := known[name]
		if !ok {
			t.Errorf("%s is a new package: it needs a decision page, and its imports here", name)
			continue
		}
		for _, imp := range p.Imports {
			if to, ours := strings.CutPrefix(imp, "lvs/"); ours {
				if _, ok := allowed[to]; !ok {
					t.Errorf("%s imports %s: that is a new arrow, which needs a reason here", name, to)
				}
				allowed[to] = true
			}
			for _, f := range fences {
				if hasPrefix(imp, f.imports) && !slices.Contains(f.allowed, name) {
					t.Errorf("%s imports %s, which is for %s alone: %s", name, imp, strings.Join(f.allowed, ", "), f.reason)
				}
			}
		}
	}
	for _, a := range arrows {
		if !known[a.from][a.to] {
			t.Errorf("%s does not import %s any more: remove the arrow", a.from, a.to)
		}
	}
}

// TestArrowsPointDownward finds cycles between packages by their folders too:
// what stands in a folder of a package may import that package, not the other way
// round, except where the folder holds a part of the package above it.
func TestArrowsPointDownward(t *testing.T) {
	parts := map[string]string{ // the package above imports these
		"commands/ipvsadm": "ipvsadm's language is a part of the verbs",
		"operate/state":    "the state folder is a part of operating",
		"lab/machine":      "a machine is a part of the lab",
	}
	for _, a := range arrows {
		if strings.HasPrefix(a.to, a.from+"/") && parts[a.to] == "" {
			t.Errorf("%s imports %s, which stands in its folder", a.from, a.to)
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
