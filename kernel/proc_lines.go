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

const (
	// readLen is the size of the read buffer. The kernel returns at most a page per
	// call.
	readLen = 64 << 10
	// readConnLen is the same for a list of connections. When it is full, Listing looks
	// whether the table was resized.
	readConnLen = 256 << 10
)

// lines iterates over the lines of r, which it reads in pieces of size bytes. Each is valid
// until the next step.
func lines(r io.Reader, size int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		s := bufio.NewScanner(r)
		s.Buffer(make([]byte, size), size)
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
	n, valid := uint64(0), byte(validDigit)
	for _, c := range b {
		d := hexDigits[c]
		n, valid = n<<4|uint64(d&15), valid&d
	}
	return n, valid != 0
}

// hexDigits has the value of each hexadecimal digit, and validDigit with it.
var hexDigits = [256]byte{
	'0': validDigit, '1': validDigit | 1, '2': validDigit | 2, '3': validDigit | 3, '4': validDigit | 4,
	'5': validDigit | 5, '6': validDigit | 6, '7': validDigit | 7, '8': validDigit | 8, '9': validDigit | 9,
	'A': validDigit | 10, 'B': validDigit | 11, 'C': validDigit | 12, 'D': validDigit | 13, 'E': validDigit | 14,
	'F': validDigit | 15,
	'a': validDigit | 10, 'b': validDigit | 11, 'c': validDigit | 12, 'd': validDigit | 13, 'e': validDigit | 14,
	'f': validDigit | 15,
}

const validDigit = 16

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
	for i := range 8 {
		at := i * len("2001:")
		n, ok := parseHex(b[at : at+4])
		if !ok || i < 7 && b[at+4] != ':' {
			return netip.Addr{}, false
		}
		a[2*i], a[2*i+1] = byte(n>>8), byte(n)
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
