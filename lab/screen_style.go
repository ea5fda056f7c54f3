package lab

// look is SGR.
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
