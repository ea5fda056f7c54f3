package ipvsadm

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
)

const (
	// MaxSize is the largest text that is read, in bytes: more than a million
	// servers.
	MaxSize = 64 << 20
	// maxLine is the longest line, in bytes: ten times the longest command.
	maxLine = 4096
)

// Line is a command and its place in the text.
type Line struct {
	Command
	Number int
	// Text is the line as it was read; service and serverAt are words of it.
	Text              string
	service, serverAt word
}

// read calls take with every valid line of a text, and collects the faults of the
// others. The Line is reused, its strings are not.
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
	const why = "too many faults: the rest of the text was not read"
	p.faults = append(p.faults, Fault{Line: last.Line + 1, Column: 1, Why: why})
	return nil
}

// readAhead is the size of the read buffer, which must be larger than a line.
const readAhead = 64 << 10

// limited is a reader that fails when more than left bytes are read.
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
