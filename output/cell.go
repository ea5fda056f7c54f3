package output

import (
	"strconv"
	"time"

	"lvs/plan"
)

// unit is the unit of a column's numbers.
type unit uint8

const (
	count   unit = iota // shown in full
	scaled              // a large number: short for people (12.3M)
	seconds             // shown as a duration (6m), in CSV as seconds
)

// Scaled returns a number in at most five characters, with decimal prefixes: 999,
// 1.2K, 34.5M, 678G. It never rounds up: 999,999 is 999K.
func Scaled(n uint64) string { return string(appendScaled(nil, n)) }

func appendScaled(b []byte, n uint64) []byte {
	if n < 1000 {
		return strconv.AppendUint(b, n, 10)
	}
	const letters = "KMGTPE"
	i, div := 0, uint64(1000)
	for n/div >= 1000 && i < len(letters)-1 {
		div *= 1000
		i++
	}
	b = strconv.AppendUint(b, n/div, 10)
	if n/div < 100 {
		b = append(b, '.', '0'+byte(n%div/(div/10)))
	}
	return append(b, letters[i])
}

// Duration returns a duration in whole seconds without empty parts: 45s, 6m,
// 1h30m, 26h5s. Zero is 0s.
func Duration(d time.Duration) string { return string(appendDuration(nil, d)) }

func appendDuration(b []byte, d time.Duration) []byte {
	if d < 0 {
		b, d = append(b, '-'), -d
	}
	s := uint64(d / time.Second)
	if s == 0 {
		return append(b, "0s"...)
	}
	for _, part := range [...]struct {
		seconds uint64
		letter  byte
	}{{3600, 'h'}, {60, 'm'}, {1, 's'}} {
		if n := s / part.seconds; n > 0 {
			b = append(strconv.AppendUint(b, n, 10), part.letter)
			s %= part.seconds
		}
	}
	return b
}

// appendNumber appends a number for a table, short if people read it.
func (u unit) appendNumber(b []byte, n uint64, human bool) []byte {
	switch {
	case u == seconds:
		return appendDuration(b, time.Duration(n)*time.Second)
	case u == scaled && human:
		return appendScaled(b, n)
	}
	return strconv.AppendUint(b, n, 10)
}

// Grouped returns a number with commas between thousands: 1,243.
func Grouped(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// visible escapes invisible characters in what was appended since from: a cell may have
// text from the network, from files or from other users.
func visible(b []byte, from int) []byte {
	for _, c := range b[from:] {
		if c < ' ' || c >= 0x7f {
			return plan.AppendVisible(b[:from], string(b[from:]))
		}
	}
	return b
}

// Style is a style from the 16 colours that every terminal has.
type Style uint8

// The styles. NoStyle writes no escape sequence.
const (
	NoStyle Style = iota
	Bold
	Dim
	Red
	Yellow
	Green
)

// start returns the escape sequence (SGR) that turns the style on.
func (s Style) start() string {
	switch s {
	case Bold:
		return "\x1b[1m"
	case Dim:
		return "\x1b[2m"
	case Red:
		return "\x1b[31m"
	case Yellow:
		return "\x1b[33m"
	case Green:
		return "\x1b[32m"
	}
	return ""
}

const styleEnd = "\x1b[0m"

// Paint returns text in the style.
func (s Style) Paint(text string) string {
	if s == NoStyle {
		return text
	}
	return s.start() + text + styleEnd
}
