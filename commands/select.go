package commands

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"lvs/kernel"
)

// selector names services: by the text form as an argument, or with ipvsadm's
// options, because fingers remember.
type selector struct {
	tcp, udp, sctp, mark string
	ipv6                 bool
}

func (s *selector) register(c *cobra.Command) {
	s.registerNamed(c, "6")
}

// registerNamed offers the options; six is the short form of --ipv6, if any.
func (s *selector) registerNamed(c *cobra.Command, six string) {
	f := c.Flags()
	f.StringVarP(&s.tcp, "tcp-service", "t", "", "in place of SERVICE: the TCP service at `ADDR:PORT`")
	f.StringVarP(&s.udp, "udp-service", "u", "", "in place of SERVICE: the UDP service at `ADDR:PORT`")
	f.StringVar(&s.sctp, "sctp-service", "", "in place of SERVICE: the SCTP service at `ADDR:PORT`")
	f.StringVarP(&s.mark, "fwmark-service", "f", "", "in place of SERVICE: the service of firewall mark `N`, 1 to 4294967295")
	f.BoolVarP(&s.ipv6, "ipv6", six, false, "with --fwmark-service: the mark's IPv6 service (default IPv4)")
}

// given reads the option form; ok tells whether there was one.
func (s *selector) given() (id kernel.ServiceID, ok bool, err error) {
	text := ""
	for _, o := range []struct{ prefix, value string }{
		{"tcp://", s.tcp}, {"udp://", s.udp}, {"sctp://", s.sctp}, {"fwmark:", s.mark},
	} {
		switch {
		case o.value == "":
			continue
		case text != "":
			return id, true, usagef("one service at a time: -t, -u, --sctp-service and -f exclude one another")
		}
		text = o.prefix + o.value
	}
	switch {
	case s.ipv6 && s.mark == "":
		return id, true, usagef("--ipv6 belongs to a firewall mark: an address knows its family")
	case s.ipv6 && !strings.Contains(s.mark, "/"):
		text += "/ipv6"
	case text == "":
		return id, false, nil
	}
	id, err = parseService(text)
	return id, true, err
}

// one takes the service off the front of the arguments, unless an option names it.
func (s *selector) one(args []string) (kernel.ServiceID, []string, error) {
	id, ok, err := s.given()
	if ok || err != nil {
		return id, args, err
	}
	if len(args) == 0 {
		return id, nil, usagef("SERVICE is missing").
			cure("name one as tcp://192.0.2.10:80, udp://[2001:db8::1]:53 or fwmark:7, or with -t, -u, -f")
	}
	id, err = parseService(args[0])
	return id, args[1:], err
}

// all reads every argument as a service. Each wrong one is told; one named
// twice counts once.
func (s *selector) all(args []string) ([]kernel.ServiceID, error) {
	var bad faults
	var ids []kernel.ServiceID
	seen := map[kernel.ServiceID]bool{}
	add := func(id kernel.ServiceID, err error) {
		bad.add(err)
		if err == nil && !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	if id, ok, err := s.given(); ok {
		add(id, err)
	}
	for _, arg := range args {
		add(parseService(arg))
	}
	return ids, bad.err()
}

// some is all, where at least one service must be named.
func (s *selector) some(args []string) ([]kernel.ServiceID, error) {
	ids, err := s.all(args)
	if err == nil && len(ids) == 0 {
		_, _, err = s.one(nil)
	}
	return ids, err
}

func parseService(s string) (kernel.ServiceID, error) {
	id, err := kernel.ParseServiceID(s)
	if err != nil {
		return id, usagef("%w", err)
	}
	return id, nil
}

// serverSelector names servers of a service: arguments, or ipvsadm's -r.
type serverSelector struct{ real string }

func (s *serverSelector) register(c *cobra.Command) {
	c.Flags().StringVarP(&s.real, "real-server", "r", "", "in place of SERVER: the server at `ADDR[:PORT]`")
}

// take gives the server names among the arguments.
func (s *serverSelector) take(args []string) []string {
	if s.real != "" {
		return append([]string{s.real}, args...)
	}
	return args
}

// parseServer reads a server's address. Without a port it takes the service's.
func parseServer(s string, id kernel.ServiceID) (netip.AddrPort, error) {
	if a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")); err == nil && a.Zone() == "" {
		return netip.AddrPortFrom(a, id.Port), nil
	}
	ap, err := kernel.ParseAddrPort(s)
	if err != nil {
		return ap, usagef("server %w", err)
	}
	return ap, nil
}

// parseNumber reads a number for an option, saying which one is wrong.
func parseNumber(option, s string, low, high uint64) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n < low || n > high {
		return 0, usagef("%s %q: it is a number from %d to %d", option, s, low, high)
	}
	return n, nil
}

// noMore refuses arguments that nothing reads.
func noMore(args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usagef("unexpected argument %q", args[0])
}
