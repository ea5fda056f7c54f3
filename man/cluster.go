package main

import (
	"strings"

	"lvs/commands"
)

// clusterPage returns lvs-cluster(5), from the keys of the cluster file.
func clusterPage(name string) []byte {
	p := commands.ClusterPage()
	r := &roff{}
	r.line(`.\" Made from the keys of the cluster file by man/cluster.go. Do not edit.`)
	r.line(".TH %s 5 %s lvs \"File Formats\"", strings.ToUpper(name+"-cluster"), date)
	r.line(".nh")
	r.line(".ad l")
	r.section("NAME")
	r.line("%s \\- %s", escape(name+"-cluster"), escape(p.Short))
	r.section("DESCRIPTION")
	r.text(renamed(p.Long, name))
	for _, part := range p.Parts {
		r.section(strings.ToUpper(part.Title))
		r.text(renamed(part.Doc, name))
		for _, k := range part.Keys {
			r.term(k.Key, renamed(k.Meaning, name))
			if k.Example != "" {
				r.line(".br")
				r.line("Example: \\fB%s\\fR", escape(k.Example))
			}
		}
	}
	r.section("EXAMPLES")
	for _, e := range p.Examples {
		r.line(".SS %s", escape(renamed(e.Title, name)))
		r.text("  " + strings.ReplaceAll(strings.TrimSuffix(e.Text, "\n"), "\n", "\n  "))
	}
	r.section("SEE ALSO")
	r.line("%s", references([]string{name, name + "-export", name + "-validate", name + "-schema"}))
	return r.b
}
