package ipvsadm

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Fault is one error in a text.
type Fault struct {
	// Line and Column count from 1; columns are characters. Line is 0 for a command
	// line that is not in a file.
	Line, Column int
	// Text is the wrong text, which may be empty.
	Text string
	// Why says what is wrong, or what is wanted in its place.
	Why string
	// Name is set if the name of a host or of a port cannot be looked up.
	Name bool

	said complaint
}

// complaint is what ipvsadm prints for a fault, and its exit status. The zero value
// is a fault that ipvsadm does not detect, or leaves to the kernel.
type complaint struct {
	text   string
	status int
}

// wrong returns a complaint about arguments.
func wrong(text string) complaint { return complaint{text, exitArgument} }

// askHelp is the complaint that names the program and no reason.
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

// Faults are the faults of a text, in its order. As an error it is never empty.
type Faults []Fault

func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i := range f {
		lines[i] = f[i].Error()
	}
	return strings.Join(lines, "\n")
}

// maxFaults limits the number of faults: a file of another type has one per line.
const maxFaults = 1000

// full reports whether the limit is reached.
func (f Faults) full() bool { return len(f) >= maxFaults }

// err returns f as an error, or nil if there are no faults.
func (f Faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return f
}

// quote returns a text on one line, without control characters.
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

// column returns the position of a byte in a line, in characters.
func column(line string, at int) int { return utf8.RuneCountInString(line[:at]) + 1 }
