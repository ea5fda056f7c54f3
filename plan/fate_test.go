package plan

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lvs/kernel"
)

// TestFates: what clients meet after a deletion, as it was measured on real kernels (see
// TestDeletion of lab).
func TestFates(t *testing.T) {
	const (
		web, dns, mail = "tcp://192.0.2.10:80", "udp://192.0.2.10:53", "sctp://192.0.2.10:9"
		mark, six      = "fwmark:7", "tcp://[2001:db8::1]:80"
	)
	timeouts := kernel.Timeouts{TCP: 15 * time.Minute, TCPFin: time.Minute, UDP: 5 * time.Minute}
	off, on := Rules{Known: true, Timeouts: timeouts}, Rules{Known: true, Release: true, Timeouts: timeouts}
	service := func(name string, servers ...kernel.ServerEntry) kernel.ServiceEntry {
		return kernel.ServiceEntry{Service: kernel.Service{ServiceID: id(name)}, Servers: servers}
	}
	server := func(n, weight int, active, inactive, persistent uint32) kernel.ServerEntry {
		return kernel.ServerEntry{Server: numbered(n, weight), Active: active, Inactive: inactive, Persistent: persistent}
	}
	gone := func(name string) kernel.Change {
		return kernel.Change{Op: kernel.DeleteService, Service: kernel.Service{ServiceID: id(name)}}
	}
	first := func(name string) kernel.Change {
		return kernel.Change{Op: kernel.DeleteServer, Service: kernel.Service{ServiceID: id(name)}, Server: numbered(1, 0)}
	}
	two := func(name string, active, inactive, persistent uint32) []kernel.ServiceEntry {
		return []kernel.ServiceEntry{service(name, server(1, 1, active, inactive, persistent), server(2, 1, 0, 0, 0))}
	}
	other := service("tcp://192.0.2.99:80")
	zero := two(dns, 0, 4, 2)
	zero[0].Servers[1].Weight = 0
	long := off
	long.Timeouts.TCPFin = 3 * time.Minute
	for _, c := range []struct {
		name   string
		rules  Rules
		before []kernel.ServiceEntry
		change kernel.Change
		want   Cost
	}{
		{"TCP is dropped", off, two(web, 3, 2, 0), first(web),
			Cost{Established: 3, Other: 2, Fates: Fates{Dropped: 5}, Within: 15 * time.Minute, Timeout: TCPTimeout}},
		{"closing TCP is dropped for a shorter time", off, two(web, 0, 2, 0), first(web),
			Cost{Other: 2, Fates: Fates{Dropped: 2}, Within: 2 * time.Minute, Timeout: TimeWaitTimeout}},
		{"after a FIN", long, two(web, 0, 2, 0), first(web),
			Cost{Other: 2, Fates: Fates{Dropped: 2}, Within: 3 * time.Minute, Timeout: TCPFinTimeout}},
		{"UDP is dropped", off, two(dns, 0, 4, 0), first(dns),
			Cost{Other: 4, Fates: Fates{Dropped: 4}, Within: 5 * time.Minute, Timeout: UDPTimeout}},
		{"SCTP is dropped", off, two(mail, 1, 0, 0), first(mail),
			Cost{Established: 1, Fates: Fates{Dropped: 1}, Within: 15 * time.Minute, Timeout: SCTPTimeout}},
		{"closing SCTP", off, two(mail, 0, 1, 0), first(mail),
			Cost{Other: 1, Fates: Fates{Dropped: 1}, Within: time.Minute, Timeout: SCTPTimeout}},
		{"a mark may have UDP", off, two(mark, 0, 4, 0), first(mark),
			Cost{Other: 4, Fates: Fates{Dropped: 4}, Within: 5 * time.Minute, Timeout: UDPTimeout}},
		{"unknown timeouts", Rules{Known: true}, two(web, 3, 0, 0), first(web),
			Cost{Established: 3, Fates: Fates{Dropped: 3}}},
		{"unknown sysctl", Rules{Timeouts: timeouts}, two(web, 3, 0, 0), first(web), Cost{Established: 3}},
		{"nothing is cut", off, two(web, 0, 0, 0), first(web), Cost{}},

		{"TCP is reset", on, two(web, 3, 2, 0), first(web), Cost{Established: 3, Other: 2, Fates: Fates{Reset: 5}}},
		{"SCTP is reset", on, two(mail, 3, 2, 0), first(mail), Cost{Established: 3, Other: 2, Fates: Fates{Reset: 5}}},
		{"UDP is moved", on, two(dns, 0, 4, 0), first(dns), Cost{Other: 4, Fates: Fates{Moved: 4}}},
		{"UDP has nowhere to go", on, zero, first(dns),
			Cost{Other: 4, Persistent: 2, Stranded: 2, Fates: Fates{Refused: 4}}},
		{"a mark", on, two(mark, 3, 4, 0), first(mark), Cost{Established: 3, Other: 4, Fates: Fates{Reset: 3, Ended: 4}}},
		{"bound clients are moved", off, two(web, 0, 0, 8), first(web), Cost{Persistent: 8}},

		{"a service, others stay", off, append(two(web, 3, 2, 1), other), gone(web), Cost{Established: 3, Other: 2,
			Persistent: 1, Stranded: 1, Fates: Fates{Dropped: 5}, Within: 15 * time.Minute, Timeout: TCPTimeout}},
		{"a service of UDP", on, append(two(dns, 0, 2, 0), other), gone(dns), Cost{Other: 2, Fates: Fates{Refused: 2}}},
		{"the last service", off, two(web, 3, 2, 0), gone(web), Cost{Established: 3, Other: 2, Fates: Fates{Reset: 5}}},
		{"the last service, an unknown sysctl", Rules{}, two(dns, 0, 2, 0), gone(dns),
			Cost{Other: 2, Fates: Fates{Refused: 2}}},
		{"the last service of its family", off, append(two(web, 3, 0, 0), service(six)), gone(web),
			Cost{Established: 3, Fates: Fates{Reset: 3}}},
		{"the last server of the last service", off, two(web, 3, 0, 0)[:1], first(web),
			Cost{Established: 3, Fates: Fates{Dropped: 3}, Within: 15 * time.Minute, Timeout: TCPTimeout}},
	} {
		t.Run(c.name, func(t *testing.T) {
			table := &kernel.Snapshot{Services: c.before}
			costs := Costs(table, []kernel.Change{{Op: kernel.AddServer, Service: kernel.Service{ServiceID: id(web)},
				Server: numbered(9, 0)}, c.change}, c.rules)
			if d := cmp.Diff(c.want, costs[1]); d != "" || !costs[0].None() {
				t.Errorf("%+v (-want +got)\n%s", costs[0], d)
			}
			if known := costs[1].Known(); known != (c.name != "unknown sysctl") {
				t.Errorf("known: %v", known)
			}
		})
	}
}

// A sum has the longest time.
func TestSum(t *testing.T) {
	short := Cost{Other: 1, Fates: Fates{Dropped: 1}, Within: time.Minute, Timeout: SCTPTimeout}
	long := Cost{Established: 2, Persistent: 3, Stranded: 1, Fates: Fates{Dropped: 1, Reset: 1}, Within: time.Hour,
		Timeout: TCPTimeout}
	want := Cost{Established: 2, Other: 1, Persistent: 3, Stranded: 1, Fates: Fates{Dropped: 2, Reset: 1},
		Within: time.Hour, Timeout: TCPTimeout}
	for name, costs := range map[string][]Cost{"longest last": {short, long}, "longest first": {long, short}} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(want, Sum(costs)); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}
