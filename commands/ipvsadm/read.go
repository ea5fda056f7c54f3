package ipvsadm

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
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
	lines := []Line{}
	p := &parser{names: names}
	if err := p.read(r, func(l *Line) { lines = append(lines, *l) }); err != nil {
		return nil, err
	}
	return lines, p.faults.err()
}

// read gives every good line of a text to take, and keeps the faults of the
// others. The line is reused; its texts are not.
func (p *parser) read(r io.Reader, take func(*Line)) error {
	in := bufio.NewReaderSize(&limited{r, MaxSize}, readAhead)
	line := new(Line)
	for number := 1; !p.faults.full(); number++ {
		b, err := in.ReadSlice('\n')
		if len(b) > maxLine {
			p.line, p.number = string(b[:maxLine]), number
			p.fault(word{p.line, 0}, fmt.Sprintf("the line is longer than %d bytes", maxLine), askHelp)
			for err == bufio.ErrBufferFull {
				_, err = in.ReadSlice('\n')
			}
		} else {
			text := string(bytes.TrimSuffix(b, []byte("\n")))
			if c, ok := p.parse(text, number); ok {
				*line = Line{c, number, text, p.serviceAt, p.serverAt}
				take(line)
			}
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
	}
	last := p.faults[len(p.faults)-1]
	p.faults = append(p.faults, Fault{Line: last.Line + 1, Column: 1, Why: "too many faults: the rest of the text was not read"})
	return nil
}

// readAhead must be more than a line.
const readAhead = 64 << 10

// limited fails when more than a number of bytes is read.
type limited struct {
	io.Reader
	left int
}

func (l *limited) Read(b []byte) (int, error) {
	n, err := l.Reader.Read(b)
	if l.left -= n; l.left < 0 {
		return 0, fmt.Errorf("the text is longer than %d MiB", MaxSize>>20)
	}
	return n, err
}
