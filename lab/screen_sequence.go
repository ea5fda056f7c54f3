package lab

import (
	"strconv"
	"strings"
)

func (s *Screen) control(c byte) {
	p := s.page
	switch c {
	case '\r':
		p.x, p.full = 0, false
	case '\n', '\v', '\f':
		s.down()
	case '\b':
		s.moveTo(p.x-1, p.y)
	case '\t':
		s.moveTo((p.x/8+1)*8, p.y)
	case '\a', 0:
	default:
		s.fault("control character %#x", c)
	}
}

// simple interprets a sequence of one character after ESC.
func (s *Screen) simple(c byte) {
	p := s.page
	switch c {
	case '7':
		p.sx, p.sy, p.spen = p.x, p.y, s.pen
	case '8':
		s.moveTo(p.sx, p.sy)
		s.pen = p.spen
	case 'D':
		s.down()
	case 'E':
		p.x = 0
		s.down()
	case 'M':
		s.up()
	case '=', '>', '\\': // keypad modes; the end of a string
	case 'c':
		*s = Screen{
			columns: s.columns, rows: s.rows, Answer: s.Answer, faults: s.faults,
			modes: map[int]bool{7: true, 25: true},
		}
		s.main, s.other = s.newPage(), s.newPage()
		s.page, s.region = s.main, [2]int{0, s.rows - 1}
	default:
		s.fault("ESC %q", c)
	}
}

// command interprets an OSC (which begins with ]), DCS, APC or PM.
func (s *Screen) command(text string) {
	kind, rest, _ := strings.Cut(text, ";")
	switch kind {
	case "]0", "]2":
		s.title = rest
	case "]10", "]11", "]12": // a query for a colour: this is a dark terminal
		if rest == "?" {
			colour := map[string]string{"]10": "d0d0/d0d0/d0d0", "]11": "1010/1010/1010", "]12": "ffff/ffff/ffff"}[kind]
			s.answer("\x1b" + kind + ";rgb:" + colour + "\x1b\\")
		}
	case "]52":
		_, s.Clipboard, _ = strings.Cut(rest, ";")
	case "]110", "]111", "]112": // reset colours
	default:
		if !strings.HasPrefix(text, "P+q") { // a query that a terminal need not answer
			s.fault("%q", text)
		}
	}
}

func (s *Screen) answer(text string) {
	if s.Answer != nil {
		s.Answer(text)
	}
}

// sequence interprets a CSI; q is everything after the bracket.
func (s *Screen) sequence(q string) {
	final := q[len(q)-1]
	body := q[:len(q)-1]
	if strings.ContainsAny(body, "?<>=! $\"") {
		s.private(q, body, final)
		return
	}
	if final == 'm' {
		s.look(body)
		return
	}
	n, ok := numbers(body)
	if !ok {
		s.fault("CSI %q", q)
		return
	}
	s.move(q, n, final)
}

// move interprets a sequence that moves the cursor or changes cells.
func (s *Screen) move(q string, n []int, final byte) {
	p := s.page
	arg := func(i, otherwise int) int {
		if i < len(n) && n[i] > 0 {
			return n[i]
		}
		return otherwise
	}
	count := arg(0, 1)
	switch final {
	case 'A':
		s.moveTo(p.x, p.y-count)
	case 'B', 'e':
		s.moveTo(p.x, p.y+count)
	case 'C', 'a':
		s.moveTo(p.x+count, p.y)
	case 'D':
		s.moveTo(p.x-count, p.y)
	case 'E':
		s.moveTo(0, p.y+count)
	case 'F':
		s.moveTo(0, p.y-count)
	case 'G', '`':
		s.moveTo(count-1, p.y)
	case 'H', 'f':
		s.moveTo(arg(1, 1)-1, count-1)
	case 'd':
		s.moveTo(p.x, count-1)
	case 'I':
		s.moveTo((p.x/8+count)*8, p.y)
	case 'Z':
		s.moveTo((p.x+7)/8*8-8*count, p.y)
	case 'J':
		s.eraseLines(q, arg(0, 0))
	case 'K':
		s.eraseLine(q, arg(0, 0))
	case 'X':
		s.erase(p.y, p.x, p.x+count)
	case '@':
		s.shift(count)
	case 'P':
		s.shift(-count)
	case 'L':
		s.scroll(p.y, s.region[1], -count)
	case 'M':
		s.scroll(p.y, s.region[1], count)
	case 'S':
		s.scroll(s.region[0], s.region[1], count)
	case 'T':
		s.scroll(s.region[0], s.region[1], -count)
	case 'b':
		for range count {
			s.put(s.last)
		}
	case 'r':
		s.region = [2]int{count - 1, arg(1, s.rows) - 1}
		s.moveTo(0, 0)
	case 's':
		s.simple('7')
	case 'u':
		s.simple('8')
	case 'n':
		if count == 6 {
			s.answer("\x1b[" + strconv.Itoa(p.y+1) + ";" + strconv.Itoa(p.x+1) + "R")
		}
	case 'c':
		s.answer("\x1b[?62;22c")
	case 't': // window sizes
	default:
		s.fault("CSI %q", q)
	}
}

func (s *Screen) eraseLines(q string, which int) {
	from, to := 0, s.rows
	switch which {
	case 0:
		s.eraseLine(q, 0)
		from = s.page.y + 1
	case 1:
		s.eraseLine(q, 1)
		to = s.page.y
	case 2:
	case 3: // lines that scrolled off the screen, which are not kept
		return
	default:
		s.fault("CSI %q", q)
		return
	}
	for y := from; y < to; y++ {
		s.erase(y, 0, s.columns)
	}
}

func (s *Screen) eraseLine(q string, which int) {
	p := s.page
	switch which {
	case 0:
		s.erase(p.y, p.x, s.columns)
	case 1:
		s.erase(p.y, 0, p.x+1)
	case 2:
		s.erase(p.y, 0, s.columns)
	default:
		s.fault("CSI %q", q)
	}
}

// numbers parses 1;2;;4. A missing number is 0.
func numbers(body string) (out []int, ok bool) {
	if body == "" {
		return nil, true
	}
	for part := range strings.SplitSeq(body, ";") {
		n := 0
		if part != "" {
			var err error
			if n, err = strconv.Atoi(part); err != nil {
				return nil, false
			}
		}
		out = append(out, n)
	}
	return out, true
}

// private interprets a sequence with a private mark: modes and queries.
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
	case strings.HasSuffix(body, "$") && final == 'p': // query the state of a mode: 1 set, 2 reset, 0 unknown
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
	case mark == "=" && final == 'u', mark == "?" && final == 'u': // kitty's protocol: no answer
	case mark == ">" && (final == 'm' || final == 'q' || final == 'c'): // modified keys; the version of the terminal
	case final == 'q' && strings.HasSuffix(body, " "): // the shape of the cursor
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

// look interprets SGR.
func (s *Screen) look(body string) {
	n, ok := numbers(body)
	if !ok {
		s.fault("SGR %q", body)
		return
	}
	if len(n) == 0 {
		n = []int{0}
	}
	for i := 0; i < len(n); i++ {
		switch c := n[i]; {
		case c == 0:
			s.pen = Style{}
		case c == 1:
			s.pen.Bold = true
		case c == 2:
			s.pen.Faint = true
		case c == 4, c == 24:
			s.pen.Underline = c == 4
		case c == 7, c == 27:
			s.pen.Reverse = c == 7
		case c == 9, c == 29:
			s.pen.Strike = c == 9
		case c == 22:
			s.pen.Bold, s.pen.Faint = false, false
		case c >= 30 && c <= 37, c >= 90 && c <= 97:
			s.pen.Foreground = 1 + c%10 + c/90*8
		case c >= 40 && c <= 47, c >= 100 && c <= 107:
			s.pen.Background = 1 + c%10 + c/100*8
		case c == 39:
			s.pen.Foreground = 0
		case c == 49:
			s.pen.Background = 0
		case (c == 38 || c == 48) && i+2 < len(n) && n[i+1] == 5:
			s.paint(c, 1+n[i+2])
			i += 2
		case (c == 38 || c == 48) && i+4 < len(n) && n[i+1] == 2:
			s.paint(c, 1<<24|n[i+2]<<16|n[i+3]<<8|n[i+4])
			i += 4
		default:
			s.fault("SGR %q", body)
			return
		}
	}
}

func (s *Screen) paint(which, colour int) {
	if which == 38 {
		s.pen.Foreground = colour
	} else {
		s.pen.Background = colour
	}
}
