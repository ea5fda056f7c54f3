package contract

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"lvs/kernel"
)

func testEmpty(t *testing.T, k kernel.Kernel) {
	for name, read := range map[string]func() (*kernel.Snapshot, error){
		"Snapshot":       func() (*kernel.Snapshot, error) { return k.Snapshot(t.Context()) },
		"PublicSnapshot": func() (*kernel.Snapshot, error) { return k.PublicSnapshot(t.Context()) },
	} {
		s, err := read()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if s.Services == nil || len(s.Services) != 0 {
			t.Errorf("%s has services %#v, want an empty slice that is not nil", name, s.Services)
		}
		if s.Time.IsZero() {
			t.Errorf("%s has no time", name)
		}
	}
}

// testServices adds services of every kind in reverse order and reads them in
// canonical order.
func testServices(t *testing.T, k kernel.Kernel) {
	var want []kernel.ServiceEntry
	var changes []kernel.Change
	for _, s := range []string{
		"tcp://0.0.0.0:0", "tcp://192.0.2.9:65535", "tcp://192.0.2.10:80", "udp://192.0.2.10:80", "sctp://192.0.2.10:80",
		"tcp://192.0.2.10:81", "udp://255.255.255.255:53",
		"tcp://[::]:80", "tcp://[2001:db8::1]:80", "udp://[2001:db8::1]:80", "sctp://[2001:db8::1]:80",
		"tcp://[fe80::1]:443",
		"fwmark:1", "fwmark:7", "fwmark:4294967295", "fwmark:7/ipv6", "fwmark:2147483648/ipv6",
	} {
		want = append(want, entry(service(s)))
		changes = append(changes, add(service(s)))
	}
	slices.Reverse(changes)
	mustApply(t, k, changes...)
	wantTable(t, k, want...)
	for i := range changes {
		changes[i] = remove(changes[i].Service)
	}
	mustApply(t, k, changes...)
	wantTable(t, k)
}

// testSchedulers uses every scheduler with every set of flags. Most kernels do not
// have twos yet.
func testSchedulers(t *testing.T, k kernel.Kernel) {
	for _, name := range []string{
		"rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh", "none", "twos",
	} {
		t.Run(name, func(t *testing.T) {
			for flags := range kernel.SchedFlags(8) {
				s := service("tcp://192.0.2.10:80")
				s.Scheduler, s.SchedFlags = name, flags
				err := k.Apply(t.Context(), []kernel.Change{add(s)})
				if name == "twos" && errors.Is(err, kernel.ErrNoScheduler) {
					t.Logf("this kernel has no scheduler %s", name)
					return
				}
				if err != nil {
					t.Errorf("flags %d: %v", flags, err)
					continue
				}
				v := server("198.51.100.1:80")
				mustApply(t, k, addServer(s, v))
				wantTable(t, k, entry(s, v))
				mustApply(t, k, remove(s))
			}
		})
	}
}

func testPersistence(t *testing.T, k kernel.Kernel) {
	for _, c := range []struct {
		id          string
		persistence time.Duration
		mask        kernel.Netmask
		engine      string
		onePacket   bool
		wantMask    kernel.Netmask
	}{
		{"tcp://192.0.2.10:443", time.Second, 0, "", false, 0},
		{"tcp://192.0.2.10:443", 6 * time.Minute, 0xffffff00, "", false, 0xffffff00},
		{"tcp://192.0.2.10:443", kernel.MaxPersistence, 0x80000000, "", false, 0x80000000},
		{"tcp://192.0.2.10:443", time.Minute, 0xffffffff, "", false, 0},
		{"tcp://192.0.2.10:443", 0, 0xffff0000, "", false, 0xffff0000},
		{"tcp://192.0.2.10:0", time.Minute, 0, "", false, 0},
		{"udp://192.0.2.10:5060", time.Minute, 0, "sip", false, 0},
		{"udp://192.0.2.10:5060", time.Minute, 0, "sip", true, 0},
		{"udp://192.0.2.10:53", 0, 0, "", true, 0},
		{"udp://[2001:db8::1]:53", time.Minute, 0, "", true, 0},
		{"tcp://[2001:db8::1]:443", time.Minute, 1, "", false, 1},
		{"tcp://[2001:db8::1]:443", time.Minute, 64, "", false, 64},
		{"tcp://[2001:db8::1]:443", time.Minute, 128, "", false, 0},
		{"fwmark:9", time.Hour, 0xfffffff0, "sip", true, 0xfffffff0},
		{"fwmark:9/ipv6", time.Hour, 56, "", true, 56},
	} {
		s := kernel.Service{
			ServiceID: id(c.id), Scheduler: "wlc",
			Persistence: c.persistence, Netmask: c.mask, Engine: c.engine, OnePacket: c.onePacket,
		}
		t.Run(fmt.Sprintf("%s %v %#x %s %v", c.id, c.persistence, c.mask, c.engine, c.onePacket), func(t *testing.T) {
			mustApply(t, k, add(s))
			want := s
			want.Netmask = c.wantMask
			wantTable(t, k, entry(want))
			mustApply(t, k, remove(s))
		})
	}
}

func testServiceRefusals(t *testing.T, k kernel.Kernel) {
	s, six := service("tcp://192.0.2.10:80"), service("tcp://[2001:db8::1]:80")
	mustApply(t, k, add(s))
	scheduler := func(s kernel.Service, name string) kernel.Service {
		s.Scheduler = name
		return s
	}
	engine := func(s kernel.Service, name string) kernel.Service {
		s.Engine = name
		return s
	}
	mask := func(s kernel.Service, m kernel.Netmask) kernel.Service {
		s.Netmask = m
		return s
	}
	missing := service("tcp://192.0.2.11:80")
	for _, c := range []struct {
		name   string
		change kernel.Change
		reason error
	}{
		{"added twice", add(s), kernel.ErrExists},
		{"added twice with a bad scheduler", add(scheduler(s, "none-such")), kernel.ErrExists},
		{"edit of a missing one", edit(missing), kernel.ErrNoService},
		{"edit of another protocol", edit(service("udp://192.0.2.10:80")), kernel.ErrNoService},
		{"delete of a missing one", remove(missing), kernel.ErrNoService},
		{"delete of a missing mark", remove(service("fwmark:3")), kernel.ErrNoService},
		{"delete of the other family's mark", remove(service("fwmark:3/ipv6")), kernel.ErrNoService},
		{"unknown scheduler", add(scheduler(missing, "none-such")), kernel.ErrNoScheduler},
		{"no scheduler", add(scheduler(missing, "")), kernel.ErrNoScheduler},
		{"edit to an unknown scheduler", edit(scheduler(s, "none-such")), kernel.ErrNoScheduler},
		{"unknown engine", add(engine(missing, "h323")), kernel.ErrNoScheduler},
		{"edit to an unknown engine", edit(engine(s, "h323")), kernel.ErrNoScheduler},
		{"scheduler's name too long", add(scheduler(missing, strings.Repeat("x", 16))), kernel.ErrInvalid},
		{"engine's name too long", add(engine(missing, strings.Repeat("x", 17))), kernel.ErrInvalid},
		{"IPv6 prefix too long", add(mask(six, 129)), kernel.ErrInvalid},
		{"IPv6 prefix far too long", add(mask(six, math.MaxUint32)), kernel.ErrInvalid},
		{"no change at all", kernel.Change{Service: s}, kernel.ErrNotSupported},
	} {
		t.Run(c.name, func(t *testing.T) { wantRefusal(t, k, c.change, c.reason) })
	}
}

// testEditService checks that an edit replaces the whole configuration and keeps
// the servers.
func testEditService(t *testing.T, k kernel.Kernel) {
	full := kernel.Service{
		ServiceID: id("udp://192.0.2.10:5060"), Scheduler: "mh", SchedFlags: kernel.SchedFlag1 | kernel.SchedFlag3,
		Persistence: time.Minute, Netmask: 0xffffff00, Engine: "sip", OnePacket: true,
	}
	bare := kernel.Service{ServiceID: full.ServiceID, Scheduler: "rr"}
	v := server("198.51.100.1:5060")
	mustApply(t, k, add(bare), addServer(bare, v))
	for range 2 {
		mustApply(t, k, edit(full))
		wantTable(t, k, entry(full, v))
		mustApply(t, k, edit(bare))
		wantTable(t, k, entry(bare, v))
	}
	six := service("tcp://[2001:db8::1]:80")
	mustApply(t, k, remove(bare), add(six))
	six.Persistence, six.Netmask = time.Minute, 129
	wantRefusal(t, k, edit(six), kernel.ErrInvalid)
	six.Netmask = 48
	mustApply(t, k, edit(six))
	wantTable(t, k, entry(six))
}
