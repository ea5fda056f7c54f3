package commands

import (
	"context"
	"errors"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"lvs/kernel"
)

var errEmpty = errors.New("the value is empty")

// selector selects services, by an argument or with ipvsadm's options.
type selector struct {
	// named has the services of the options, in order.
	named []option
	ipv6  bool
}

// option is one use of an option that may be repeated.
type option struct{ name, value string }

func (s *selector) register(a *App, c *cobra.Command) { s.registerNamed(a, c, "f", "6") }

// registerNamed adds the options. mark and six are the short forms of --fwmark-service
// and --ipv6, if any.
func (s *selector) registerNamed(a *App, c *cobra.Command, mark, six string) {
	f := c.Flags()
	add := func(name, short, scheme, usage string) {
		f.VarP(&repeated{scheme, name, short, &s.named}, name, short, usage)
		complete(c, name, completeScheme(a, scheme))
	}
	add("tcp-service", "t", "tcp://", "in place of SERVICE: the TCP service at `ADDR:PORT`")
	add("udp-service", "u", "udp://", "in place of SERVICE: the UDP service at `ADDR:PORT`")
	add("sctp-service", "", "sctp://", "in place of SERVICE: the SCTP service at `ADDR:PORT`")
	add("fwmark-service", mark, "fwmark:", "in place of SERVICE: the service with the firewall mark `N`, 1 to 4294967295")
	f.BoolVarP(&s.ipv6, "ipv6", six, false, "with --fwmark-service: the IPv6 service of the mark (default IPv4)")
}

// repeated is an option that keeps each different value once, with a prefix.
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
	if o := (option{name, r.prefix + value}); !slices.Contains(*r.to, o) { // completion parses options twice
		*r.to = append(*r.to, o)
	}
	return nil
}

// single is an option that accepts only one value: with two, the last one would silently
// win.
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
		return errors.New("want one value, not two")
	}
	*s.to, s.given = value, true
	return nil
}

// given returns the services of the options. Its error has every mistake.
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
		bad.add(usagef("--ipv6 has no effect without --fwmark-service"))
	}
	return ids, bad.err()
}

// one returns the service and the other arguments. The service is that of an option,
// or the first argument.
func (s *selector) one(args []string) (kernel.ServiceID, []string, error) {
	ids, err := s.given()
	switch {
	case err != nil:
		return kernel.ServiceID{}, args, err
	case len(ids) > 1 && s.named[0].name == s.named[1].name:
		return ids[0], args, usagef("%s cannot be used twice: want one service", s.named[0].name)
	case len(ids) > 1:
		return ids[0], args, usagef("%s and %s cannot be used together: want one service", s.named[0].name, s.named[1].name)
	case len(ids) == 1:
		return ids[0], args, nil
	case len(args) == 0:
		return kernel.ServiceID{}, nil, usagef("SERVICE is missing").
			hintf("add a service such as tcp://192.0.2.10:80, udp://[2001:db8::1]:53 or fwmark:7, or use -t, -u or -f")
	}
	id, err := parseService(args[0])
	return id, args[1:], err
}

// all returns the services of the options and all arguments, each once. Its error has
// every mistake.
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

// some is like all, but at least one service must be given.
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

// serverSelector selects servers of a service, by arguments or with ipvsadm's -r.
type serverSelector struct{ real []option }

func (s *serverSelector) register(a *App, c *cobra.Command, of *selector) {
	c.Flags().VarP(&repeated{name: "real-server", short: "r", to: &s.real}, "real-server", "r",
		"in place of SERVER: the server at `ADDR[:PORT]`")
	complete(c, "real-server", completeRealServer(a, of, s))
}

// take returns the servers of the options and the arguments.
func (s *serverSelector) take(args []string) []string {
	var out []string
	for _, o := range s.real {
		out = append(out, o.value)
	}
	return append(out, args...)
}

// parseServer parses a server's address. Without a port, it gets the service's.
func parseServer(s string, id kernel.ServiceID) (netip.AddrPort, error) {
	if a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")); err == nil && a.Zone() == "" {
		return netip.AddrPortFrom(a, id.Port), nil
	}
	ap, err := kernel.ParseAddrPort(s)
	if err != nil && !strings.Contains(s, ":") {
		return ap, usagef("invalid server %q: want an IP address such as 10.0.0.11, or with a port: 10.0.0.11:80", s)
	}
	if err != nil {
		return ap, usagef("invalid server %w", err)
	}
	return ap, nil
}

// parseServers parses addresses of servers. Its error has every mistake.
func parseServers(names []string, id kernel.ServiceID) (out []netip.AddrPort, err error) {
	var bad faults
	for _, name := range names {
		addr, err := parseServer(name, id)
		bad.add(err)
		out = append(out, addr)
	}
	return out, bad.err()
}

// parseNumber parses the number of an option.
func parseNumber(option, s string, low, high uint64) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n < low || n > high {
		return 0, usagef("invalid %s %q: want a number from %d to %d", option, s, low, high)
	}
	return n, nil
}

// parseCount parses how often or how many, for an option that is not a setting of the
// kernel. A number that is never reached is as good as any larger one.
func parseCount(option, s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n == 0 {
		return 0, usagef("invalid %s %q: want a number of at least 1", option, s)
	}
	return min(n, math.MaxInt32), nil
}

// valueApart refuses a number that follows an option without a value and was meant as the
// value of another one: ipvsadm's -y is lvs's --lower, and other programs have -n for
// --count.
func valueApart(c *cobra.Command, option, meant string, args []string) error {
	f := c.Flags().Lookup(option)
	if f == nil || !f.Changed {
		return nil
	}
	for _, arg := range args {
		if _, err := strconv.ParseUint(arg, 10, 64); err == nil {
			return usagef("unexpected argument %q", arg).
				hintf("use --%s %s; -%s is --%s here", meant, arg, f.Shorthand, option)
		}
	}
	return nil
}

// arg0 returns the first argument for a hint, empty if there is none.
func arg0(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return shellWord(args[0])
}

// noMore refuses arguments. hint says what was probably meant.
func noMore(args []string, hint string, a ...any) error {
	if len(args) == 0 {
		return nil
	}
	return usagef("unexpected argument %q", args[0]).hintf(hint, a...)
}

// servers returns the service and the names of its servers. If the service is invalid,
// the names are returned with the error, so that theirs can be reported too.
func (s *serverSelector) servers(service *selector, args []string) (kernel.ServiceID, []string, error) {
	if len(args) > 0 && len(service.named) == 0 && isMachine(args[0]) {
		return kernel.ServiceID{}, nil, usagef("%s is a server: its service is missing", args[0]).
			hintf("write the service before the server, such as tcp://192.0.2.10:80")
	}
	id, rest, err := service.one(args)
	names := s.take(rest)
	if err != nil {
		return id, names, err
	}
	if len(names) == 0 {
		return id, nil, usagef("service %v: SERVER is missing", id).
			hintf("add a server such as 10.0.0.11:80, or 10.0.0.11 for the port of the service")
	}
	return id, names, nil
}

// lookup reads the given services. Its error has every missing one; what is the
// operation in it, such as "delete service".
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

// lookupServers reads a service and the given servers of it. what is the operation in
// errors.
func (a *App) lookupServers(
	ctx context.Context, what string, id kernel.ServiceID, names []string,
) (*kernel.ServiceEntry, []kernel.ServerEntry, error) {
	// Report invalid names even if there is no kernel.
	var bad faults
	for _, name := range names {
		_, err := parseServer(name, id)
		bad.add(err)
	}
	if err := bad.err(); err != nil {
		return nil, nil, err
	}
	entries, err := a.lookup(ctx, what, []kernel.ServiceID{id})
	if err != nil {
		return nil, nil, err
	}
	found, err := pickServers(&entries[0], what, names)
	return &entries[0], found, err
}

// pickServers returns the given servers, each once. Its error has every invalid or
// missing one.
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
