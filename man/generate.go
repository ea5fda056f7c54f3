// Command man writes the manual pages: one for each command, from the command tree;
// lvs-cluster(5), from the keys of the cluster file; and ipvsadm-compat(8). The pages are
// checked in: "make generate" updates them, and a test fails if they are stale. Packages
// install the program under another name; -name and -out write their pages.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/spf13/cobra"

	"lvs/commands"
)

//go:generate go run .

// date is the date of every page. It is fixed, so that the same commands produce
// the same bytes.
const date = "2026-01-01"

func main() {
	name := flag.String("name", "lvs", "the `NAME` that the program is installed under")
	folder := flag.String("out", ".", "the `FOLDER` to write to")
	flag.Parse()
	for file, page := range pages(*name) {
		if err := os.WriteFile(filepath.Join(*folder, file), page, 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "man:", err)
			os.Exit(1)
		}
	}
}

// pages returns every page by its file name. The pages of lvs include the main page
// twice: if lvs(8) belongs to LVM2, the program is called lvsctl.
func pages(name string) map[string][]byte {
	out := map[string][]byte{}
	root := (&commands.App{Name: name}).Root()
	walk(root, func(c *cobra.Command) {
		out[pageName(c)+".8"] = page(c, name)
	})
	out["ipvsadm-compat.8"] = compatPage(name)
	out[name+"-cluster.5"] = clusterPage(name)
	if name == "lvs" {
		other := (&commands.App{Name: "lvsctl"}).Root()
		out["lvsctl.8"] = page(other, name)
	}
	return out
}

func walk(c *cobra.Command, visit func(*cobra.Command)) {
	if c.HasParent() && !c.IsAvailableCommand() {
		return
	}
	visit(c)
	for _, sub := range c.Commands() {
		walk(sub, visit)
	}
}

func pageName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

// page returns the page of a command. The names of all pages begin with family; the
// text uses the name of the program.
func page(c *cobra.Command, family string) []byte {
	r := &roff{}
	name := c.Root().Name()
	c.InitDefaultHelpFlag()
	r.line(`.\" Made from the command tree by man/generate.go. Do not edit.`)
	r.line(".TH %s 8 %s lvs \"System Administration\"", strings.ToUpper(pageName(c)), date)
	r.section("NAME")
	r.line("%s \\- %s", escape(pageName(c)), escape(lowerFirst(c.Short)))
	r.section("SYNOPSIS")
	r.line(".B %s", escape(c.CommandPath()))
	r.line("%s", escape(strings.TrimPrefix(commands.UsageLine(c), c.CommandPath()+" ")))
	r.section("DESCRIPTION")
	r.text(renamed(c.Long, name))
	if len(c.Aliases) > 0 {
		r.line(".PP")
		r.line("Also called %s.", escape(strings.Join(c.Aliases, ", ")))
	}
	subcommands(r, c)
	own, general := commands.SplitFlags(c)
	r.flags("OPTIONS", own)
	r.flags("GENERAL OPTIONS", general)
	columns(r, c)
	if strings.HasSuffix(c.CommandPath(), " top") {
		sections(r, commands.TopKeys(), name)
	}
	r.section("EXAMPLES")
	r.text(renamed(c.Example, name))
	if c.HasParent() {
		exitStatus(r, c, family)
	} else {
		sections(r, commands.Sections(), name)
	}
	r.section("SEE ALSO")
	r.line("%s", seeAlso(c, family))
	return r.b
}

// columns writes the keys for --columns, --sort and --filter, with the headings.
func columns(r *roff, c *cobra.Command) {
	list := commands.Columns(c)
	if len(list) == 0 {
		return
	}
	r.section("COLUMNS")
	r.line("The keys of columns, with the headings of the table. Both are accepted, in any case.")
	for _, col := range list {
		term := col.Key
		if col.Heading != "" && !strings.EqualFold(col.Heading, col.Key) {
			term += ", " + col.Heading
		}
		r.term(term, col.Help)
	}
}

// exitStatus writes the exit statuses of a command, and refers to lvs(8) for the rest.
func exitStatus(r *roff, c *cobra.Command, family string) {
	r.section("EXIT STATUS")
	_, command, _ := strings.Cut(c.CommandPath(), " ")
	if command == "ipvsadm" {
		r.line("Those of ipvsadm: see")
		r.line(".BR ipvsadm-compat (8).")
		return
	}
	own := commands.ExitStatus(command)
	if len(own) == 0 || own[0].Term != "0" {
		own = append([]commands.Term{{Term: "0", Meaning: "Success."}}, own...)
	}
	for _, t := range own {
		r.term(t.Term, t.Meaning)
	}
	r.line(".PP")
	r.line("Others as in")
	r.line(".BR %s (8).", family)
}

func sections(r *roff, list []commands.Section, name string) {
	for _, s := range list {
		r.section(s.Title)
		for _, t := range s.Terms {
			r.term(t.Term, renamed(t.Meaning, name))
		}
	}
}

func subcommands(r *roff, c *cobra.Command) {
	if !c.HasAvailableSubCommands() {
		return
	}
	r.section("COMMANDS")
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			r.term(sub.Name(), sub.Short+".")
		}
	}
}

// ofClusterFiles are the commands that read or write cluster files.
var ofClusterFiles = []string{"apply", "diff", "export", "import", "schema", "validate"}

// seeAlso returns references to the parent, the siblings and the subcommands.
func seeAlso(c *cobra.Command, family string) string {
	names := []string{"ipvsadm"}
	if !c.HasParent() || c.Name() == "ipvsadm" {
		names = append(names, "ipvsadm-compat")
	}
	if !c.HasParent() || slices.Contains(ofClusterFiles, c.Name()) {
		names = append(names, family+"-cluster(5)")
	}
	if c.HasParent() {
		names = append(names, family)
		if family == "lvs" {
			names = append(names, "lvsctl")
		}
		for _, beside := range c.Parent().Commands() {
			if beside != c && c.Parent().HasParent() && beside.IsAvailableCommand() {
				names = append(names, pageName(beside))
			}
		}
	}
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, family+strings.TrimPrefix(pageName(sub), c.Root().Name()))
		}
	}
	return references(names)
}

// references returns the names of pages with their sections. The default is section 8.
func references(names []string) string {
	sort.Strings(names)
	for i, n := range names {
		n, other, _ := strings.Cut(n, "(")
		section := "8"
		if other != "" {
			section = strings.TrimSuffix(other, ")")
		}
		names[i] = fmt.Sprintf("\\fB%s\\fR(%s)", escape(n), section)
	}
	return strings.Join(names, ", ")
}

// ourName matches the name of the program in a text, also in the name of a file. It
// does not match lvs/v1, which is the name of a format.
var ourName = regexp.MustCompile(`(\b_?)lvs(\b[^/]|$)`)

// renamed returns a text about lvs with the name of the program.
func renamed(text, name string) string { return ourName.ReplaceAllString(text, "${1}"+name+"${2}") }

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }
