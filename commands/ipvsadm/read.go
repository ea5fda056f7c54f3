package ipvsadm

import (
	"fmt"
	"io"
	"strings"
)

const (
	// MaxSize is the longest text that is read, in bytes: more than a million
	// servers.
	MaxSize = 64 << 20
	// maxLine is the longest line, in bytes: ten times what any command needs.
	maxLine = 4096
)

// Line is a command and where it stands.
type Line struct {
	Command
	Number int
	// Text is the line as it stands, and the rest where the service and the
	// server stand in it.
	Text              string
	service, serverAt word
}

// ParseSave reads a text of command lines, as ipvsadm -S writes it. Empty lines
// and comments are passed over. The error is Faults, unless reading failed or
// the text is too long; then nothing is known of its lines.
func ParseSave(r io.Reader, names Names) ([]Line, error) {
	text, err := readAll(r)
	if err != nil {
		return nil, err
	}
	lines := make([]Line, 0, strings.Count(text, "\n")+1)
	p := &parser{names: names}
	for number := 1; text != "" && !p.faults.full(); number++ {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		if len(line) > maxLine {
			p.line, p.number = line, number
			p.fault(word{line[:maxLine], 0}, fmt.Sprintf("the line is longer than %d bytes", maxLine))
			continue
		}
		if c, ok := p.parse(line, number); ok {
			lines = append(lines, Line{c, number, line, p.serviceAt, p.serverAt})
		}
	}
	if p.faults.full() {
		last := p.faults[len(p.faults)-1]
		p.faults = append(p.faults, Fault{Line: last.Line + 1, Column: 1, Why: "too many faults; the text was not read further"})
	}
	return lines, p.faults.err()
}

// readAll reads a text of bounded length.
func readAll(r io.Reader) (string, error) {
	var b strings.Builder
	n, err := io.Copy(&b, io.LimitReader(r, MaxSize+1))
	switch {
	case err != nil:
		return "", err
	case n > MaxSize:
		return "", fmt.Errorf("the text is longer than %d MiB", MaxSize>>20)
	}
	return b.String(), nil
}
