package health

import "errors"

// BER is the encoding of LDAP (X.690). Only what RFC 4511, 5.1 allows is read: definite
// lengths. Lengths may have more bytes than they need, which encoding/asn1 refuses and some
// servers send.

// The tags.
const (
	berBoolean  = 0x01
	berInt      = 0x02
	berOctets   = 0x04
	berEnum     = 0x0a
	berSequence = 0x30
)

// ber returns an element. Its parts are shorter than 64 KiB together.
func ber(tag byte, parts ...[]byte) []byte {
	length := 0
	for _, p := range parts {
		length += len(p)
	}
	b := []byte{tag, byte(length)}
	if length > 0x7f {
		b = []byte{tag, 0x82, byte(length >> 8), byte(length)}
	}
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// berText returns a text. One that is too long for ber is cut: no name is that long.
func berText(tag byte, text string) []byte {
	const most = 32 << 10
	return ber(tag, []byte(text[:min(len(text), most)]))
}

// berInteger and berEnumerated return a number below 128.
func berInteger(n int) []byte    { return []byte{berInt, 1, byte(n)} }
func berEnumerated(n int) []byte { return []byte{berEnum, 1, byte(n)} }

// element is what ber encodes.
type element struct {
	tag  byte
	body []byte
}

var errBER = errors.New("not BER")

// cutElement returns the first element of some bytes, and what follows.
func cutElement(b []byte) (first element, rest []byte, err error) {
	if len(b) < 2 {
		return element{}, nil, errBER
	}
	size := berLengthSize(b[1])
	if size < 0 || len(b) < 2+size {
		return element{}, nil, errBER
	}
	length := berLength(b[1], b[2:2+size])
	body := b[2+size:]
	if length > len(body) {
		return element{}, nil, errBER
	}
	return element{b[0], body[:length]}, body[length:], nil
}

// element reads one element.
func (p *packets) element() (tag byte, body []byte, err error) {
	head, err := p.read(2)
	if err != nil {
		return 0, nil, err
	}
	size := berLengthSize(head[1])
	if head[0] != berSequence || size < 0 {
		return 0, nil, errNoLDAP // a text of another protocol
	}
	more, err := p.read(size)
	if err != nil {
		return 0, nil, err
	}
	body, err = p.read(berLength(head[1], more))
	return head[0], body, err
}

// berLengthSize returns how many bytes follow the first byte of a length: up to four, -1 is
// not allowed.
func berLengthSize(first byte) int {
	switch {
	case first < 0x80:
		return 0
	case first > 0x80 && first <= 0x84:
		return int(first & 0x7f)
	}
	return -1
}

// berLength returns a length.
func berLength(first byte, more []byte) int {
	if len(more) == 0 {
		return int(first)
	}
	length := 0
	for _, b := range more {
		length = length<<8 | int(b)
	}
	return min(length, 1<<31-1) // also if an int has 32 bits
}
