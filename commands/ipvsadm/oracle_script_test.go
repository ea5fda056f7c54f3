package ipvsadm

import (
	"strings"
	"testing"
)

// oracleCase is one command line.
type oracleCase struct {
	name, line, input string
	args              []string
	// why it differs; empty is not at all.
	why string
}

// readScript reads a script: a command line a line, its program's name left out
// where it is ipvsadm. One that ends in << is given the indented lines behind,
// one behind a line with ! differs for that reason.
func readScript(t *testing.T, text string) []oracleCase {
	t.Helper()
	var cases []oracleCase
	var feeding bool
	why := ""
	for line := range strings.SplitSeq(text, "\n") {
		if input, indented := strings.CutPrefix(line, "\t"); indented && feeding {
			cases[len(cases)-1].input += input + "\n"
			continue
		}
		if reason, ok := strings.CutPrefix(line, "! "); ok {
			why = reason
			continue
		}
		words, open := split(nil, line)
		if open != nil {
			t.Fatalf("%s: an open quote", line)
		}
		if len(words) == 0 {
			continue
		}
		c := oracleCase{name: "ipvsadm", line: line, why: why}
		why = ""
		if Is(words[0].text) {
			c.name, words = words[0].text, words[1:]
		}
		for _, w := range words {
			c.args = append(c.args, w.text)
		}
		if feeding = strings.HasSuffix(line, "<<"); feeding {
			c.args = c.args[:len(c.args)-1]
		}
		cases = append(cases, c)
	}
	return cases
}

// everyOption is each option with each verb, to see where it has its place.
func everyOption() []oracleCase {
	values := map[groups]string{
		service: "1.2.3.4:80", scheduler: "rr", persistent: "60", netmask: "255.255.255.0", engine: "sip",
		schedFlags: "flag-1", server: "1.1.1.1", weight: "1", upper: "1", lower: "0", tunType: "ipip", tunPort: "1",
		syncID: "1", mcastInterface: "dummy0", mcastGroup: "224.0.0.81", mcastPort: "1", mcastTTL: "1", syncMaxLen: "1",
	}
	var cases []oracleCase
	add := func(args ...string) {
		cases = append(cases, oracleCase{name: "ipvsadm", line: strings.Join(args, " "), args: args})
	}
	for _, v := range verbs {
		if v.verb == showHelp {
			continue
		}
		with := []string{v.name()}
		switch {
		case v.verb == setTimeouts:
			with = append(with, "1", "2", "3")
		case v.arg == required:
			with = append(with, "backup")
		}
		for _, g := range []groups{service, server} {
			if v.needs&g != 0 {
				with = append(with, map[groups]string{service: "-t", server: "-r"}[g], values[g])
			}
		}
		add("-C")
		if v.verb != AddService {
			add("-A", "-t", "1.2.3.4:80")
		}
		for _, o := range options {
			args := append([]string(nil), with...)
			switch {
			case o.long == "fwmark-service":
				args = append(args, "--fwmark-service", "7")
			case o.arg == without:
				args = append(args, "--"+o.long)
			default:
				args = append(args, "--"+o.long, values[o.group])
			}
			add(args...)
		}
	}
	return cases
}

// looks tells whether a command line only looks at the table.
func (c *oracleCase) looks() bool {
	switch {
	case c.name != "ipvsadm":
		return c.name == "ipvsadm-save"
	case len(c.args) == 0:
		return true
	case len(c.args[0]) < 2:
		return false
	}
	return strings.Contains("LlS", c.args[0][1:2])
}
