package kernel

import (
	"bytes"
	"io"
	"net/netip"
	"strings"
)

// readPublicTable parses /proc/net/ip_vs, the part of the table that every user may
// read.
func readPublicTable(r io.Reader, s *Snapshot) error {
	number := 0
	n := names{}
	for line, err := range lines(r, readLen) {
		if err != nil {
			return err
		}
		number++
		switch {
		case number == 1:
			readTitle(line, &s.Info)
		case number <= 3: // column titles
		case bytes.HasPrefix(line, []byte("  -> ")):
			if len(s.Services) == 0 {
				return errLine(line)
			}
			e := &s.Services[len(s.Services)-1]
			server, ok := parsePublicServer(line[5:])
			if !ok {
				return errLine(line)
			}
			if e.FWMark != 0 && len(e.Servers) == 0 {
				// The file has no family for a mark. It is that of its servers, unless
				// a tunnel connects two families.
				e.Family = FamilyOf(server.Addr.Addr())
			}
			e.Servers = append(e.Servers, server)
		default:
			service, ok := parsePublicService(line, n)
			if !ok {
				return errLine(line)
			}
			s.Services = append(s.Services, service)
		}
	}
	return nil
}

// readTitle parses "IP Virtual Server version 1.2.1 (size=4096)".
func readTitle(line []byte, i *Info) {
	_, rest, _ := bytes.Cut(line, []byte("version "))
	version, size, _ := bytes.Cut(rest, []byte(" (size="))
	for part := range bytes.SplitSeq(version, []byte(".")) {
		n, _ := parseDecimal(part)
		i.Version = i.Version<<8 | Version(n)
	}
	n, _ := parseDecimal(bytes.TrimSuffix(size, []byte(")")))
	i.ConnTableSize = uint32(n)
}

func parsePublicService(line []byte, n names) (e ServiceEntry, ok bool) {
	e.Servers = []ServerEntry{}
	proto, rest := cutField(line)
	where, rest := cutField(rest)
	if string(proto) == "FWM" {
		mark, okMark := parseHex(where)
		if !okMark || mark == 0 || mark > 1<<32-1 {
			return e, false
		}
		e.ServiceID = MarkID(uint32(mark), IPv4)
	} else {
		p, okProto := parseProtocol(proto)
		ap, okAddr := parseHexAddrPort(where)
		if !okProto || !okAddr {
			return e, false
		}
		e.ServiceID = AddressID(p, ap)
	}
	scheduler, rest := cutField(rest)
	if len(scheduler) == 0 {
		return e, false
	}
	e.Scheduler = n.of(scheduler)
	return e, parsePublicFlags(strings.Fields(string(rest)), &e)
}

// parsePublicFlags parses "ops" and "persistent TICKS MASK". The length of a tick
// is not known, so the persistence stays unknown.
func parsePublicFlags(words []string, e *ServiceEntry) bool {
	for i := 0; i < len(words); i++ {
		switch words[i] {
		case "ops":
			e.OnePacket = true
		case "persistent":
			i += 2
			if i >= len(words) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

func parsePublicServer(line []byte) (e ServerEntry, ok bool) {
	where, rest := cutField(line)
	if e.Addr, ok = parseHexAddrPort(where); !ok {
		return e, false
	}
	forward, rest := cutField(rest)
	switch string(forward) {
	case "Masq":
		e.Forward = NAT
	case "Local":
		e.Forward = Local
	case "Tunnel":
		e.Forward = Tunneling
	case "Route":
		e.Forward = Direct
	case "Bypass":
		e.Forward = Bypass
	default:
		return e, false
	}
	var n [3]uint64
	for i := range n {
		var field []byte
		field, rest = cutField(rest)
		if n[i], ok = parseDecimal(field); !ok || n[i] > 1<<32-1 {
			return e, false
		}
	}
	e.Weight, e.Active, e.Inactive = int(n[0]), uint32(n[1]), uint32(n[2])
	return e, true
}

// parseHexAddrPort parses C0000201:0050 or [2001:0db8:…:0001]:0050.
func parseHexAddrPort(b []byte) (netip.AddrPort, bool) {
	i := bytes.LastIndexByte(b, ':')
	if i < 0 {
		return netip.AddrPort{}, false
	}
	a, ok := parseHexAddr(b[:i])
	port, okPort := parseHex(b[i+1:])
	return netip.AddrPortFrom(a, uint16(port)), ok && okPort && port <= 65535
}

// readTotals parses /proc/net/ip_vs_stats: two rows of five hexadecimal numbers,
// each below two rows of titles.
func readTotals(r io.Reader) (Stats, error) {
	var rows [][5]uint64
	for line, err := range lines(r, readLen) {
		if err != nil {
			return Stats{}, err
		}
		if row, ok := parseTotals(line); ok {
			rows = append(rows, row)
		}
	}
	if len(rows) != 2 {
		return Stats{}, errFormat
	}
	c, p := rows[0], rows[1]
	return Stats{Counters: Counters{c[0], c[1], c[2], c[3], c[4]}, Rates: Rates{p[0], p[1], p[2], p[3], p[4]}}, nil
}

func parseTotals(line []byte) (row [5]uint64, ok bool) {
	for i := range row {
		var field []byte
		field, line = cutField(line)
		if row[i], ok = parseHex(field); !ok {
			return row, false
		}
	}
	field, _ := cutField(line)
	return row, len(field) == 0
}

// readTableStatus parses the "Name:	value" lines of /proc/net/ip_vs_status.
func readTableStatus(r io.Reader) ([]TableStatus, error) {
	out := []TableStatus{}
	for line, err := range lines(r, readLen) {
		if err != nil {
			return nil, err
		}
		if name, value, ok := bytes.Cut(line, []byte(":")); ok {
			out = append(out, TableStatus{Name: string(name), Value: string(bytes.TrimSpace(value))})
		}
	}
	return out, nil
}
