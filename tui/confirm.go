package tui

import (
	"encoding/json"
	"strconv"

	tea "charm.land/bubbletea/v2"

	"lvs/doctor"
	"lvs/output"
)

// confirm is the dialog before a change. It shows what will change and the
// command line. Cancel is the default.
type confirm struct {
	title string
	body  []line
	// minded are diagnoses of what the change does, below the body.
	minded []*doctor.Diagnosis
	args   []string
	// do is the name of the button: Change, Delete, Drain …
	do string
	// yes is set while that button is selected.
	yes bool
	// after is called when the command has succeeded. Nil: nothing is called.
	after func(*Model, Result) tea.Cmd
	// own handles the keys that only this dialog has, and reports whether it did.
	// Nil: there are none.
	own func(c *confirm, stroke string) bool
	// stale returns what has changed in the table since the dialog was opened.
	// Empty: nothing. Nil: no check.
	stale func(m *Model) string
	// hint names the keys of own, and does says what they do. Empty: not shown.
	hint, does string
}

func (c *confirm) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	if c.own != nil && c.own(c, k.String()) {
		return nil
	}
	return press(m, confirmKeys(), k)
}

// confirmKeys returns the keys of the dialog before a change.
func confirmKeys() group {
	of := func(do func(m *Model, c *confirm) tea.Cmd) func(*Model) tea.Cmd {
		return func(m *Model) tea.Cmd {
			if c, ok := m.over.(*confirm); ok {
				return do(m, c)
			}
			return nil
		}
	}
	return group{"Confirmation", []binding{
		{keys: []string{"tab", "shift+tab", "left", "right"}, label: "Tab, Left, Right",
			help: "select the other button; Cancel is selected first",
			do:   of(func(_ *Model, c *confirm) tea.Cmd { c.yes = !c.yes; return nil })},
		{keys: []string{"enter"}, label: "Enter", help: "press the selected button",
			do: of(func(m *Model, c *confirm) tea.Cmd {
				if c.yes {
					return c.done(m)
				}
				return m.dropped()
			})},
		{keys: []string{"y"}, help: "yes: make the change",
			do: of(func(m *Model, c *confirm) tea.Cmd { return c.done(m) })},
		{keys: []string{"n", "esc", "q"}, label: "n, Esc", help: "no: change nothing",
			do: of(func(m *Model, _ *confirm) tea.Cmd { return m.dropped() })},
	}}
}

// dropped closes a dialog without a change.
func (m *Model) dropped() tea.Cmd {
	m.over = nil
	m.say(plain, "nothing was changed")
	return nil
}

// done closes the dialog and runs the command, unless the table has changed.
func (c *confirm) done(m *Model) tea.Cmd {
	m.over = nil
	switch {
	case m.running:
		m.say(yellow, "nothing was changed: the previous change is still running; try again")
		return nil
	case c.stale != nil && c.stale(m) != "":
		m.say(bold|yellow, "nothing was changed: %s", c.stale(m))
		return nil
	}
	return m.run(c.args, c.after)
}

func (c *confirm) draw(m *Model, under []line, w, h int) []line {
	body := append([]line(nil), c.body...)
	for _, d := range c.minded {
		body = append(body, m.minded(d, w, h)...)
	}
	if h >= 12 {
		body = append(body, nil)
	}
	command := "$ " + m.o.Line(append(c.args[:len(c.args):len(c.args)], m.o.Globals...))
	for i, part := range wrap(command, max(w-6, 10)) {
		if i > 0 {
			part = "    " + part
		}
		body = append(body, text(dim, part))
	}
	cancel, do := reverse|bold, plain
	if c.yes {
		cancel, do = plain, reverse|bold|red
	}
	foot := text(cancel, "[ Cancel ]").add(plain, "  ").add(do, "[ "+c.do+" ]").hint("y", "yes").hint("n", "no")
	if c.hint != "" {
		foot = foot.hint(c.hint, c.does)
	}
	return m.box(under, w, h, c.title, body, 0, foot)
}

// minded draws a diagnosis. On a low screen it is one line, so that the command line and
// the buttons can be seen.
func (m *Model) minded(d *doctor.Diagnosis, w, h int) []line {
	const width, low = 66, 16
	if h < low {
		return []line{text(yellow, clean(d.Why))}
	}
	var out []line
	for _, part := range wrap(clean(d.What+": "+d.Why), max(min(width, w-6), 10)) {
		out = append(out, text(yellow, part))
	}
	for _, part := range wrap("hint: "+clean(m.fix(d.Fix)), max(min(width, w-6), 10)) {
		out = append(out, text(dim, part))
	}
	return out
}

// undo opens the dialog for undoing the last change. The command line has the
// number of that change, because another change can be made meanwhile.
func (m *Model) undo() tea.Cmd {
	if m.refused() || m.o.LastChange == nil {
		return nil
	}
	ctx := m.ctx
	return func() tea.Msg { return lastChangeMsg(m.o.LastChange(ctx)) }
}

// lastChangeMsg is the change that undo would undo.
type lastChangeMsg Change

// Change is a change that can be undone.
type Change struct {
	// Args is the command line that undoes the change, Command the one that made it.
	Args    []string
	Command string
	// Err is why no change can be undone. Nil: one can.
	Err error
}

// found shows what undoing a change would do, and asks.
func (m *Model) found(c lastChangeMsg) tea.Cmd {
	if c.Err != nil {
		m.say(yellow, "%v", c.Err)
		return nil
	}
	return m.try(c.Args, func(m *Model, r Result) tea.Cmd {
		body := []line{text(dim, "undoes: "+clean(c.Command))}
		for _, l := range splitLines(r.Out) {
			body = append(body, text(plain, l))
		}
		return m.proposed("Undo", "Undo", c.Args, body, r)
	})
}

// undrain opens the dialog for an undrain. It shows the weights that the command
// would restore.
func (m *Model) undrain(t target) tea.Cmd {
	if t.v == nil && !t.machine.IsValid() {
		return m.onlyServers()
	}
	args := []string{"undrain", t.name()}
	if t.v != nil {
		args = append(args, "--service", t.e.ServiceID.String())
	}
	return m.try(append(args[:len(args):len(args)], "--output=json"), func(m *Model, r Result) tea.Cmd {
		return m.proposed("Undrain "+t.name(), "Undrain", args,
			append(m.weights(r.Out), m.released(t)...), r)
	})
}

// weights returns the changes of weights in the JSON output of a dry run.
func (m *Model) weights(document string) []line {
	var d struct{ Items []output.ChangeRow }
	if err := json.Unmarshal([]byte(document), &d); err != nil {
		return nil
	}
	var body []line
	for _, c := range d.Items {
		if c.Before == nil || c.After == nil || c.Before.Weight == nil || c.After.Weight == nil ||
			c.Service == nil || c.Server == nil {
			continue
		}
		body = append(body, m.change("weight", strconv.Itoa(*c.Before.Weight), strconv.Itoa(*c.After.Weight)).
			add(dim, "  "+*c.Server+" in "+*c.Service))
	}
	return body
}

// proposed opens the dialog for a change described by a dry run. If the dry run
// failed or would change nothing, it shows the message of the dry run.
func (m *Model) proposed(title, do string, args []string, body []line, tried Result) tea.Cmd {
	r := ran{Result: tried}
	switch {
	case tried.Status != 0:
		m.say(yellow, "%s", r.says())
	case len(body) == 0:
		m.say(plain, "%s", r.says())
	default:
		m.over = &confirm{title: title, do: do, args: args, body: body}
	}
	return nil
}
