package contract

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lvs/kernel"
)

// compare lets cmp compare the types of netip, whose fields are not exported.
func compare() cmp.Option {
	return cmp.Options{
		cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
		cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b }),
	}
}

// diff compares two tables without their times.
func diff(want, got []kernel.ServiceEntry) string { return cmp.Diff(want, got, compare()) }

func mustApply(t *testing.T, k kernel.Kernel, changes ...kernel.Change) {
	t.Helper()
	if err := k.Apply(t.Context(), changes); err != nil {
		t.Fatalf("apply: %v", err)
	}
}

func snapshot(t *testing.T, k kernel.Kernel, only ...kernel.ServiceID) []kernel.ServiceEntry {
	t.Helper()
	s, err := k.Snapshot(t.Context(), only...)
	if err != nil {
		t.Fatalf("snapshot: %v", err)
	}
	return s.Services
}

// wantTable compares the table with want. What want does not set, such as counters,
// must be zero.
func wantTable(t *testing.T, k kernel.Kernel, want ...kernel.ServiceEntry) {
	t.Helper()
	if d := diff(append([]kernel.ServiceEntry{}, want...), snapshot(t, k)); d != "" {
		t.Errorf("the table is not as expected (-want +got):\n%s", d)
	}
}

// wantRefusal makes one change that the kernel must refuse for the given reason, and
// checks that the refusal has the change's operation and object.
func wantRefusal(t *testing.T, k kernel.Kernel, c kernel.Change, reason error) {
	t.Helper()
	before := snapshot(t, k)
	err := k.Apply(t.Context(), []kernel.Change{c})
	wantRefusals(t, []kernel.Change{c}, err, map[int]error{0: reason})
	if d := diff(before, snapshot(t, k)); d != "" {
		t.Errorf("the refused %v changed the table (-before +after):\n%s", c.Op, d)
	}
}

// wantRefusals compares Apply's error with the reasons by index.
func wantRefusals(t *testing.T, changes []kernel.Change, err error, reasons map[int]error) {
	t.Helper()
	var got kernel.Refusals
	if !errors.As(err, &got) {
		t.Errorf("apply: error %v (%T), want refusals %v", err, err, reasons)
		return
	}
	if len(got) != len(reasons) {
		t.Errorf("%d refusals, want %d", len(got), len(reasons))
	}
	last := -1
	for _, r := range got {
		if r.Index <= last {
			t.Errorf("refusal %d comes after %d", r.Index, last)
		}
		last = r.Index
		reason, ok := reasons[r.Index]
		if !ok {
			t.Errorf("change %d was refused: %v", r.Index, r.Err)
			continue
		}
		if !errors.Is(r.Err, reason) {
			t.Errorf("change %d was refused with %q, want %q", r.Index, r.Err, reason)
		}
		c := changes[r.Index]
		want := kernel.Error{Op: c.Op.String(), Service: c.Service.ServiceID}
		if c.Op.OnServer() {
			want.Server = c.Server.Addr
		}
		if r.Err.Op != want.Op || r.Err.Service != want.Service || r.Err.Server != want.Server {
			t.Errorf("refusal %d is about %q %v %v, want %q %v %v", r.Index,
				r.Err.Op, r.Err.Service, r.Err.Server, want.Op, want.Service, want.Server)
		}
	}
}

// wantError checks the error of a request other than Apply: why it failed, what was
// asked for, and about which service.
func wantError(t *testing.T, err, reason error, op string, service kernel.ServiceID) {
	t.Helper()
	var e *kernel.Error
	if !errors.As(err, &e) {
		t.Errorf("got %v (%T), want a *kernel.Error of %q", err, err, reason)
		return
	}
	if !errors.Is(err, reason) || e.Service != service || e.Op != op || e.Server.IsValid() {
		t.Errorf("got %q (%+v), want %q to %s %v", err, *e, reason, op, service)
	}
}

// id parses the text form of a service.
func id(s string) kernel.ServiceID {
	out, err := kernel.ParseServiceID(s)
	if err != nil {
		panic(err)
	}
	return out
}

// service returns a service with the scheduler rr and no other attribute.
func service(s string) kernel.Service {
	return kernel.Service{ServiceID: id(s), Scheduler: "rr"}
}

// server returns a server with weight 1, NAT and no other attribute.
func server(s string) kernel.Server {
	return kernel.Server{Addr: netip.MustParseAddrPort(s), Weight: 1}
}

func add(s kernel.Service) kernel.Change { return kernel.Change{Op: kernel.AddService, Service: s} }

func edit(s kernel.Service) kernel.Change { return kernel.Change{Op: kernel.EditService, Service: s} }

func remove(s kernel.Service) kernel.Change {
	return kernel.Change{Op: kernel.DeleteService, Service: kernel.Service{ServiceID: s.ServiceID}}
}

func addServer(s kernel.Service, v kernel.Server) kernel.Change {
	return kernel.Change{Op: kernel.AddServer, Service: kernel.Service{ServiceID: s.ServiceID}, Server: v}
}

func editServer(s kernel.Service, v kernel.Server) kernel.Change {
	return kernel.Change{Op: kernel.EditServer, Service: kernel.Service{ServiceID: s.ServiceID}, Server: v}
}

func removeServer(s kernel.Service, v kernel.Server) kernel.Change {
	return kernel.Change{
		Op: kernel.DeleteServer, Service: kernel.Service{ServiceID: s.ServiceID}, Server: kernel.Server{Addr: v.Addr},
	}
}

// entry returns a service without traffic as the table lists it. The servers are in
// the table's order, the newest first.
func entry(s kernel.Service, servers ...kernel.Server) kernel.ServiceEntry {
	e := kernel.ServiceEntry{Service: s, Servers: []kernel.ServerEntry{}}
	for _, v := range servers {
		e.Servers = append(e.Servers, kernel.ServerEntry{Server: v})
	}
	return e
}
