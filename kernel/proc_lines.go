package kernel

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/netip"
)

// maxLine is the longest line that is read from /proc. The kernel's longest is an
// IPv6 connection with SIP data, below 400 bytes.
const maxLine = 4096

// readLen is the size of the read buffer. The kernel returns at most a page per
// call.
const readLen = 64 << 10

// lines iterates over the lines of r. Each is valid until the next step.
func lines(r io.Reader) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		s := bufio.NewScanner(r)
		s.Buffer(make([]byte, readLen), readLen)
		for s.Scan() {
			if len(s.Bytes()) > maxLine {
				yield(nil, errLine(s.Bytes()[:40]))
				return
			}
			if !yield(s.Bytes(), nil) {
				return
			}
		}
		if err := s.Err(); err != nil {
			yield(nil, err)
		}
	}
}

var errFormat = errors.New("unknown format (known: Linux 4.1 to 7.2)")

func errLine(line []byte) error { return fmt.Errorf("line %.80q: %w", line, errFormat) }

// cutField splits a line after its first field. Fields are separated by spaces.
func cutField(b []byte) (field, rest []byte) {
	i := 0
	for i < len(b) && b[i] == ' ' {
		i++
	}
	j := i
	for j < len(b) && b[j] != ' ' {
		j++
	}
	return b[i:j], b[j:]
}

// parseHex parses a hexadecimal number of up to 64 bits.
func parseHex(b []byte) (uint64, bool) {
	if len(b) == 0 || len(b) > 16 {
		return 0, false
	}
	var n uint64
	for _, c := range b {
		d := hexDigit(c)
		if d > 15 {
			return 0, false
		}
		n = n<<4 | uint64(d)
	}
	return n, true
}

// parseHex32 parses the first 8 hexadecimal digits of b.
func parseHex32(b []byte) (a [4]byte, ok bool) {
	ok = true
	for i := range a {
		x, valid := hexPair(b[2*i], b[2*i+1])
		a[i], ok = x, ok && valid
	}
	return a, ok
}

// hexPair parses two hexadecimal digits.
func hexPair(high, low byte) (byte, bool) {
	h, l := hexDigit(high), hexDigit(low)
	return h<<4 | l&15, h|l < 16
}

func hexDigit(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	}
	return 255
}

// parseDecimal parses an unsigned decimal number.
func parseDecimal(b []byte) (uint64, bool) {
	if len(b) == 0 || len(b) > 19 {
		return 0, false
	}
	var n uint64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return n, true
}

// parseHexAddr parses C0000201, or the 39 characters of an IPv6 address with all
// its digits, with or without brackets.
func parseHexAddr(b []byte) (netip.Addr, bool) {
	if len(b) == 8 {
		n, ok := parseHex(b)
		return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}), ok
	}
	if len(b) == 41 && b[0] == '[' && b[40] == ']' {
		b = b[1:40]
	}
	if len(b) != 39 {
		return netip.Addr{}, false
	}
	var a [16]byte
	for i := range a {
		at := i*2 + i/2
		hi, lo := hexDigit(b[at]), hexDigit(b[at+1])
		if hi > 15 || lo > 15 || i%2 == 1 && at+2 < len(b) && b[at+2] != ':' {
			return netip.Addr{}, false
		}
		a[i] = hi<<4 | lo
	}
	return netip.AddrFrom16(a), true
}

// parseProtocol parses a name from ip_vs_proto_name. IP, the protocol of a
// firewall mark's persistence template, is 0.
func parseProtocol(b []byte) (Protocol, bool) {
	switch string(b) {
	case "TCP":
		return TCP, true
	case "UDP":
		return UDP, true
	case "SCTP":
		return SCTP, true
	case "IP":
		return 0, true
	case "ICMP":
		return 1, true
	case "ICMPv6":
		return 58, true
	}
	if num, ok := bytes.CutPrefix(b, []byte("IP_")); ok {
		n, ok := parseDecimal(num)
		return Protocol(n), ok && n < 256
	}
	return 0, false
}
