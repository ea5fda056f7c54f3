package commands

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lvs/kernel"
	"lvs/operate"
)

// machine is a server in every service that has it: an address with every port, or
// ADDR:PORT.
type machine struct {
	text    string
	addr    netip.AddrPort
	anyPort bool
}

func parseMachine(s string) (machine, error) {
	if a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")); err == nil && a.Zone() == "" {
		return machine{s, netip.AddrPortFrom(a, 0), true}, nil
	}
	ap, err := kernel.ParseAddrPort(s)
	if _, bad := kernel.ParseServiceID(s); err != nil && bad == nil {
		return machine{}, usagef("%s is a service, not a server", s).
			hintf("add a server such as 10.0.0.11, and use --service %s", s)
	}
	if err != nil && !strings.Contains(s, ":") {
		return machine{}, usagef("invalid server %q: want an IP address such as 10.0.0.11, or with a port: 10.0.0.11:80", s)
	}
	if err != nil {
		return machine{}, usagef("invalid server %w", err).
			hintf("write 10.0.0.11 for every port of a server, or 10.0.0.11:80")
	}
	return machine{text: s, addr: ap}, nil
}

func (m *machine) is(a netip.AddrPort) bool {
	return a == m.addr || m.anyPort && a.Addr() == m.addr.Addr()
}

// machineSelector selects servers in all services, or only in some.
type machineSelector struct {
	selector
	serverSelector
}

func (s *machineSelector) register(a *App, c *cobra.Command) {
	s.selector.registerNamed(a, c, "f", "6")
	f := c.Flags()
	f.VarP(&repeated{"", "service", "", &s.named}, "service", "",
		"only in `SERVICE`; may be repeated (default: in every service)")
	complete(c, "service", a.completeServices)
	for _, name := range []string{"tcp-service", "udp-service", "sctp-service", "fwmark-service"} {
		flag := f.Lookup(name)
		flag.Usage = strings.Replace(flag.Usage, "in place of SERVICE", "in place of --service", 1)
	}
	f.VarP(&repeated{name: "real-server", short: "r", to: &s.real}, "real-server", "r",
		"in place of SERVER: the server at `ADDR[:PORT]`")
	complete(c, "real-server", a.completeMachine)
}

// parse returns the given servers and services. Its error has every mistake.
func (s *machineSelector) parse(args []string) ([]machine, []kernel.ServiceID, error) {
	var bad faults
	ids, err := s.all(nil)
	bad.add(err)
	names := s.take(args)
	if len(names) == 0 {
		bad.add(usagef("SERVER is missing").hintf("add a server such as 10.0.0.11, or 10.0.0.11:80 for one port"))
	}
	var out []machine
	for _, name := range names {
		m, err := parseMachine(name)
		bad.add(err)
		if !slices.ContainsFunc(out, func(o machine) bool { return o.addr == m.addr && o.anyPort == m.anyPort }) {
			out = append(out, m)
		}
	}
	return out, ids, bad.err()
}

// parseSome is parse, and no server need be given.
func (s *machineSelector) parseSome(args []string) ([]machine, []kernel.ServiceID, error) {
	if len(args)+len(s.real) == 0 {
		ids, err := s.all(nil)
		return nil, ids, err
	}
	return s.parse(args)
}

// members returns the servers in the given services, or in all, and the table in which
// it found them. Its error has every name that is not in the table; what is the
// operation in it.
func (a *App) members(
	ctx context.Context, what string, names []machine, ids []kernel.ServiceID,
) ([]operate.Member, *kernel.Snapshot, error) {
	k, err := a.kernel()
	if err != nil {
		return nil, nil, err
	}
	snap, err := k.Snapshot(ctx, ids...)
	if errors.Is(err, kernel.ErrNoService) {
		if _, each := a.lookup(ctx, what, ids); each != nil {
			return nil, nil, each
		}
	}
	if err != nil {
		return nil, nil, kernel.WithOp(strings.TrimSuffix(what, " server")+" "+textOf(names), err)
	}
	out := membersOf(snap, names)
	var bad faults
	for i := range names {
		if !slices.ContainsFunc(out, func(m operate.Member) bool { return names[i].is(m.Addr) }) {
			where := "no service has it"
			if len(ids) > 0 {
				where = "the service does not have it"
			}
			bad.add((&fault{status: exitNotFound, err: errors.New("server " + names[i].text + ": " + where)}).
				hintf("list the servers: %s list --columns service,server", a.Name))
		}
	}
	return out, snap, bad.err()
}

// membersOf returns the given servers, or all servers if names is empty.
func membersOf(snap *kernel.Snapshot, names []machine) []operate.Member {
	var out []operate.Member
	for i := range snap.Services {
		s := &snap.Services[i]
		for _, srv := range s.Servers {
			if len(names) == 0 || slices.ContainsFunc(names, func(m machine) bool { return m.is(srv.Addr) }) {
				out = append(out, operate.Member{Service: s.Service, ServerEntry: srv})
			}
		}
	}
	return out
}

// completeMachine returns the addresses of servers, each without and with a port.
func (a *App) completeMachine(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	whole, _ := a.completeAnyServer(c, args, word)
	out := []string{}
	for _, text := range whole {
		addr := netip.MustParseAddrPort(text).Addr().String()
		for _, t := range []string{addr, text} {
			if !slices.Contains(out, t) && !slices.Contains(args, t) {
				out = append(out, t)
			}
		}
	}
	return out, noFiles
}
