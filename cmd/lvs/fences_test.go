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

// layout says which packages of ours a package may import, at most, and why. A
// package that is not here needs a decision page first.
var layout = map[string]struct {
	imports []string
	reason  string
}{
	"cmd/lvs":     {[]string{"commands"}, "main starts the program and exits"},
	"man":         {[]string{"commands"}, "man pages are made from the verbs"},
	"completions": {[]string{"commands"}, "completions are made from the verbs"},
	"commands": {[]string{"commands/ipvsadm", "tui", "output", "operate", "operate/state", "cluster", "cluster/importer", "plan",
		"plan/journal", "traffic", "doctor", "director", "director/api", "kernel", "schedule", "schedule/sim"},
		"the verbs use everything; nothing uses them"},
	"commands/ipvsadm":  {[]string{"kernel"}, "ipvsadm's language knows IPVS and nothing of ours"},
	"tui":               {[]string{"output", "traffic", "kernel"}, "the dashboard shows; every change is a command line that commands runs"},
	"output":            {[]string{"cluster", "doctor", "kernel", "plan", "plan/journal", "traffic"}, "output turns values into text; it decides nothing"},
	"director":          {[]string{"operate", "operate/state", "cluster", "doctor", "kernel", "plan", "plan/journal", "traffic", "director/health", "director/bgp", "director/overflow"}, "the daemon runs without a command line or a screen"},
	"director/api":      {[]string{"director", "output", "kernel", "traffic"}, "the daemon's socket and page show what the director and output know"},
	"director/health":   {nil, "a check knows nothing of ours"},
	"director/bgp":      {nil, "the announcing session knows nothing of ours"},
	"director/overflow": {nil, "load reports know nothing of ours"},
	"operate":           {[]string{"kernel", "plan", "plan/journal", "operate/state", "traffic", "doctor"}, "carries changes out for the command line, the dashboard and the director alike; it reports values, never sentences"},
	"operate/state":     {[]string{"kernel"}, "the state folder keeps values of the kernel's types"},
	"doctor":            {[]string{"cluster", "kernel", "plan", "schedule"}, "a diagnosis looks at tables, plans and files, and changes nothing"},
	"cluster":           {[]string{"kernel", "plan"}, "a cluster file says which table is wanted; plan makes the way there"},
	"cluster/importer":  {[]string{"cluster", "kernel", "plan"}, "other tools' files become cluster files"},
	"plan":              {[]string{"kernel"}, "a plan leads from one table to another"},
	"plan/journal":      {[]string{"kernel", "plan"}, "the journal keeps what plans changed"},
	"traffic":           {[]string{"kernel"}, "rates and shares are computed from the kernel's counters"},
	"schedule":          {[]string{"kernel"}, "the schedulers' models are pure functions of servers and counts"},
	"schedule/sim":      {[]string{"kernel", "kernel/memory", "schedule", "traffic"}, "a world of traffic on the in-memory kernel, for lvs top --demo and what-if (docs/decisions/0011-demo.md)"},
	"kernel":            {nil, "the thin netlink layer stands below everything"},
	"kernel/memory":     {[]string{"kernel"}, "the in-memory kernel implements kernel.Kernel"},
	"kernel/contract":   {[]string{"kernel", "kernel/memory"}, "the suite that memory and the real kernel both pass: for tests alone"},
	"lab":               {[]string{"lab/machine", "kernel", "output"}, "the lab ships in no package and may look at what it tests"},
	"lab/machine":       {nil, "a machine boots kernels and knows nothing of IPVS"},
	"lab/run":           {[]string{"lab", "lab/machine", "kernel", "kernel/memory", "output"}, "the lab's program"},
}

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
	{[]string{"github.com/goccy/go-yaml", "gopkg.in/yaml", "go.yaml.in/", "sigs.k8s.io/yaml"}, []string{"cluster", "cluster/importer", "output"},
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
	for _, p := range goList(t, "./...") {
		name := strings.TrimPrefix(p.ImportPath, "lvs/")
		known, ok := layout[name]
		if !ok {
			t.Errorf("%s is a new package: it needs a decision page, and a line in this test", name)
			continue
		}
		for _, imp := range p.Imports {
			if to, ours := strings.CutPrefix(imp, "lvs/"); ours && !slices.Contains(known.imports, to) {
				t.Errorf("%s imports %s, but may import only %s: %s", name, to, strings.Join(known.imports, ", "), known.reason)
			}
			for _, f := range fences {
				if hasPrefix(imp, f.imports) && !slices.Contains(f.allowed, name) {
					t.Errorf("%s imports %s, which is for %s alone: %s", name, imp, strings.Join(f.allowed, ", "), f.reason)
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
