package tui

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
)

// field is a line of a form: a text or a choice of words.
type field struct {
	label, help string
	in          input
	// words are the allowed values. Nil: any text can be typed.
	words []string
	// proposals are values for the keys Left and Right. Others can be typed, too.
	proposals []string
	// fixed is set if the user cannot change the field.
	fixed bool
	// was is the value at first.
	was string
}

func (f *field) value() string { return strings.TrimSpace(f.in.String()) }

// form is the dialog for several values, from which it makes a command line. A dry
// run of the command line checks the values before the user confirms the change.
type form struct {
	title  string
	fields []*field
	at     int
	// wrong is the error that is shown. busy is set during the dry run.
	wrong string
	busy  bool
	// build returns the command line and what it changes, or what is wrong.
	build func(f *form) (args []string, body []line, wrong string)
	// do is the name of the button in the dialog that follows.
	do string
}

func newField(label, value, help string) *field {
	return &field{label: label, help: help, in: newInput(value), was: value}
}

// field returns the field with a label.
func (f *form) field(label string) *field {
	return f.fields[slices.IndexFunc(f.fields, func(x *field) bool { return x.label == label })]
}

func (f *form) get(label string) string { return f.field(label).value() }

// changed reports whether the value of a field is different from its first value.
func (f *form) changed(label string) bool { return f.get(label) != f.field(label).was }

func (f *form) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	now, stroke := f.fields[f.at], k.String()
	moves := stroke == "left" || stroke == "right" // in a text, or to the next word
	if b := find([]group{formKeys()}, stroke); b != nil && (!moves || len(now.words)+len(now.proposals) > 0) {
		return b.do(m)
	}
	if now.words == nil {
		f.wrong = ""
		now.in.key(k)
	}
	return nil
}

// formKeys returns the keys of a form. All other keys are typed.
func formKeys() group {
	of := func(do func(m *Model, f *form) tea.Cmd) func(*Model) tea.Cmd {
		return func(m *Model) tea.Cmd {
			if f, ok := m.over.(*form); ok {
				return do(m, f)
			}
			return nil
		}
	}
	step := func(by int) func(*Model) tea.Cmd {
		return of(func(_ *Model, f *form) tea.Cmd { f.step(by); return nil })
	}
	turn := func(by int) func(*Model) tea.Cmd {
		return of(func(_ *Model, f *form) tea.Cmd { f.fields[f.at].turn(by); return nil })
	}
	return group{"Form", []binding{
		{keys: []string{"up", "shift+tab"}, label: "Up, Shift-Tab", help: "go to the previous field", do: step(-1)},
		{keys: []string{"down", "tab"}, label: "Down, Tab", help: "go to the next field", do: step(1)},
		{keys: []string{"left"}, label: "Left", help: "select the previous value, if the field has a list", do: turn(-1)},
		{keys: []string{"right"}, label: "Right", help: "select the next value, if the field has a list", do: turn(1)},
		{keys: []string{"enter"}, label: "Enter", help: "check the values and ask for confirmation",
			do: of(func(m *Model, f *form) tea.Cmd { return f.check(m) })},
		{keys: []string{"esc"}, label: "Esc", help: "close the form and change nothing",
			do: of(func(m *Model, _ *form) tea.Cmd { return m.dropped() })},
	}}
}

func (f *form) paste(_ *Model, s string) {
	if now := f.fields[f.at]; now.words == nil && !now.fixed {
		now.in.insert(strings.TrimSpace(s))
	}
}

// step goes to the next field that can be changed, or to the previous one if by is
// -1.
func (f *form) step(by int) {
	for range f.fields {
		f.at = (f.at + by + len(f.fields)) % len(f.fields)
		if !f.fields[f.at].fixed {
			return
		}
	}
}

// turn replaces the value by the next word, or by the previous one if by is -1.
func (f *field) turn(by int) {
	list := append(f.words[:len(f.words):len(f.words)], f.proposals...)
	if len(list) == 0 || f.fixed {
		return
	}
	i := slices.Index(list, f.value())
	if i < 0 && by < 0 {
		i = 0
	}
	f.in = newInput(list[(i+by+len(list))%len(list)])
}

// countItems makes a dry run print the number of its changes. Unlike a format, it
// leaves errors as text.
const countItems = "--jq=.items | length"

// check starts a dry run of the command line. checked opens the dialog after it.
func (f *form) check(m *Model) tea.Cmd {
	if f.busy {
		return nil
	}
	args, body, wrong := f.build(f)
	if f.wrong = wrong; wrong != "" {
		return nil
	}
	f.busy = true
	args = append(args[:len(args):len(args)], m.o.Globals...)
	ctx, run := m.ctx, m.o.Run
	return func() tea.Msg {
		res := run(ctx, append(args[:len(args):len(args)], "--dry-run", countItems))
		return checkedMsg{f, args[:len(args)-len(m.o.Globals)], body, res}
	}
}

// checkedMsg is the result of the dry run of a form.
type checkedMsg struct {
	f    *form
	args []string
	body []line
	res  Result
}

func (f *form) checked(m *Model, msg checkedMsg) {
	f.busy = false
	if m.over != overlay(f) {
		return // the user has closed the form meanwhile
	}
	if msg.res.Status != 0 {
		r := ran{Result: msg.res}
		f.wrong = r.says()
		return
	}
	if strings.TrimSpace(msg.res.Out) == "0" {
		r := ran{Result: Result{Err: msg.res.Err}}
		f.wrong = cmp.Or(r.says(), "nothing to do")
		return
	}
	m.over = &confirm{title: f.title, do: f.do, args: msg.args, body: msg.body}
}

func (f *form) draw(m *Model, under []line, w, h int) []line {
	var body []line
	room := max(min(w-6, 66)-14, 8)
	for i, x := range f.fields {
		name := text(dim, fit(&m.g, x.label, 13, true)+" ")
		switch {
		case x.fixed:
			body = append(body, append(name, span{plain, clean(x.value())}))
		case i != f.at:
			body = append(body, append(name, text(plain, x.value()).pad(room)...))
		case x.words != nil:
			body = append(body, append(name, text(reverse, "< "+x.value()+" >").pad(room)...))
		default:
			body = append(body, append(name, x.in.line(room, underline)...))
		}
	}
	at := f.at
	if h >= 14 {
		body = append(body, nil)
	}
	says := text(dim, f.fields[f.at].help)
	if f.wrong != "" {
		says = text(bold|red, f.wrong)
	}
	for _, part := range wrap(says.String(), max(min(w-4, 80), 10)) {
		body = append(body, text(says[0].look, part))
		if h < 14 {
			at = len(body) - 1
			break
		}
	}
	if f.wrong == "" {
		at = f.at
	}
	foot := line{}.hint("Enter", "check").hint("Esc", "cancel").hint("Up, Down", "field")
	return m.box(under, w, h, f.title, body, at, foot)
}

// input is a line of text that the user types.
type input struct {
	text []rune
	at   int
}

func newInput(s string) input { return input{[]rune(s), utf8.RuneCountInString(s)} }

func (in *input) String() string { return string(in.text) }

// key handles a keystroke. False: the key has no meaning here.
func (in *input) key(k tea.KeyPressMsg) bool {
	switch k.String() {
	case "left", "ctrl+b":
		in.at = max(in.at-1, 0)
	case "right", "ctrl+f":
		in.at = min(in.at+1, len(in.text))
	case "home", "ctrl+a":
		in.at = 0
	case "end", "ctrl+e":
		in.at = len(in.text)
	case "backspace", "ctrl+h":
		if in.at > 0 {
			in.text = append(in.text[:in.at-1], in.text[in.at:]...)
			in.at--
		}
	case "delete", "ctrl+d":
		if in.at < len(in.text) {
			in.text = append(in.text[:in.at], in.text[in.at+1:]...)
		}
	case "ctrl+u":
		in.text, in.at = append([]rune{}, in.text[in.at:]...), 0
	case "ctrl+k":
		in.text = in.text[:in.at]
	default:
		if k.Text == "" {
			return false
		}
		in.insert(k.Text)
	}
	return true
}

// insert inserts text at the cursor: one character, or pasted text.
func (in *input) insert(s string) {
	const longest = 500
	r := []rune(clean(s))
	r = r[:min(len(r), max(longest-len(in.text), 0))]
	in.text = append(in.text[:in.at:in.at], append(r, in.text[in.at:]...)...)
	in.at += len(r)
}

// line draws the part of the text around the cursor, w cells wide.
func (in *input) line(w int, l look) line {
	all := append(append([]rune{}, in.text...), ' ')
	from := max(in.at-w+1, 0)
	to := min(from+w, len(all))
	out := line{}
	out = out.add(l, string(all[from:in.at]))
	out = out.add(l|reverse, string(all[in.at:in.at+1]))
	return out.add(l, string(all[in.at+1:max(to, in.at+1)])).pad(w)
}
