package lab

import (
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const terminalLimit = 10 * time.Second

// A shell represents any program on a terminal.
func TestTerminal(t *testing.T) {
	x := OnTerminal(t, 40, 5, []string{"PS1=now> "}, "sh", "-i")
	x.Until(t, terminalLimit, `now>`)
	x.Type("printf '\\033[?1049h\\033[2J'; echo $((6*7)); stty size\r")
	x.Until(t, terminalLimit, `42\n5 40\nnow>`)
	if got := x.Leftovers(); !slices.Contains(got, "the alternate screen is shown") {
		t.Errorf("left over: %q; want the alternate screen", got)
	}
	x.Resize(t, 60, 20)
	x.Type("printf '\\033[?1049l'; clear; stty size; exit 3\r")
	x.Until(t, terminalLimit, `20 60`)
	if status := x.End(t, terminalLimit); status != 3 {
		t.Errorf("status %d, want 3", status)
	}
	if got := x.Leftovers(); len(got) > 0 {
		t.Errorf("left over: %q", got)
	}
}

func TestTerminalTellsOfARawLine(t *testing.T) {
	x := OnTerminal(t, 40, 5, nil, "sh", "-c", "stty raw; echo is raw; exec sleep 60")
	x.Until(t, terminalLimit, `is raw`)
	if err := x.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if status := x.End(t, terminalLimit); status != 128+9 {
		t.Errorf("status %d, want 137", status)
	}
	if got := x.Leftovers(); len(got) != 1 {
		t.Errorf("left over: %q; want the line, which is raw", got)
	}
}

func TestScreen(t *testing.T) {
	for name, row := range map[string]struct{ written, want string }{
		"text wraps":            {"abcdefghij12", "abcdefghij|12||"},
		"the last column waits": {"abcdefghij\r\nx", "abcdefghij|x||"},
		"it scrolls":            {"a\r\nb\r\nc\r\nd\r\ne", "b|c|d|e"},
		"in a region":           {"a\r\nb\r\nc\r\nd\x1b[2;3r\x1b[3;1H\n\nx", "a||x|d"},
		"up":                    {"a\r\nb\x1b[H\x1bMx", "x|a|b|"},
		"places":                {"\x1b[2;3Hx\x1b[4Gy\x1b[3dz\x1b[Aw\x1b[Bv\x1b[3Du", "|  xy w|    u v|"},
		"erased":                {"abcdef\x1b[3G\x1b[2X\x1b[5G\x1b[K\r\nxyz\x1b[1K", "ab|||"},
		"below":                 {"ab\r\ncd\r\nef\x1b[2;2H\x1b[J", "ab|c||"},
		"shifted":               {"abcdef\x1b[2G\x1b[P\x1b[3G\x1b[2@", "ac  def||||"},
		"lines":                 {"a\r\nb\r\nc\x1b[2H\x1b[L", "a||b|c"},
		"repeated":              {"-\x1b[4b", "-----|||"},
		"tabs":                  {"a\tb\x1b[Zc", "a       c|||"},
		"not ASCII, in pieces":  {"▸ 192…", "▸ 192…|||"},
		"another screen":        {"one\x1b[?1049h\x1b[Htwo\x1b[?1049l!", "one!|||"},
		"colours take no cell":  {"\x1b[1;31ma\x1b[38;5;240mb\x1b[m", "ab|||"},
		"titles take no cell":   {"\x1b]2;lvs top\x07a\x1b]0;x\x1b\\b", "ab|||"},
		"the saved cursor":      {"ab\x1b7\x1b[4;5Hx\x1b8c", "abc|||    x"},
		"modes of kitty":        {"ab\x1b[>1uc\x1b[<ud", "abcd|||"},
		"a synchronized update": {"\x1b[?2026ha\x1b[?2026lb", "ab|||"},
	} {
		t.Run(name, func(t *testing.T) {
			s := NewScreen(10, 4)
			for _, b := range []byte(row.written) { // a pipe may split it anywhere
				s.Write([]byte{b})
			}
			got := strings.ReplaceAll(strings.TrimSuffix(s.Text(), "\n"), "\n", "|")
			for strings.Count(row.want, "|") > 3 {
				row.want = strings.TrimSuffix(row.want, "|")
			}
			if got != row.want || len(s.Faults()) > 0 {
				t.Errorf("%q shows %q, %q; want %q", row.written, got, s.Faults(), row.want)
			}
		})
	}
}

func TestScreenStyles(t *testing.T) {
	s := NewScreen(9, 1)
	s.Write([]byte("\x1b[1ma\x1b[2;9mb\x1b[0;7;96mc\x1b[27;48;5;1md\x1b[me"))
	for x, want := range []Style{
		{Bold: true}, {Bold: true, Faint: true, Strike: true}, {Reverse: true, Foreground: 15},
		{Foreground: 15, Background: 2}, {},
	} {
		if got := s.At(x, 0).Style; got != want {
			t.Errorf("character %d looks like %+v, want %+v", x, got, want)
		}
	}
}

func TestScreenLeftovers(t *testing.T) {
	for written, want := range map[string]int{
		"":                                     0,
		"\x1b[?1049h\x1b[?25l\x1b[31m\x1b[>1u": 4,
		"\x1b[?1049h\x1b[?25l\x1b[31m\x1b[m\x1b[?1049l\x1b[?25h": 0,
		"\x1b[?2004h\x1b[?1006h":                                 2,
		"\x1b[2;3r":                                              1,
	} {
		t.Run(strconv.Quote(written), func(t *testing.T) {
			s := NewScreen(10, 4)
			s.Write([]byte(written))
			if got := s.Leftovers(); len(got) != want {
				t.Errorf("%q leaves %q, want %d", written, got, want)
			}
		})
	}
}

func TestScreenIsStrict(t *testing.T) {
	s := NewScreen(10, 4)
	s.Write([]byte("\x1b[5;5yx\x01\x1bZ\x1b[?1z"))
	if n := len(s.Faults()); n != 4 {
		t.Errorf("faults %q, want four", s.Faults())
	}
}

func TestScreenAnswers(t *testing.T) {
	var said string
	s := NewScreen(10, 4)
	s.Answer = func(text string) { said += text }
	s.Write([]byte("ab\x1b[6n\x1b[?2026$p\x1b[?25$p"))
	if want := "\x1b[1;3R\x1b[?2026;0$y\x1b[?25;1$y"; said != want {
		t.Errorf("it answers %q, want %q", said, want)
	}
}

func TestScreenResized(t *testing.T) {
	s := NewScreen(6, 3)
	s.Write([]byte("abcdef\r\n2\r\n3"))
	s.Resize(3, 2)
	if got := s.Text(); got != "2\n3\n" {
		t.Errorf("smaller it shows %q", got)
	}
	s.Resize(5, 3)
	s.Write([]byte("\x1b[3;5Hx"))
	if got := s.Text(); got != "2\n3\n    x\n" {
		t.Errorf("larger it shows %q", got)
	}
}
