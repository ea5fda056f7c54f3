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

// arrows are all imports between our packages, each with its reason. A new import needs a
// line here, a new package also a decision page. They point downward. The test fails if one
// is missing here, or is listed but not used.
var arrows = []struct{ from, to, reason string }{
	{"cmd/lvs", "commands", "main starts the program and exits"},
	{"man", "commands", "man pages are made from the verbs"},
	{"completions", "commands", "completions are made from the verbs"},
	{"commands", "commands/ipvsadm", "the program may be called ipvsadm; save and restore use its format"},
	{"commands", "tui", "lvs top"},
	{"commands", "output", "verbs print their results"},
	{"commands", "operate", "every change is carried out by operate"},
	{"commands", "operate/state", "errors of the state folder, and jobs of --for and --confirm-within"},
	{"commands", "cluster", "apply, diff, validate, export"},
	{"commands", "cluster/importer", "import"},
	{"commands", "plan", "plans are shown and confirmed before they are carried out"},
	{"commands", "plan/journal", "history and undo"},
	{"commands", "traffic", "watch --rates"},
	{"commands", "doctor", "verbs print diagnoses about what they will do"},
	{"commands", "kernel", "a verb opens the kernel and reads it"},
	{"commands", "schedule", "apply prints which clients the order of the servers moves"},
	{"commands", "schedule/sim", "lvs top --demo (docs/decisions/0011-demo.md)"},
	{"commands/ipvsadm", "plan", "text from the network is escaped in one way"},
	{"commands/ipvsadm", "kernel", "ipvsadm's arguments become the kernel's types"},
	{"tui", "output", "tables are saved as the command line prints them"},
	{"tui", "plan", "text of others is escaped in one way"},
	{"tui", "traffic", "rates and shares on the screen, and what is left on a drained server"},
	{"tui", "doctor", "dialogs show the diagnoses that the verbs print"},
	{"tui", "kernel", "the dashboard reads; every change is a command line that commands runs"},
	{"output", "plan", "plans and changes are printed"},
	{"output", "plan/journal", "the history is printed"},
	{"output", "traffic", "why a server is not drained is printed"},
	{"output", "kernel", "rows are made of the kernel's types"},
	{"operate", "plan", "it carries out the steps of a plan"},
	{"operate", "plan/journal", "a change is recorded before it is made"},
	{"operate", "operate/state", "weights and jobs are remembered"},
	{"operate", "traffic", "what is left on a drained server is found as in the dashboard"},
	{"operate", "kernel", "the kernel takes the changes"},
	{"operate/state", "safefile", "the state folder is opened without following links"},
	{"plan/journal", "safefile", "the journal's folder is opened without following links"},
	{"commands", "director", "lvs director runs one, and hands decisions to it"},
	{"commands", "director/api", "the verbs of lvs director ask over its socket"},
	{"commands", "director/health", "lvs director run makes the engine of the checks"},
	{"commands", "safefile", "save -f replaces a file; refusals of the state folder are explained"},
	{"director", "director/health", "the director acts on the verdicts of checks"},
	{"director", "cluster", "it keeps the table as a cluster file wants it"},
	{"director", "plan", "the declared services and the way to them"},
	{"director", "doctor", "its alarms are the diagnoses that verbs print"},
	{"director", "safefile", "its own files, and those that decide what it does, are opened without following links"},
	{"director", "operate", "a person's changes and its own are carried out and recorded in one way"},
	{"director", "operate/state", "the decisions of people are the remembered weights; jobs are taken over"},
	{"director", "plan/journal", "its changes are entries of the journal"},
	{"director", "kernel", "its state names services and servers by the kernel's types"},
	{"director/api", "director", "it shows a director, and hands requests over"},
	{"director/api", "director/health", "the results of checks become rows"},
	{"director/api", "output", "answers are the documents of -o json"},
	{"director/api", "cluster", "a refused file is answered fault by fault"},
	{"director/api", "plan", "text of others is escaped in one way"},
	{"director/api", "kernel", "requests name services and servers as the kernel's types"},
	{"operate/state", "kernel", "the state folder names servers by kernel.ServerKey"},
	{"doctor", "plan", "durations have one format everywhere; the services of a cluster file are its type"},
	{"doctor", "cluster", "it diagnoses what is valid in a cluster file, and still not what is expected"},
	{"doctor", "schedule", "which share of the clients a hash scheduler really gives"},
	{"doctor", "kernel", "it diagnoses settings and entries of the table"},
	{"cluster", "plan", "a cluster file describes the wanted table; plan finds the steps"},
	{"cluster", "kernel", "a file's services become the kernel's types"},
	{"cluster/importer", "cluster", "other tools' files become cluster files"},
	{"cluster/importer", "kernel", "their services are checked as the kernel's types"},
	{"plan/journal", "plan", "the journal keeps the objects that plans change"},
	{"plan/journal", "kernel", "objects hold the kernel's types"},
	{"plan", "kernel", "a plan changes one table of the kernel into another"},
	{"traffic", "kernel", "rates are computed from the kernel's counters"},
	{"schedule/sim", "schedule", "the simulated director selects servers as the kernel does"},
	{"schedule/sim", "kernel/memory", "its table is the in-memory kernel"},
	{"schedule/sim", "kernel", "connections and services are the kernel's types"},
	{"kernel/memory", "kernel", "the in-memory kernel implements kernel.Kernel"},
	{"kernel/contract", "kernel", "the suite that memory and the real kernel both pass"},
	{"lab/run", "lab", "the lab's program uses what its tests use"},
	{"lab/run", "director/health", "a benchmark runs the engine of the checks alone"},
	{"lab/run", "lab/machine", "and boots the kernels itself"},
	{"lab", "lab/machine", "a test may need a kernel"},
}

// leaves import none of our packages.
var leaves = []string{"kernel", "director/health", "lab/machine", "safefile", "schedule"}

// fences are imports that only some packages may have.
var fences = []struct {
	imports []string // prefixes
	allowed []string // packages
	reason  string
}{
	{[]string{"github.com/spf13/"}, []string{"commands", "man", "completions"},
		"the command line is the business of commands; other packages can be used without one"},
	{[]string{"charm.land/", "github.com/charmbracelet/"}, []string{"tui"},
		"only the dashboard redraws the screen; all other output must work in a pipe"},
	{[]string{"github.com/olekukonko/"}, []string{"output"},
		"the layout of tables is decided in one place"},
	{[]string{"github.com/goccy/go-yaml", "gopkg.in/yaml", "go.yaml.in/", "sigs.k8s.io/yaml"},
		[]string{"cluster", "cluster/importer", "output"},
		"one reader and one writer of YAML, so that what is written can be read"},
	{[]string{"github.com/moby/ipvs", "github.com/vishvananda/netns"}, []string{"kernel"},
		"only kernel talks to IPVS, and turns its errors into ours"},
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
					t.Errorf("%s imports %s: a new import needs a line with its reason here", name, to)
				}
				allowed[to] = true
			}
			for _, f := range fences {
				if hasPrefix(imp, f.imports) && !slices.Contains(f.allowed, name) {
					t.Errorf("%s imports %s, which is only for %s: %s", name, imp, strings.Join(f.allowed, ", "), f.reason)
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

// TestArrowsPointDownward checks the folders. A package in the folder of another package may
// import that package, but not the other way round, unless it is a part of it.
func TestArrowsPointDownward(t *testing.T) {
	parts := map[string]string{ // the package above imports these
		"commands/ipvsadm": "ipvsadm's arguments are a part of the verbs",
		"operate/state":    "the state folder is a part of operating",
		"director/health":  "the checks are a part of the director",
		"lab/machine":      "a machine is a part of the lab",
	}
	for _, a := range arrows {
		if strings.HasPrefix(a.to, a.from+"/") && parts[a.to] == "" {
			t.Errorf("%s imports %s, which is in its folder", a.from, a.to)
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
