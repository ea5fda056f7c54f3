package tui

import "testing"

// A form stays open if the dry run has no changes. Only the number of changes counts,
// not what the dry run says.
func TestFormWithoutChanges(t *testing.T) {
	for _, test := range []struct {
		name, note string
		same       bool
		confirms   bool
		shown      string
	}{
		{"a change", "", false, true, "fwmark:9"},
		{"a change, whatever the note", "nothing to do: a note", false, true, "fwmark:9"},
		{"no change", "service fwmark:9 already has these settings", true, false, "already has these settings"},
		{"no change and no note", "", true, false, "nothing to do"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t, nil)
			s.same, s.note = test.same, test.note
			s.send(s.m.look()())
			s.press("a")
			s.typed("fwmark:9")
			s.press("enter")
			if _, confirms := s.m.over.(*confirm); confirms != test.confirms {
				t.Errorf("asks for confirmation: %v, want %v", confirms, test.confirms)
			}
			s.shows(test.shown)
			if len(s.runs) > 0 {
				t.Errorf("it ran %q", s.runs)
			}
		})
	}
}
