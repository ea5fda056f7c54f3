package lab

import (
	"strconv"
	"strings"
)

// private is a sequence with a mark of its own: modes, and questions.
func (s *Screen) private(q, body string, final byte) {
	n, ok := numbers(strings.Trim(body, "?<>=! $\""))
	mark := body[:1]
	switch {
	case !ok:
		s.fault("CSI %q", q)
	case mark == "?" && (final == 'h' || final == 'l') && strings.Trim(body, "?0123456789;") == "":
		for _, m := range n {
			s.mode(m, final == 'h')
		}
	case q == "?5W": // a tab stop every eight columns
	case strings.HasSuffix(body, "$") && final == 'p': // which state is the mode in: 1 set, 2 reset, 0 not known
		for _, m := range n {
			state := 2
			if on, known := s.modes[m]; on {
				state = 1
			} else if !known && m > 2000 {
				state = 0
			}
			s.answer("\x1b[?" + strconv.Itoa(m) + ";" + strconv.Itoa(state) + "$y")
		}
	case mark == ">" && final == 'u':
		s.keys = append(s.keys, body)
	case mark == "<" && final == 'u':
		s.keys = s.keys[:max(0, len(s.keys)-1)]
	case mark == "=" && final == 'u', mark == "?" && final == 'u': // not the kitty: no answer
	case mark == ">" && (final == 'm' || final == 'q' || final == 'c'): // other keys; who are you
	case final == 'q' && strings.HasSuffix(body, " "): // the cursor's form
	case body == "!" && final == 'p':
		s.pen, s.region = Style{}, [2]int{0, s.rows - 1}
		s.modes[25], s.modes[7] = true, true
	default:
		s.fault("CSI %q", q)
	}
}

func (s *Screen) mode(m int, on bool) {
	s.modes[m] = on
	switch m {
	case 47, 1047, 1049:
		if on == s.Alternate() {
			return
		}
		if on {
			s.main.sx, s.main.sy, s.main.spen = s.main.x, s.main.y, s.pen
			s.other = s.newPage()
			s.page = s.other
		} else {
			s.page = s.main
			if m == 1049 {
				s.moveTo(s.main.sx, s.main.sy)
				s.pen = s.main.spen
			}
		}
	}
}
