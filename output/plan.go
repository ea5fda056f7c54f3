package output

import (
	"fmt"
	"strings"

	"lvs/kernel"
	"lvs/plan"
)

// Plan writes changes as people read a difference: one line for each, beginning
// with + (added), ~ (changed) or - (deleted), and a Summary below. In any other
// format than the plain table it is Changes.
func (p *Printer) Plan(rows []Change) error {
	if p.o.Format != "table" || len(p.o.Columns) > 0 {
		return p.Changes(rows)
	}
	out := newSink(p.w)
	for i := range rows {
		mark, style := rows[i].mark()
		if !p.o.Color {
			style = NoStyle
		}
		out.buf = append(append(out.buf, style.Paint(mark+" "+rows[i].line())...), '\n')
		if err := out.spill(); err != nil {
			return err
		}
	}
	if len(rows) > 0 && !p.o.NoHeaders {
		out.buf = append(append(out.buf, Summary(rows)...), '\n')
	}
	return out.flush()
}

// mark returns one character for the kind of a change, and its style.
func (c *Change) mark() (string, Style) {
	before, after := c.side(false), c.side(true)
	switch (side{}) {
	case before:
		return "+", Green
	case after:
		return "-", Red
	}
	return "~", Yellow
}

// line returns a change without its mark.
func (c *Change) line() string {
	b := c.object()
	before, after := c.side(false).settings(), c.side(true).settings()
	var parts []string
	switch {
	case len(after) == 0:
		if text := CostText(c.Cost); text != "" {
			parts = append(parts, text)
		}
	case len(before) == 0:
		for _, s := range after {
			if s.value != "" {
				parts = append(parts, s.name+" "+s.value)
			}
		}
	default:
		parts = edits(before, after)
		if b, a := c.BeforeService, c.AfterService; b != nil && a != nil && b.Scheduler != a.Scheduler {
			// ip_vs_edit_service unbinds the old one before it binds the new one.
			parts = append(parts, "refuses new connections for a moment")
		}
	}
	if len(parts) > 0 {
		b += "  " + strings.Join(parts, ", ")
	}
	if c.Err != nil {
		b += "  refused: " + c.Err.Error()
	}
	return plan.Visible(b)
}

// object returns the name of what is changed.
func (c *Change) object() string {
	switch {
	case c.Server.IsValid():
		return c.Service.String() + " " + c.Server.String()
	case c.Service != (kernel.ServiceID{}):
		return c.Service.String()
	case c.BeforeDaemon != nil:
		return "sync " + c.BeforeDaemon.Role.String()
	case c.AfterDaemon != nil:
		return "sync " + c.AfterDaemon.Role.String()
	case c.AfterTimeouts != nil:
		return "timeouts"
	}
	return c.Op
}

// edits returns each setting that changes, old and new. A setting that one side
// does not have is "none" there.
func edits(before, after []setting) []string {
	var out []string
	add := func(name, from, to string) {
		if from != to {
			out = append(out, name+" "+orNone(from)+" -> "+orNone(to))
		}
	}
	for _, a := range after {
		add(a.name, valueOf(before, a.name), a.value)
	}
	for _, b := range before {
		if !hasName(after, b.name) {
			add(b.name, b.value, "")
		}
	}
	return out
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func counted(n uint64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Grouped(n) + " " + noun + "s"
}

// Noun is the kind of object that a change concerns.
type Noun uint8

// The nouns.
const (
	AService Noun = iota
	AServer
	ASetting
)

func (n Noun) String() string { return [...]string{"service", "server", "setting"}[n] }

// Summary counts changes: "1 service and 3 servers to add, 2 servers to change;
// cuts 12 established", or "1 server added" if they were made.
func Summary(rows []Change) string {
	var t Tally
	for i := range rows {
		t.Add(&rows[i])
	}
	return t.String()
}

// Tally counts changes for a Summary. The zero value is ready for use.
type Tally struct {
	// Planned is set if nothing was done yet.
	Planned bool

	counts [3][3]int // added, changed, deleted; by noun
	cost   plan.Cost
}

// Add counts a change.
func (t *Tally) Add(c *Change) {
	noun := ASetting
	switch {
	case c.Server.IsValid():
		noun = AServer
	case c.Service != (kernel.ServiceID{}):
		noun = AService
	}
	kind := plan.Updating
	switch mark, _ := c.mark(); mark {
	case "+":
		kind = plan.Adding
	case "-":
		kind = plan.Deleting
	}
	t.Count(kind, noun)
	if c.Cost != nil {
		t.Cost(*c.Cost)
	}
	t.Planned = t.Planned || c.DryRun
}

// Count counts a change by its kind.
func (t *Tally) Count(kind plan.Kinds, noun Noun) {
	switch kind {
	case plan.Adding:
		t.counts[0][noun]++
	case plan.Updating:
		t.counts[1][noun]++
	default:
		t.counts[2][noun]++
	}
}

// Cost adds what is cut.
func (t *Tally) Cost(c plan.Cost) { t.cost.Add(c) }

// String returns the counts as Summary does.
func (t *Tally) String() string {
	words := [3]string{"added", "changed", "deleted"}
	if t.Planned {
		words = [3]string{"to add", "to change", "to delete"}
	}
	var parts []string
	for i, n := range t.counts {
		var what []string
		for noun := range Noun(len(n)) {
			if n[noun] == 1 {
				what = append(what, "1 "+noun.String())
			} else if n[noun] > 1 {
				what = append(what, fmt.Sprintf("%s %vs", Grouped(uint64(n[noun])), noun))
			}
		}
		if len(what) > 0 {
			parts = append(parts, enumerate(what)+" "+words[i])
		}
	}
	text := strings.Join(parts, ", ")
	if cut := CostText(&t.cost); cut != "" {
		text += "; " + cut
	}
	return text
}

// enumerate joins words: a, b and c.
func enumerate(what []string) string {
	last := len(what) - 1
	if last == 0 {
		return what[0]
	}
	return strings.Join(what[:last], ", ") + " and " + what[last]
}
