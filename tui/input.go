package tui

import (
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
)

// input is a line of text that is being typed.
type input struct {
	text []rune
	at   int
}

func newInput(s string) input { return input{[]rune(s), utf8.RuneCountInString(s)} }

func (in *input) String() string { return string(in.text) }

// key takes a keystroke; false is one that means nothing here.
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

// insert puts text at the cursor, also what was pasted.
func (in *input) insert(s string) {
	const longest = 500
	r := []rune(clean(s))
	r = r[:min(len(r), max(longest-len(in.text), 0))]
	in.text = append(in.text[:in.at:in.at], append(r, in.text[in.at:]...)...)
	in.at += len(r)
}

// line draws the text with its cursor, w cells wide: the part around the cursor.
func (in *input) line(w int, l look) line {
	all := append(append([]rune{}, in.text...), ' ')
	from := max(in.at-w+1, 0)
	to := min(from+w, len(all))
	out := line{}
	out = out.add(l, string(all[from:in.at]))
	out = out.add(l|reverse, string(all[in.at:in.at+1]))
	return out.add(l, string(all[in.at+1:max(to, in.at+1)])).pad(w)
}
