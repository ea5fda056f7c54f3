package lab

import (
	"strings"
	"unicode/utf8"
)

// parser cuts what a program writes into characters and sequences.
type parser struct {
	state   func(*parser, *Screen, byte)
	pending []byte
}

func (p *parser) next(s *Screen, c byte) {
	if p.state == nil {
		p.state = (*parser).ground
	}
	p.state(p, s, c)
}

func (p *parser) to(state func(*parser, *Screen, byte)) { p.state, p.pending = state, nil }

func (p *parser) ground(s *Screen, c byte) {
	switch {
	case c == 0x1b:
		if len(p.pending) > 0 {
			s.fault("half a character %q", p.pending)
		}
		p.to((*parser).escape)
	case c < 0x20 || c == 0x7f:
		s.control(c)
	default:
		p.pending = append(p.pending, c)
		if r, n := utf8.DecodeRune(p.pending); n == len(p.pending) && r != utf8.RuneError {
			s.put(r)
			p.pending = p.pending[:0]
		} else if len(p.pending) >= utf8.UTFMax {
			s.fault("no character: %q", p.pending)
			p.pending = p.pending[:0]
		}
	}
}

func (p *parser) escape(s *Screen, c byte) {
	switch c {
	case '[':
		p.to((*parser).csi)
	case ']', 'P', '_', '^':
		p.to((*parser).text)
		p.pending = []byte{c}
	case '(', ')':
		p.to((*parser).charset)
	default:
		p.to((*parser).ground)
		s.simple(c)
	}
}

// charset ends a choice of characters, of which only ASCII is known.
func (p *parser) charset(s *Screen, c byte) {
	if c != 'B' {
		s.fault("character set %q", c)
	}
	p.to((*parser).ground)
}

func (p *parser) csi(s *Screen, c byte) {
	p.pending = append(p.pending, c)
	if c < 0x40 {
		return
	}
	sequence := string(p.pending)
	p.to((*parser).ground)
	s.sequence(sequence)
}

// text collects OSC and DCS until BEL or ST.
func (p *parser) text(s *Screen, c byte) {
	p.pending = append(p.pending, c)
	text, ended := strings.CutSuffix(string(p.pending), "\x1b\\")
	if !ended && p.pending[0] == ']' {
		text, ended = strings.CutSuffix(string(p.pending), "\a")
	}
	if ended {
		p.to((*parser).ground)
		s.command(text)
	}
}
