package ipvsadm

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"lvs/kernel"
)

// Names looks up the names of hosts and ports. A parser without it refuses names.
type Names interface {
	// Host returns the first address of a host in the family.
	Host(name string, f kernel.Family) (netip.Addr, error)
	// Port returns the port with a name.
	Port(name string, p kernel.Protocol) (uint16, error)
}

// SystemNames returns the names of the system's resolver and of its list of ports. It
// caches hosts, also those that do not exist. One look-up takes at most lookupTime,
// and all of them allTime.
func SystemNames(ctx context.Context) Names {
	return &systemNames{ctx: ctx, left: allTime, known: map[question]answer{}}
}

// How long a resolver may delay the reading of a text.
const (
	lookupTime = 5 * time.Second
	allTime    = 20 * time.Second
)

var errTooSlow = errors.New("the resolver is too slow; no more names are looked up")

type systemNames struct {
	ctx   context.Context // of the reading that needs the names
	left  time.Duration
	known map[question]answer
}

type question struct {
	name   string
	family kernel.Family
}

type answer struct {
	addr netip.Addr
	err  error
}

func (s *systemNames) Host(name string, f kernel.Family) (netip.Addr, error) {
	q := question{name, f}
	if a, ok := s.known[q]; ok {
		return a.addr, a.err
	}
	addr, err := s.ask(q)
	s.known[q] = answer{addr, err}
	return addr, err
}

func (s *systemNames) ask(q question) (netip.Addr, error) {
	if s.left <= 0 {
		return netip.Addr{}, errTooSlow
	}
	start := time.Now()
	defer func() { s.left -= time.Since(start) }()
	ctx, cancel := context.WithTimeout(s.ctx, min(lookupTime, s.left))
	defer cancel()
	network := "ip4"
	if q.family == kernel.IPv6 {
		network = "ip6"
	}
	found, err := net.DefaultResolver.LookupNetIP(ctx, network, q.name)
	switch {
	case ctx.Err() != nil && s.ctx.Err() == nil:
		return netip.Addr{}, errors.New("the resolver did not answer in time")
	case err != nil:
		var dns *net.DNSError
		if errors.As(err, &dns) {
			return netip.Addr{}, errors.New(dns.Err)
		}
		return netip.Addr{}, err
	case len(found) == 0:
		return netip.Addr{}, fmt.Errorf("the host has no %v address", q.family)
	case q.family == kernel.IPv4:
		return found[0].Unmap(), nil
	}
	return found[0], nil
}

func (s *systemNames) Port(name string, p kernel.Protocol) (uint16, error) {
	if p == kernel.SCTP {
		return 0, errors.New("want the number of an SCTP port")
	}
	n, err := net.DefaultResolver.LookupPort(s.ctx, p.String(), name)
	if err != nil {
		return 0, fmt.Errorf("no %v service has this name", p)
	}
	return uint16(n), nil
}
