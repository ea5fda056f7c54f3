package commands

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lvs/kernel"
	"lvs/operate"
)

// target is what is waited for: a service, a server of it, or a server in all
// services. ADDR:PORT alone may be the first or the last: then both are set.
type target struct {
	text    string
	service *kernel.ServiceID
	server  *machine
	either  bool
	// only are the services that had the server at the first look.
	only []kernel.ServiceID
}

func (t *target) String() string { return t.text }

// parseTarget reads what is waited for.
func (o *waitFor) parseTarget(args []string) (target, error) {
	names := o.take(args)
	if len(o.named) == 0 && len(names) == 0 {
		return target{}, usagef("SERVICE or SERVER is missing").
			cure("name one as tcp://192.0.2.10:80, or as 10.0.0.11; or both")
	}
	t := target{text: strings.Join(append(textsOf(o.named), names...), " ")}
	if len(o.named) > 0 || len(args) > 1 || len(args) == 1 && (len(o.real) > 0 || isServiceOnly(args[0])) {
		id, rest, err := o.one(args)
		if err != nil {
			return t, err
		}
		t.service, names = &id, o.take(rest)
	}
	switch {
	case len(names) > 1:
		return t, usagef("unexpected argument %q", names[1]).cure("name one SERVICE and one SERVER at a time")
	case len(names) == 0:
		return t, nil
	}
	m, err := parseMachine(names[0])
	if err != nil {
		return t, err
	}
	t.server = &m
	if t.service == nil && !m.anyPort {
		id := kernel.AddressID(kernel.TCP, m.addr)
		t.service, t.either = &id, true
	}
	return t, nil
}

func textsOf(options []option) []string {
	var out []string
	for _, o := range options {
		out = append(out, o.value)
	}
	return out
}

// isServiceOnly tells whether a word can be no server.
func isServiceOnly(s string) bool {
	return strings.Contains(s, "://") || strings.HasPrefix(s, "fwmark:")
}

// look reads what is waited for: its servers, and whether it is there.
func (t *target) look(ctx context.Context, w *operate.Watch, until condition) (found []operate.Member, there bool, err error) {
	ids := t.only
	if t.service != nil && !t.either {
		ids = []kernel.ServiceID{*t.service}
	}
	snap, err := w.Read(ctx, ids...)
	if err != nil {
		return nil, false, err
	}
	if t.either && snap.Find(*t.service) != nil {
		t.server = nil // it is the service from now on
	}
	var machines []machine
	if t.server != nil {
		machines = []machine{*t.server}
	}
	found = slices.DeleteFunc(membersOf(snap, machines), func(m operate.Member) bool {
		return t.service != nil && !(t.either && t.server != nil) && m.Service.ServiceID != *t.service
	})
	if t.server == nil {
		there = snap.Find(*t.service) != nil
	} else {
		there = len(found) > 0
	}
	if until.needsIt() {
		t.only = operate.ServicesOf(operate.Keys(found))
		if t.server == nil {
			t.only = []kernel.ServiceID{*t.service}
		}
	}
	return found, there, nil
}

// complete proposes services and servers, then the servers of the service.
func (o *waitFor) complete(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	switch {
	case len(args) == 0 && len(o.named) == 0:
		services, _ := o.app.completeServices(c, args, word)
		servers, _ := o.app.completeMachine(c, args, word)
		return append(services, servers...), noFiles
	case len(args) == 1 && !isMachine(args[0]):
		return o.app.completeServers(&o.selector, &o.serverSelector, 1)(c, args, word)
	}
	return nil, noFiles
}

// isMachine tells whether a word is an address without a port.
func isMachine(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}
