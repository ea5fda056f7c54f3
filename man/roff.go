package main

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"
)

// roff builds a page in the language of man.
type roff struct{ b []byte }

func (r *roff) line(format string, args ...any) {
	r.b = append(fmt.Appendf(r.b, format, args...), '\n')
}

func (r *roff) section(title string) { r.line(".SH %s", title) }

// term writes a term, and its meaning indented below it.
func (r *roff) term(term, meaning string) {
	r.line(".TP")
	r.line("\\fB%s\\fR", escape(term))
	r.line("%s", escape(meaning))
}

// text writes paragraphs. Lines indented by two spaces are not filled.
func (r *roff) text(s string) {
	literal := false
	for line := range strings.SplitSeq(s, "\n") {
		indented := strings.HasPrefix(line, "  ")
		switch {
		case indented && !literal:
			r.line(".PP")
			r.line(".RS 4")
			r.line(".nf")
		case !indented && literal:
			r.line(".fi")
			r.line(".RE")
		}
		literal = indented
		switch {
		case line == "":
			r.line(".PP")
		default:
			r.line("%s", escape(strings.TrimPrefix(line, "  ")))
		}
	}
	if literal {
		r.line(".fi")
		r.line(".RE")
	}
}

func (r *roff) flags(title string, f *pflag.FlagSet) {
	if !f.HasAvailableFlags() {
		return
	}
	r.section(title)
	f.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		r.line(".TP")
		switch {
		case f.Value.Type() == "bool":
			r.line("\\fB%s\\fR", escape(name))
		case f.NoOptDefVal != "":
			r.line("\\fB%s\\fR[=\\fI%s\\fR]", escape(name), escape(value))
		default:
			r.line("\\fB%s\\fR \\fI%s\\fR", escape(name), escape(value))
		}
		r.line("%s", escape(strings.ToUpper(usage[:1])+usage[1:]+"."))
	})
}

// escape returns a text that roff prints as it is.
func escape(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", "\\`", "^", `\(ha`, "~", `\(ti`,
		"…", "...").Replace(s)
	if strings.HasPrefix(s, ".") {
		s = `\&` + s
	}
	return s
}
