package tui

import (
	"encoding/json"
	"strconv"

	tea "charm.land/bubbletea/v2"

	"lvs/output"
)

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
