package commands

import (
	"strings"

	"lvs/cluster"
)

// Page is a page of the manual that belongs to no command.
type Page struct {
	Short, Long string
	// Parts explain what the page is about, one object each.
	Parts    []Part
	Examples []cluster.Example
}

// Part is an object with its keys.
type Part struct {
	Title, Doc string
	Keys       []KeyTerm
}

// KeyTerm is a key with its meaning and, as a rule, an example of its use.
type KeyTerm struct{ Key, Meaning, Example string }

// ClusterPage describes the cluster file.
func ClusterPage() Page {
	p := Page{Short: "a cluster of virtual services, as a file", Long: aboutClusterFiles, Examples: cluster.Examples()}
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

// meaning puts what is known of a key into sentences.
func meaning(k cluster.ManualKey) string {
	var b strings.Builder
	b.WriteString(k.Doc)
	if k.Of != "" {
		b.WriteString(" For " + strings.Join(strings.Fields(k.Of), ", ") + ".")
	}
	b.WriteString(" It is " + k.Type + ".")
	switch {
	case k.Needed:
		b.WriteString(" Needed.")
	case k.Default != "":
		b.WriteString(" Default: " + k.Default + ".")
	}
	if k.Director {
		b.WriteString(" (director)")
	}
	return b.String()
}

const aboutClusterFiles = `A cluster file says what should be: the virtual services with their servers, and
how they are kept alive. "lvs validate" reads it and tells all that is wrong with it,
"lvs export" writes one from the table.

It is YAML or, if it begins with a brace, JSON. Every key is known by this page or
refused; so are keys that stand twice, values of the wrong type, and what excludes
one another. What is for a program that stays, examines servers and announces
addresses is marked (director): lvs has none yet. All commands check such keys, and
use nothing of them.

A service is known by its address, not by its name, and so is a server within its
service. Files that are read together are one cluster: they may use each other's
pools and checks, an address stands once in all of them, and defaults hold for their
own file only. The order of services is that of the files. A service's servers are
added in the order of their addresses, so that the kernel, which lists the last one
first, has them in the same order on every director that is filled from the file:
sh and mh choose alike then. A server that is added later stands before the others.

Times have a unit: 500ms, 30s, 5m, 1h30m, 7d. A text that YAML takes for something
else stands in quotes: "12", "2001:db8::1", and in lists and objects in brackets also
"tcp://[2001:db8::10]:80". Relative paths begin at the folder of the file. Variables of
the environment are not looked at: secrets come from files. Anchors, aliases and merge
keys are understood, tags and several documents in a file are not. A file has at most
64 MiB.`
