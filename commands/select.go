package commands

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"lvs/kernel"
)

var errEmpty = errors.New("the value is empty")

// selector names services: by the text form as an argument, or with ipvsadm's
// options, because fingers remember.
type selector struct {
	// named are the services of the options in the order given.
	named []option
	ipv6  bool
}

// option is one that may come again; each is kept.
type option struct{ name, value string }

func (s *selector) register(a *App, c *cobra.Command) { s.registerNamed(a, c, "f", "6") }

// registerNamed offers the options; mark and six are the short forms of
// --fwmark-service and --ipv6, if any.
func (s *selector) registerNamed(a *App, c *cobra.Command, mark, six string) {
	f := c.Flags()
	add := func(name, short, scheme, usage string) {
		f.VarP(&repeated{scheme, name, short, &s.named}, name, short, usage)
		complete(c, name, completeScheme(a, scheme))
	}
	add("tcp-service", "t", "tcp://", "in place of SERVICE: the TCP service at `ADDR:PORT`")
	add("udp-service", "u", "udp://", "in place of SERVICE: the UDP service at `ADDR:PORT`")
	add("sctp-service", "", "sctp://", "in place of SERVICE: the SCTP service at `ADDR:PORT`")
	add("fwmark-service", mark, "fwmark:", "in place of SERVICE: the service of firewall mark `N`, 1 to 4294967295")
	f.BoolVarP(&s.ipv6, "ipv6", six, false, "with --fwmark-service: the mark's IPv6 service (default IPv4)")
}

// repeated is an option that keeps each of its values once, with what it stands
// for put before.
type repeated struct {
	prefix, name, short string
	to                  *[]option
}

func (r *repeated) String() string { return "" }
func (r *repeated) Type() string   { return "string" }

func (r *repeated) Set(value string) error {
	if value == "" {
		return errEmpty
	}
	name := "--" + r.name
	if r.short != "" {
		name = "-" + r.short
	}
	if o := (option{name, r.prefix + value}); !slices.Contains(*r.to, o) { // completion reads options twice
		*r.to = append(*r.to, o)
	}
	return nil
}

// single is an option that must not come twice, because its last value would
// silently win.
type single struct {
	to    *string
	given bool
}

func (s *single) String() string { return "" }
func (s *single) Type() string   { return "string" }

func (s *single) Set(value string) error {
	if value == "" {
		return errEmpty
	}
	if s.given && value != *s.to {
		return errors.New("the option is given twice")
	}
	*s.to, s.given = value, true
	return nil
}

// given reads the services of the options. Each wrong one is told.
func (s *selector) given() ([]kernel.ServiceID, error) {
	var bad faults
	var ids []kernel.ServiceID
	marks := 0
	for _, o := range s.named {
		text := o.value
		if strings.HasPrefix(text, "fwmark:") {
			marks++
			if s.ipv6 && !strings.Contains(text, "/") {
				text += "/ipv6"
			}
		}
		id, err := parseService(text)
		bad.add(err)
		ids = append(ids, id)
	}
	if s.ipv6 && marks == 0 {
		bad.add(usagef("--ipv6 belongs to a firewall mark: an address knows its family"))
	}
	return ids, bad.err()
}

// one takes the service off the front of the arguments, unless an option names it.
func (s *selector) one(args []string) (kernel.ServiceID, []string, error) {
	ids, err := s.given()
	switch {
	case err != nil:
		return kernel.ServiceID{}, args, err
	case len(ids) > 1 && s.named[0].name == s.named[1].name:
		return ids[0], args, usagef("%s given twice: one service at a time", s.named[0].name)
	case len(ids) > 1:
		return ids[0], args, usagef("one service at a time: %s and %s exclude one another", s.named[0].name, s.named[1].name)
	case len(ids) == 1:
		return ids[0], args, nil
	case len(args) == 0:
		return kernel.ServiceID{}, nil, usagef("SERVICE is missing").
			hintf("name one as tcp://192.0.2.10:80, udp://[2001:db8::1]:53 or fwmark:7, or with -t, -u, -f")
	}
	id, err := parseService(args[0])
	return id, args[1:], err
}

// all reads every option and argument as a service. Each wrong one is told; one
// named twice counts once.
func (s *selector) all(args []string) ([]kernel.ServiceID, error) {
	var bad faults
	ids, err := s.given()
	bad.add(err)
	for _, arg := range args {
		id, err := parseService(arg)
		bad.add(err)
		ids = append(ids, id)
	}
	if err := bad.err(); err != nil {
		return nil, err
	}
	var out []kernel.ServiceID
	seen := map[kernel.ServiceID]bool{}
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out, nil
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
type serverSelector struct{ real []option }

func (s *serverSelector) register(a *App, c *cobra.Command, of *selector) {
	c.Flags().VarP(&repeated{name: "real-server", short: "r", to: &s.real}, "real-server", "r",
		"in place of SERVER: the server at `ADDR[:PORT]`")
	complete(c, "real-server", completeRealServer(a, of, s))
}

// take gives the server names of the options and among the arguments.
func (s *serverSelector) take(args []string) []string {
	var out []string
	for _, o := range s.real {
		out = append(out, o.value)
	}
	return append(out, args...)
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

// servers reads the service and the names of its servers.
func (s *serverSelector) servers(service *selector, args []string) (kernel.ServiceID, []string, error) {
	id, rest, err := service.one(args)
	if err != nil {
		return id, nil, err
	}
	names := s.take(rest)
	if len(names) == 0 {
		return id, nil, usagef("service %v: SERVER is missing", id).
			hintf("name one as 10.0.0.11:80, or 10.0.0.11 for the service's port")
	}
	return id, names, nil
}

// lookup reads the named services and reports every missing one. what is what the
// user does with them, for errors: "delete service".
func (a *App) lookup(ctx context.Context, what string, ids []kernel.ServiceID) ([]kernel.ServiceEntry, error) {
	k, err := a.kernel()
	if err != nil {
		return nil, err
	}
	var bad faults
	var out []kernel.ServiceEntry
	for _, id := range ids {
		snap, err := k.Snapshot(ctx, id)
		switch {
		case errors.Is(err, kernel.ErrNoService):
			bad.add(kernel.WithOp(what, err))
		case err != nil:
			return nil, kernel.WithOp(what, err)
		default:
			out = append(out, snap.Services...)
		}
	}
	return out, bad.err()
}

// lookupServers reads the named servers of a service as they are now. what is what
// the user does with them.
func (a *App) lookupServers(ctx context.Context, what string, id kernel.ServiceID, names []string) ([]kernel.ServerEntry, error) {
	// A name that cannot be right needs no kernel to be refused.
	var bad faults
	for _, name := range names {
		_, err := parseServer(name, id)
		bad.add(err)
	}
	if err := bad.err(); err != nil {
		return nil, err
	}
	entries, err := a.lookup(ctx, what, []kernel.ServiceID{id})
	if err != nil {
		return nil, err
	}
	return pickServers(&entries[0], what, names)
}

// pickServers finds the named servers and reports every wrong or missing one. One
// that is named twice counts once.
func pickServers(s *kernel.ServiceEntry, what string, names []string) ([]kernel.ServerEntry, error) {
	var bad faults
	var out []kernel.ServerEntry
	seen := map[netip.AddrPort]bool{}
	for _, name := range names {
		addr, err := parseServer(name, s.ServiceID)
		if err != nil {
			bad.add(err)
			continue
		}
		found := s.Server(addr)
		if found == nil {
			bad.add(&kernel.Error{Op: what, Service: s.ServiceID, Server: addr, Err: kernel.ErrNoServer})
			continue
		}
		if !seen[addr] {
			seen[addr] = true
			out = append(out, *found)
		}
	}
	return out, bad.err()
}
