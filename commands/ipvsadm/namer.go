package ipvsadm

import (
	"bufio"
	"context"
	"io"
	"iter"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"lvs/kernel"
)

// longestName is the longest address with its port when names are shown. A longer
// one is cut, as ipvsadm does.
const longestName = 59

// Limits of a namer.
const (
	askers    = 16      // simultaneous look-ups
	aheadLen  = 256     // connections whose names are looked up together
	mostNames = 1 << 16 // addresses in the cache
)

// namer writes addresses and ports by name if they have one: hosts from /etc/hosts,
// then from DNS, ports from /etc/services. The nil namer writes numbers.
//
// One look-up takes at most lookupTime, and all of them allTime. After that, what is
// not known yet stays a number. (ipvsadm waits for each look-up, one after another.)
type namer struct {
	ctx      context.Context // of the list that needs the names
	left     time.Duration
	hosts    map[netip.Addr]string
	services map[servicePort]string
	// known are the names from DNS. An empty name is an address without one.
	known map[netip.Addr]string
	// reverse looks up the names of an address in DNS.
	reverse func(ctx context.Context, addr string) ([]string, error)
}

type servicePort struct {
	port     uint16
	protocol string
}

// newNamer reads the system's files. A missing file counts as empty.
func newNamer(ctx context.Context) *namer {
	return &namer{
		ctx: ctx, left: allTime,
		hosts:    readFile("/etc/hosts", parseHosts),
		services: readFile("/etc/services", parseServices),
		known:    map[netip.Addr]string{},
		reverse:  net.DefaultResolver.LookupAddr,
	}
}

// append appends ADDR:PORT, or [ADDR]:PORT for IPv6.
func (n *namer) append(b []byte, ap netip.AddrPort, p kernel.Protocol) []byte {
	if n == nil {
		return appendEndpoint(b, ap)
	}
	start, addr := len(b), ap.Addr()
	if addr.Is6() {
		b = append(b, '[')
	}
	if host, ok := n.host(addr); ok {
		b = append(b, host...)
	} else {
		b = appendAddr(b, addr)
	}
	if addr.Is6() {
		b = append(b, ']')
	}
	b = append(b, ':')
	if name := n.services[servicePort{ap.Port(), p.String()}]; name != "" {
		b = append(b, name...)
	} else {
		b = strconv.AppendUint(b, uint64(ap.Port()), 10)
	}
	return b[:min(len(b), start+longestName)]
}

// host returns the name of an address. In /etc/hosts it may be empty.
func (n *namer) host(a netip.Addr) (name string, ok bool) {
	if name, ok = n.hosts[a]; ok {
		return name, true
	}
	name = n.known[a]
	return name, name != ""
}

// learnTable looks up the names of a whole table at once.
func (n *namer) learnTable(s *kernel.Snapshot) {
	if n == nil {
		return
	}
	n.learn(func(yield func(netip.Addr) bool) {
		for i := range s.Services {
			e := &s.Services[i]
			if e.FWMark == 0 && !yield(e.Addr) {
				return
			}
			for j := range e.Servers {
				if !yield(e.Servers[j].Addr.Addr()) {
					return
				}
			}
		}
	})
}

// ahead iterates over connections after it has looked up their names, aheadLen
// connections at a time.
func (n *namer) ahead(conns iter.Seq2[*kernel.Connection, error]) iter.Seq2[*kernel.Connection, error] {
	if n == nil {
		return conns
	}
	return func(yield func(*kernel.Connection, error) bool) {
		batch := make([]kernel.Connection, 0, aheadLen)
		hand := func() bool {
			n.learn(endpoints(batch))
			for i := range batch {
				if !yield(&batch[i], nil) {
					return false
				}
			}
			batch = batch[:0]
			return true
		}
		for c, err := range conns {
			if err != nil {
				if hand() {
					yield(nil, err)
				}
				return
			}
			if batch = append(batch, *c); len(batch) == aheadLen && !hand() {
				return
			}
		}
		hand()
	}
}

func endpoints(batch []kernel.Connection) iter.Seq[netip.Addr] {
	return func(yield func(netip.Addr) bool) {
		for i := range batch {
			c := &batch[i]
			if !yield(c.Client.Addr()) || !yield(c.Virtual.Addr()) || !yield(c.Server.Addr()) {
				return
			}
		}
	}
}

// learn looks up the addresses that are not known yet in DNS.
func (n *namer) learn(addrs iter.Seq[netip.Addr]) {
	if len(n.known) > mostNames {
		clear(n.known)
	}
	var unknown []netip.Addr
	for a := range addrs {
		_, local := n.hosts[a]
		if _, known := n.known[a]; local || known || !a.IsValid() {
			continue
		}
		n.known[a] = ""
		unknown = append(unknown, a)
	}
	if len(unknown) == 0 || n.left <= 0 {
		return
	}
	start := time.Now()
	ctx, cancel := context.WithTimeout(n.ctx, n.left)
	defer cancel()
	names := make([]string, len(unknown))
	var wait sync.WaitGroup
	share := (len(unknown) + askers - 1) / askers
	at := 0
	for part := range slices.Chunk(unknown, share) {
		answers := names[at : at+len(part)]
		at += len(part)
		wait.Go(func() {
			for i, a := range part {
				answers[i] = n.ask(ctx, a)
			}
		})
	}
	wait.Wait()
	for i, a := range unknown {
		n.known[a] = names[i]
	}
	n.left -= time.Since(start)
}

// ask returns the first name of an address in DNS, or the empty string. Like the C
// library it looks up ::a.b.c.d as a.b.c.d.
func (n *namer) ask(ctx context.Context, a netip.Addr) string {
	if ctx.Err() != nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	if v4, ok := compatible(a); ok {
		a = v4
	}
	names, _ := n.reverse(ctx, a.String())
	if len(names) == 0 {
		return ""
	}
	return strings.TrimSuffix(names[0], ".")
}

// readFile parses a file of the system. A file that cannot be read counts as empty.
func readFile[K comparable](path string, parse func(io.Reader) map[K]string) map[K]string {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	return parse(f)
}

// parseHosts parses hosts(5). The name of an address is the first name in its first
// line; if the line has none, the name is empty. As in the C library, a line for
// ::ffff:a.b.c.d is also one for a.b.c.d, and a line for ::1 one for 127.0.0.1.
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

// parseServices parses services(5): NAME PORT/PROTOCOL.
func parseServices(r io.Reader) map[servicePort]string {
	names := map[servicePort]string{}
	for words := range fields(r) {
		if len(words) < 2 {
			continue
		}
		number, protocol, _ := strings.Cut(words[1], "/")
		port, err := strconv.ParseUint(number, 0, 16) // with 0x or a leading 0, as in C
		at := servicePort{uint16(port), protocol}
		if _, ok := names[at]; err == nil && !ok {
			names[at] = words[0]
		}
	}
	return names
}

// fields iterates over the words of the lines that are not empty, without comments.
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
