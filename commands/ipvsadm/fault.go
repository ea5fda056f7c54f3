package ipvsadm

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Fault is one thing wrong with a text.
type Fault struct {
	// Line and Column count from 1; columns are characters. Line 0 is a command
	// line that stands in no file.
	Line, Column int
	// Text is what is wrong, as it stands there. It may be empty.
	Text string
	// Why says what is wrong with it.
	Why string

	said complaint
}

// complaint is what ipvsadm itself says of a fault, and its exit status then.
// The zero value is a fault that it does not see, or leaves to the kernel.
type complaint struct {
	text   string
	status int
}

// wrong is a complaint about arguments.
func wrong(text string) complaint { return complaint{text, exitArgument} }

// askHelp stands for the complaint that names the program and no reason.
var askHelp = complaint{"Try", exitRefused}

func (f Fault) Error() string {
	var b strings.Builder
	if f.Line > 0 {
		fmt.Fprintf(&b, "line %d, ", f.Line)
	}
	fmt.Fprintf(&b, "column %d: ", f.Column)
	if f.Text != "" {
		b.WriteString(quote(f.Text))
		b.WriteString(": ")
	}
	b.WriteString(f.Why)
	return b.String()
}

// Faults are all the faults of a text, in its order. As an error it is never
// empty.
type Faults []Fault

func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i := range f {
		lines[i] = f[i].Error()
	}
	return strings.Join(lines, "\n")
}

// maxFaults bounds how many are kept: a file of another kind has one a line.
const maxFaults = 1000

// full tells whether there is no room for another one.
func (f Faults) full() bool { return len(f) >= maxFaults }

// err is f as an error: nil when there is none.
func (f Faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return f
}

// quote shows a text on one line, without anything a terminal obeys.
func quote(s string) string {
	const longest = 80 // bytes
	if len(s) <= longest {
		return strconv.Quote(s)
	}
	cut := longest
	for cut > longest-utf8.UTFMax && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return strconv.Quote(s[:cut]) + "…"
}

// column is the place of a byte in a line, in characters.
func column(line string, at int) int { return utf8.RuneCountInString(line[:at]) + 1 }
