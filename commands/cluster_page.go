package commands

import (
	"strings"

	"lvs/cluster"
)

// Page is a manual page that belongs to no command.
type Page struct {
	Short, Long string
	// Parts explain the subject of the page, one object each.
	Parts    []Part
	Examples []cluster.Example
}

// Part is an object with its keys.
type Part struct {
	Title, Doc string
	Keys       []KeyTerm
}

// KeyTerm is a key, its meaning and, if there is one, an example of its use.
type KeyTerm struct{ Key, Meaning, Example string }

// ClusterPage returns the manual page of the cluster file.
func ClusterPage() Page {
	p := Page{Short: "file that describes a cluster of virtual services", Long: aboutClusterFiles,
		Examples: cluster.Examples()}
	for _, o := range cluster.Manual() {
		part := Part{Title: o.Title, Doc: o.Doc}
		for _, k := range o.Keys {
			term := KeyTerm{Key: k.Name, Meaning: meaning(k)}
			if k.Example != "" {
				term.Example = k.Name + ": " + k.Example
			}
			part.Keys = append(part.Keys, term)
		}
		p.Parts = append(p.Parts, part)
	}
	return p
}

// meaning returns what is known of a key, as sentences.
func meaning(k cluster.ManualKey) string {
	var b strings.Builder
	b.WriteString(k.Doc)
	if k.Of != "" {
		b.WriteString(" For " + strings.Join(strings.Fields(k.Of), ", ") + ".")
	}
	b.WriteString(" Value: " + k.Type + ".")
	switch {
	case k.Needed:
		b.WriteString(" Required.")
	case k.Default != "":
		b.WriteString(" Default: " + k.Default + ".")
	}
	switch {
	case k.Director:
		b.WriteString(" (director)")
	case k.Later:
		b.WriteString(" (not used yet)")
	}
	return b.String()
}

const aboutClusterFiles = `A cluster file describes the wanted state: virtual services with their servers, and
how they are kept alive. "lvs validate" checks it, "lvs export" writes one from the
table.

It is YAML or, if it begins with a brace, JSON. Unknown keys, keys that appear twice,
values of the wrong type and contradictions are errors. Only the director, the daemon
"lvs director run", acts on keys marked (director); all other commands check their form
and otherwise ignore them. Nothing acts on keys marked (not used yet).

A service is identified by its address, not by its name, and so is a server within its
service. Files that are read together form one cluster: they may use each other's
pools and checks, an address may appear only once in all of them, and defaults apply
to their own file only.

Durations have a unit: 500ms, 30s, 5m, 1h30m, 7d. Quote text that YAML reads as
something else: "12", "2001:db8::1", and in lists and objects in brackets also
"tcp://[2001:db8::10]:80". Relative paths start at the folder of the file. Environment
variables are not expanded: secrets come from files. Anchors, aliases and merge keys
work; tags and several documents in one file do not. A file may have at most 64 MiB.

Services are added in the order of the files, and the servers of a service in the
order of their addresses. Directors that are set up from the same file therefore have
the servers in the same order, and the schedulers sh and mh select the same server for
a client on each of them. A server that is added later can have another place in this
order.`
