package kernel

import (
	"encoding/binary"
	"errors"
	"iter"
)

var (
	host = binary.NativeEndian
	net  = binary.BigEndian

	errShort = errors.New("the kernel's answer is truncated")
)

// beginMessage appends the headers of a request; endMessage sets its length.
func beginMessage(b []byte, family uint16, cmd uint8, flags uint16, seq uint32) []byte {
	b = host.AppendUint32(b, 0)
	b = host.AppendUint16(b, family)
	b = host.AppendUint16(b, flagRequest|flags)
	b = host.AppendUint32(b, seq)
	b = host.AppendUint32(b, 0)    // port ID: set by the kernel
	return append(b, cmd, 1, 0, 0) // genlmsghdr: command, version
}

func endMessage(b []byte, start int) []byte {
	host.PutUint32(b[start:], uint32(len(b)-start))
	return b
}

// openNest begins an attribute that contains attributes; closeNest ends it.
func openNest(b []byte, typ uint16) (out []byte, at int) {
	at = len(b)
	b = host.AppendUint16(b, 0)
	return host.AppendUint16(b, typ), at
}

func closeNest(b []byte, at int) []byte {
	host.PutUint16(b[at:], uint16(len(b)-at))
	return b
}

func appendAttrHeader(b []byte, typ uint16, size int) []byte {
	b = host.AppendUint16(b, uint16(attrLen+size))
	return host.AppendUint16(b, typ)
}

func appendU8(b []byte, typ uint16, v uint8) []byte {
	return append(appendAttrHeader(b, typ, 1), v, 0, 0, 0)
}

func appendU16(b []byte, typ, v uint16) []byte {
	return append(host.AppendUint16(appendAttrHeader(b, typ, 2), v), 0, 0)
}

// appendPort appends a port, in network byte order.
func appendPort(b []byte, typ, v uint16) []byte {
	return append(net.AppendUint16(appendAttrHeader(b, typ, 2), v), 0, 0)
}

func appendU32(b []byte, typ uint16, v uint32) []byte {
	return host.AppendUint32(appendAttrHeader(b, typ, 4), v)
}

func appendBE32(b []byte, typ uint16, v uint32) []byte {
	return net.AppendUint32(appendAttrHeader(b, typ, 4), v)
}

// appendText appends a string with its final zero.
func appendText(b []byte, typ uint16, s string) []byte {
	b = append(appendAttrHeader(b, typ, len(s)+1), s...)
	b = append(b, 0)
	return pad(b, len(s)+1)
}

func appendBytes(b []byte, typ uint16, v []byte) []byte {
	return pad(append(appendAttrHeader(b, typ, len(v)), v...), len(v))
}

func pad(b []byte, size int) []byte {
	for ; size%4 != 0; size++ {
		b = append(b, 0)
	}
	return b
}

// message is one netlink message as received.
type message struct {
	Type  uint16
	Flags uint16
	Seq   uint32
	Body  []byte
}

// messages iterates over the messages of a datagram. It calls yield in one place
// only, so that the compiler can inline the loop's body; so does attrs.
func messages(b []byte) iter.Seq2[message, error] {
	return func(yield func(message, error) bool) {
		for len(b) > 0 {
			m, size, err := firstMessage(b)
			if !yield(m, err) || err != nil {
				return
			}
			b = b[min(align(size), len(b)):]
		}
	}
}

func firstMessage(b []byte) (m message, size int, err error) {
	if len(b) < headerLen {
		return m, 0, errShort
	}
	if size = int(host.Uint32(b)); size < headerLen || size > len(b) {
		return m, 0, errShort
	}
	m = message{Type: host.Uint16(b[4:]), Flags: host.Uint16(b[6:]), Seq: host.Uint32(b[8:]), Body: b[headerLen:size]}
	return m, size, nil
}

// errno returns the error number of an error or done message; zero is success.
func (m message) errno() (int, error) {
	if len(m.Body) < 4 {
		if m.Type == msgDone {
			return 0, nil
		}
		return 0, errShort
	}
	return -int(int32(host.Uint32(m.Body))), nil
}

// payload returns the attributes after the generic netlink header.
func (m message) payload() ([]byte, error) {
	if len(m.Body) < genlLen {
		return nil, errShort
	}
	return m.Body[genlLen:], nil
}

// attr is one attribute as received.
type attr struct {
	Type uint16
	Data []byte
}

// attrs iterates over attributes.
func attrs(b []byte) iter.Seq2[attr, error] {
	return func(yield func(attr, error) bool) {
		for len(b) > 0 {
			a, size, err := firstAttr(b)
			if !yield(a, err) || err != nil {
				return
			}
			b = b[min(align(size), len(b)):]
		}
	}
}

func firstAttr(b []byte) (a attr, size int, err error) {
	if len(b) < attrLen {
		return a, 0, errShort
	}
	if size = int(host.Uint16(b)); size < attrLen || size > len(b) {
		return a, 0, errShort
	}
	return attr{Type: host.Uint16(b[2:]) & attrTypeMask, Data: b[attrLen:size]}, size, nil
}

// number returns an unsigned integer of any width that the kernel uses.
func (a attr) number() uint64 {
	switch len(a.Data) {
	case 1:
		return uint64(a.Data[0])
	case 2:
		return uint64(host.Uint16(a.Data))
	case 4:
		return uint64(host.Uint32(a.Data))
	case 8:
		return host.Uint64(a.Data)
	}
	return 0
}

// port returns a port, which is in network byte order.
func (a attr) port() uint16 {
	if len(a.Data) < 2 {
		return 0
	}
	return net.Uint16(a.Data)
}

// text returns a string without its final zero.
func (a attr) text() []byte {
	for i, c := range a.Data {
		if c == 0 {
			return a.Data[:i]
		}
	}
	return a.Data
}

func align(n int) int { return (n + 3) &^ 3 }
