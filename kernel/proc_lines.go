package kernel

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/netip"
	"time"
)

// maxLine is the longest line read from /proc. The longest the kernel writes is
// an IPv6 connection with SIP data, below 400 bytes.
const maxLine = 4096

// readLen is how much of /proc is read at a time. The kernel gives a page a
// call at most.
const readLen = 64 << 10

// lines walks the lines of r without keeping them.
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

var errFormat = errors.New("not in the form that Linux 4.1 to 7.2 writes")

func errLine(line []byte) error { return fmt.Errorf("line %.80q: %w", line, errFormat) }

// cutField cuts the first field, between blanks, off a line.
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

// parseHex reads a hexadecimal number of up to 64 bits.
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

// parseDecimal reads an unsigned decimal number.
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

// parseHexAddr reads C0000201, or the 39 characters of an IPv6 address with
// every digit, in brackets or bare.
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

// parseProtocol reads ip_vs_proto_name's word. IP, which a firewall-mark
// template has, is 0.
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

// connectionParser reads lines of /proc/net/ip_vs_conn and ip_vs_conn_sync.
type connectionParser struct {
	origin bool  // the line has an origin instead of an engine
	names  names // states and origins, few and repeated
}

// parse fills c from one line.
func (p *connectionParser) parse(line []byte, c *Connection) error {
	*c = Connection{}
	field, rest := cutField(line)
	ok := false
	if c.Protocol, ok = parseProtocol(field); !ok {
		return errLine(line)
	}
	for _, ap := range []*netip.AddrPort{&c.Client, &c.Virtual, &c.Server} {
		var host, port []byte
		host, rest = cutField(rest)
		port, rest = cutField(rest)
		a, okAddr := parseHexAddr(host)
		n, okPort := parseHex(port)
		if !okAddr || !okPort || n > 65535 {
			return errLine(line)
		}
		*ap = netip.AddrPortFrom(a, uint16(n))
	}
	field, rest = cutField(rest)
	if len(field) == 0 {
		return errLine(line)
	}
	c.State = p.names.of(field)
	if p.origin {
		field, rest = cutField(rest)
		c.Origin = p.names.of(field)
	}
	field, rest = cutField(rest)
	seconds, ok := parseDecimal(field)
	if !ok || seconds > 1<<32 {
		return errLine(line)
	}
	c.Expires = time.Duration(seconds) * time.Second
	if field, rest = cutField(rest); len(field) > 0 {
		c.Engine = p.names.of(field)
		c.EngineData = string(bytes.TrimLeft(rest, " "))
	}
	return nil
}

// readConnections walks a connection list. Its first line is the header.
func readConnections(r io.Reader, from ConnectionSource) iter.Seq2[*Connection, error] {
	return func(yield func(*Connection, error) bool) {
		p := connectionParser{origin: from == WithOrigin, names: names{}}
		var c Connection
		first := true
		for line, err := range lines(r) {
			if first && err == nil {
				first = false
				continue
			}
			if err == nil {
				err = p.parse(line, &c)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(&c, nil) {
				return
			}
		}
	}
}
