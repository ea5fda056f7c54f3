package tui

import (
	"encoding/json"
	"strconv"

	tea "charm.land/bubbletea/v2"

	"lvs/output"
)

// confirm asks before a change: what will be different, and the command line
// that does it. Cancel is the default.
type confirm struct {
	title string
	body  []line
	args  []string
	// do names the button: Change, Delete, Drain …
	do string
	// yes is set while that button is chosen.
	yes bool
	// after is called when the command has been carried out.
	after func(*Model, Result) tea.Cmd
	// own takes keys of this dialog, if it has any; it tells whether it did.
	own func(c *confirm, stroke string) bool
	// stale tells what has changed since the dialog opened. Empty is nothing; nil
	// does not look.
	stale func(m *Model) string
	// keys explains them.
	keys string
}

func (c *confirm) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	if c.own != nil && c.own(c, k.String()) {
		return nil
	}
	return press(m, confirmKeys(), k)
}

// confirmKeys answer the question before a change.
func confirmKeys() group {
	of := func(do func(m *Model, c *confirm) tea.Cmd) func(*Model) tea.Cmd {
		return func(m *Model) tea.Cmd {
			if c, ok := m.over.(*confirm); ok {
				return do(m, c)
			}
			return nil
		}
	}
	return group{"Before a change", []binding{
		{keys: []string{"tab", "shift+tab", "left", "right"}, label: "Tab, Left, Right", help: "from one button to the other; the first is Cancel",
			do: of(func(_ *Model, c *confirm) tea.Cmd { c.yes = !c.yes; return nil })},
		{keys: []string{"enter"}, label: "Enter", help: "the button that is chosen", do: of(func(m *Model, c *confirm) tea.Cmd {
			if c.yes {
				return c.done(m)
			}
			return m.dropped()
		})},
		{keys: []string{"y"}, help: "yes: change it", do: of(func(m *Model, c *confirm) tea.Cmd { return c.done(m) })},
		{keys: []string{"n", "esc", "q"}, label: "n, Esc", help: "no", do: of(func(m *Model, _ *confirm) tea.Cmd { return m.dropped() })},
	}}
}

// dropped closes a dialog without doing anything.
func (m *Model) dropped() tea.Cmd {
	m.over = nil
	m.say(plain, "nothing was changed")
	return nil
}

func (c *confirm) done(m *Model) tea.Cmd {
	m.over = nil
	switch {
	case m.running:
		m.say(yellow, "the change before is not done yet: try again")
		return nil
	case c.stale != nil && c.stale(m) != "":
		m.say(bold|yellow, "nothing was changed: %s", c.stale(m))
		return nil
	}
	return m.run(c.args, c.after)
}

func (c *confirm) draw(m *Model, under []line, w, h int) []line {
	body := append([]line(nil), c.body...)
	if h >= 12 {
		body = append(body, nil)
	}
	for i, part := range wrap("$ "+m.o.Line(append(c.args[:len(c.args):len(c.args)], m.o.Globals...)), max(w-6, 10)) {
		if i > 0 {
			part = "    " + part
		}
		body = append(body, text(dim, part))
	}
	cancel, do := reverse|bold, plain
	if c.yes {
		cancel, do = plain, reverse|bold|red
	}
	foot := text(cancel, "[ Cancel ]").add(plain, "  ").add(do, "[ "+c.do+" ]").add(dim, "  y, n")
	if c.keys != "" {
		foot = foot.add(dim, ", "+c.keys)
	}
	return m.box(under, w, h, c.title, body, 0, foot)
}

// undo shows what taking the last change back would do, and asks. The change is
// named by its number: another could be made meanwhile.
func (m *Model) undo() tea.Cmd {
	if m.refused() || m.o.LastChange == nil {
		return nil
	}
	ctx := m.ctx
	return func() tea.Msg { return lastChangeMsg(m.o.LastChange(ctx)) }
}

// lastChangeMsg names the change that undo would take back.
type lastChangeMsg Change

// Change is one that can be undone.
type Change struct {
	// Args is the command line that takes it back, Command the one that made it.
	Args    []string
	Command string
	// Err is why there is none.
	Err error
}

func (m *Model) found(c lastChangeMsg) tea.Cmd {
	if c.Err != nil {
		m.say(yellow, "%v", c.Err)
		return nil
	}
	return m.try(c.Args, func(m *Model, r Result) tea.Cmd {
		body := []line{text(dim, "takes back: "+clean(c.Command))}
		for _, l := range splitLines(r.Out) {
			body = append(body, text(plain, l))
		}
		return m.proposed("Undo", "Undo", c.Args, body, r)
	})
}

// undrain shows which weights would come back, and asks.
func (m *Model) undrain(t target) tea.Cmd {
	if t.v == nil && !t.machine.IsValid() {
		return m.onlyServers()
	}
	args := []string{"undrain", t.name()}
	if t.v != nil {
		args = append(args, "--service", t.e.ServiceID.String())
	}
	return m.try(append(args[:len(args):len(args)], "--output=json"), func(m *Model, r Result) tea.Cmd {
		return m.proposed("Undrain "+t.name(), "Undrain", args, m.weights(r.Out), r)
	})
}

// weights reads what a command line said it would do to weights.
func (m *Model) weights(document string) []line {
	var d struct{ Items []output.ChangeRow }
	if err := json.Unmarshal([]byte(document), &d); err != nil {
		return nil
	}
	var body []line
	for _, c := range d.Items {
		if c.Before != nil && c.After != nil && c.Before.Weight != nil && c.After.Weight != nil && c.Service != nil && c.Server != nil {
			body = append(body, m.change("weight", strconv.Itoa(*c.Before.Weight), strconv.Itoa(*c.After.Weight)).
				add(dim, "  "+*c.Server+" in "+*c.Service))
		}
	}
	return body
}

// proposed asks about a change that the command line itself described.
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
