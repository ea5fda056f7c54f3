package tui

import tea "charm.land/bubbletea/v2"

// filterLine is where a filter is typed: at the foot, the table following each
// keystroke.
type filterLine struct {
	t     grid
	in    input
	old   string
	wrong string
}

func newFilterLine(m *Model, t grid) *filterLine {
	return &filterLine{t: t, in: newInput(t.filterText()), old: t.filterText()}
}

func (f *filterLine) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	if find([]group{filterKeys()}, k.String()) != nil {
		return press(m, filterKeys(), k)
	}
	if f.in.key(k) {
		f.changed(m)
	}
	return nil
}

// filterKeys end the typing of a filter. Other keys are typed.
func filterKeys() group {
	of := func(do func(m *Model, f *filterLine)) func(*Model) tea.Cmd {
		return func(m *Model) tea.Cmd {
			if f, ok := m.over.(*filterLine); ok {
				do(m, f)
			}
			return nil
		}
	}
	return group{"While a filter is typed", []binding{
		{keys: []string{"enter"}, label: "Enter", help: "keep it", do: of(func(m *Model, f *filterLine) {
			if f.wrong == "" {
				m.over = nil
			}
		})},
		{keys: []string{"esc"}, label: "Esc", help: "the filter that was there before", do: of(func(m *Model, f *filterLine) {
			_ = f.t.setFilter(f.old, m.now())
			m.over = nil
		})},
		{keys: []string{"up"}, label: "Up", help: "one row up", do: of(func(m *Model, f *filterLine) { f.t.move(-1, m.now()) })},
		{keys: []string{"down"}, label: "Down", help: "one row down", do: of(func(m *Model, f *filterLine) { f.t.move(1, m.now()) })},
	}}
}

func (f *filterLine) paste(m *Model, s string) {
	f.in.insert(s)
	f.changed(m)
}

// changed filters by what stands there; what is no regular expression yet
// leaves the table as it is.
func (f *filterLine) changed(m *Model) {
	f.wrong = ""
	if err := f.t.setFilter(f.in.String(), m.now()); err != nil {
		f.wrong = clean(err.Error())
	}
}

func (f *filterLine) draw(m *Model, under []line, w, h int) []line {
	right := text(dim, " "+f.t.count()+"  Enter keeps, Esc drops ")
	if f.wrong != "" {
		right = text(red, " "+f.wrong)
	}
	room := max(w-right.width()-1, 12)
	l := append(text(bold, "/"), f.in.line(room, plain)...)
	under[h-1] = append(l, right...).pad(w)
	return under
}
