package ipvsadm

import (
	"bufio"
	"io"
	"iter"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// readFile parses a file of the system. What cannot be read of it is not there.
func readFile[K comparable](path string, parse func(io.Reader) map[K]string) map[K]string {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	return parse(f)
}

// parseHosts reads hosts(5). An address's name is the first one of its first
// line, which may have none: then the name is empty. As in the C library, a line of ::ffff:a.b.c.d is one of a.b.c.d too, and
// one of ::1 is one of 127.0.0.1.
func parseHosts(r io.Reader) map[netip.Addr]string {
	names := map[netip.Addr]string{}
	add := func(a netip.Addr, name string) {
		if _, ok := names[a]; !ok {
			names[a] = name
		}
	}
	for words := range fields(r) {
		a, err := netip.ParseAddr(words[0])
		if err != nil || a.Zone() != "" {
			continue
		}
		name := ""
		if len(words) > 1 {
			name = words[1]
		}
		add(a, name)
		switch {
		case a.Is4In6():
			add(a.Unmap(), name)
		case a == netip.IPv6Loopback():
			add(netip.AddrFrom4([4]byte{127, 0, 0, 1}), name)
		}
	}
	return names
}

// parseServices reads services(5): NAME PORT/PROTOCOL.
func parseServices(r io.Reader) map[servicePort]string {
	names := map[servicePort]string{}
	for words := range fields(r) {
		if len(words) < 2 {
			continue
		}
		number, protocol, _ := strings.Cut(words[1], "/")
		port, err := strconv.ParseUint(number, 0, 16) // 0x and a leading 0 count, as in C
		at := servicePort{uint16(port), protocol}
		if _, ok := names[at]; err == nil && !ok {
			names[at] = words[0]
		}
	}
	return names
}

// fields walks the lines that have any word, without comments.
func fields(r io.Reader) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		for lines := bufio.NewScanner(r); lines.Scan(); {
			text, _, _ := strings.Cut(lines.Text(), "#")
			if words := strings.Fields(text); len(words) > 0 && !yield(words) {
				return
			}
		}
	}
}
