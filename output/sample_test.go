package output

import (
	"bytes"
	"errors"
	"net/netip"
	"testing"
	"time"

	"lvs/kernel"
	"lvs/plan"
	"lvs/plan/journal"
)

// at is the time of every document in these tests.
func at() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 890, time.UTC) }

func addr(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

func address(p kernel.Protocol, s string) kernel.ServiceID { return kernel.AddressID(p, addr(s)) }

func stats(n uint64) kernel.Stats {
	return kernel.Stats{
		Counters: kernel.Counters{Connections: n, PacketsIn: n * 12, PacketsOut: n * 11,
			BytesIn: n * 1234, BytesOut: n * 56789},
		Rates: kernel.Rates{Connections: n / 100, PacketsIn: n / 9, PacketsOut: n / 8, BytesIn: n * 3, BytesOut: n * 40},
	}
}

// sample is a table with one of everything.
func sample() *kernel.Snapshot {
	return &kernel.Snapshot{Services: []kernel.ServiceEntry{
		{
			Service: kernel.Service{ServiceID: address(kernel.TCP, "192.0.2.10:80"), Scheduler: "mh",
				SchedFlags: kernel.SchedFlag1 | kernel.SchedFlag2, Persistence: 6 * time.Minute, Netmask: 0xffffff00},
			Stats: stats(1_234_567),
			Servers: []kernel.ServerEntry{
				{Server: kernel.Server{Addr: addr("10.0.0.11:80"), Forward: kernel.Direct, Weight: 3},
					Active: 120, Inactive: 3400, Persistent: 7, Stats: stats(1_000_000)},
				{Server: kernel.Server{Addr: addr("10.0.0.12:80"), Forward: kernel.Direct}, Active: 2,
					Stats: kernel.Stats{Counters: kernel.Counters{
						Connections: 234_567, PacketsIn: 2_814_804, BytesIn: 289_455_678}}},
			},
		},
		{
			Service: kernel.Service{ServiceID: address(kernel.UDP, "192.0.2.12:5060"), Scheduler: "rr",
				Persistence: time.Minute, Engine: "sip", OnePacket: true},
			Servers: []kernel.ServerEntry{
				{Server: kernel.Server{Addr: addr("10.0.2.1:5060"), Forward: kernel.NAT, Weight: kernel.MaxWeight,
					Upper: 2000, Lower: 1500}, Stats: stats(999)},
			},
		},
		{
			Service: kernel.Service{ServiceID: address(kernel.SCTP, "[2001:db8::1]:9"), Scheduler: "sh",
				SchedFlags: kernel.SchedFlag3, Persistence: 90 * time.Minute, Netmask: 64},
			Servers: []kernel.ServerEntry{
				{Server: kernel.Server{Addr: addr("[2001:db8::11]:9"), Forward: kernel.Tunneling, Weight: 1,
					Tunnel: kernel.Tunnel{Type: kernel.GUE, Port: 6080, Flags: kernel.Checksum}}},
				{Server: kernel.Server{Addr: addr("198.51.100.7:9"), Forward: kernel.Tunneling, Weight: 1,
					Tunnel: kernel.Tunnel{Type: kernel.GRE, Flags: kernel.RemoteChecksum}}},
				{Server: kernel.Server{Addr: addr("198.51.100.8:9"), Forward: kernel.Tunneling, Weight: 1}},
				{Server: kernel.Server{Addr: addr("127.0.0.1:9"), Forward: kernel.Local, Weight: 1}},
			},
		},
		{
			Service: kernel.Service{ServiceID: kernel.MarkID(7, kernel.IPv4), Scheduler: "wlc"},
			Stats:   kernel.Stats{Counters: kernel.Counters{Connections: 1<<64 - 1, BytesIn: 1 << 63}},
			Servers: []kernel.ServerEntry{
				{Server: kernel.Server{Addr: addr("10.0.1.1:0"), Forward: kernel.NAT}, Active: 1<<32 - 1},
			},
		},
		{Service: kernel.Service{ServiceID: kernel.MarkID(4294967295, kernel.IPv6), Scheduler: "wlc"}},
	}}
}

// publicSample is the same as everyone may read it.
// stoppedSample is sample while the kernel does not update its counters.
func stoppedSample() *kernel.Snapshot {
	s := sample()
	s.Stopped = kernel.RunEstimation
	return s
}

func publicSample() *kernel.Snapshot {
	s := sample()
	s.Public = true
	for i := range s.Services {
		e := &s.Services[i]
		e.Engine, e.SchedFlags, e.Stats = "", 0, kernel.Stats{}
		for j := range e.Servers {
			r := &e.Servers[j]
			r.Upper, r.Lower, r.Tunnel, r.Persistent, r.Stats = 0, 0, kernel.Tunnel{}, 0, kernel.Stats{}
		}
	}
	return s
}

func sampleConnections() []kernel.Connection {
	return []kernel.Connection{
		{Protocol: kernel.TCP, Client: addr("198.51.100.9:49152"), Virtual: addr("192.0.2.10:80"),
			Server: addr("10.0.0.11:80"), State: "ESTABLISHED", Expires: 897 * time.Second},
		{Protocol: kernel.TCP, Client: addr("198.51.100.0:0"), Virtual: addr("192.0.2.10:80"),
			Server: addr("10.0.0.11:80"), State: "NONE", Expires: 358 * time.Second},
		{Protocol: kernel.UDP, Client: addr("198.51.100.7:5060"), Virtual: addr("192.0.2.12:5060"),
			Server: addr("10.0.2.1:5060"), State: "UDP", Expires: 5 * time.Second,
			Engine: "sip", EngineData: "a\x1b[31m<b>\"c\\ü@host"},
		{Protocol: kernel.SCTP, Client: addr("[2001:db8::9]:1"), Virtual: addr("[2001:db8::1]:9"),
			Server: addr("198.51.100.7:9"), State: "ESTABLISHED", Origin: "SYNC"},
		{Client: addr("198.51.100.3:0"), Virtual: addr("0.0.0.7:0"),
			Server: addr("10.0.1.1:0"), State: "NONE", Expires: 3661 * time.Second, Origin: "LOCAL"},
	}
}

func sampleChanges() []Change {
	web := sample().Services[0].Service
	longer := web
	longer.Persistence, longer.SchedFlags, longer.Netmask = 10*time.Minute, kernel.SchedFlag2, 0
	first := kernel.Server{Addr: addr("10.0.0.11:80"), Forward: kernel.Direct, Weight: 3, Upper: 100}
	drained := first
	drained.Weight, drained.Upper = 0, 0
	tunnel := kernel.Server{Addr: addr("10.0.0.13:80"), Forward: kernel.Tunneling, Weight: 1,
		Tunnel: kernel.Tunnel{Type: kernel.GUE, Port: 6080}}
	return []Change{
		{Op: "add service", Service: web.ServiceID, AfterService: &web},
		{Op: "edit service", Service: web.ServiceID, BeforeService: &web, AfterService: &longer, DryRun: true},
		{Op: "edit server", Service: web.ServiceID, Server: first.Addr, BeforeServer: &first, AfterServer: &drained},
		{Op: "add server", Service: web.ServiceID, Server: tunnel.Addr, AfterServer: &tunnel,
			Err: errors.New("already exists")},
		{Op: "delete server", Service: web.ServiceID, Server: first.Addr, BeforeServer: &first},
		{Op: "zero"},
		{Op: "set timeouts", BeforeTimeouts: &kernel.Timeouts{TCP: time.Hour, TCPFin: 2 * time.Minute, UDP: 5 * time.Minute},
			AfterTimeouts: &kernel.Timeouts{TCP: 15 * time.Minute, TCPFin: 2 * time.Minute, UDP: 30 * time.Second}},
		{Op: "start sync master", AfterDaemon: &kernel.Daemon{Role: kernel.Master, Interface: "eth1", ID: 7,
			Group: netip.MustParseAddr("224.0.0.81"), Port: 8848}, DryRun: true},
		{Op: "stop sync backup", BeforeDaemon: &kernel.Daemon{Role: kernel.Backup, Interface: "eth1"}},
	}
}

// prints are the results of every kind, by the name of the kind.
func prints() []struct {
	kind  string
	print func(*Printer) error
} {
	return []struct {
		kind  string
		print func(*Printer) error
	}{
		{"ServiceList", func(p *Printer) error { return p.Services(sample(), Plain) }},
		{"ServerList", func(p *Printer) error {
			s := sample().Services[2]
			return p.Servers(&kernel.Snapshot{}, s.ServiceID, s.Servers, Plain)
		}},
		{"ConnectionList", func(p *Printer) error { return stream(p, sampleConnections()) }},
		{"ConnectionGroupList", func(p *Printer) error {
			return p.ConnectionGroups([]string{"server", "engine"}, []ConnectionGroup{
				{Key: []string{"10.0.0.11:80", "-"}, Total: 11,
					States: map[string]uint64{"FIN_WAIT": 3, "ESTABLISHED": 5, "CLOSE": 3}},
				{Key: []string{"[2001:db8::1]:80", "sip"}, Total: 0},
			})
		}},
		{"Timeouts", func(p *Printer) error {
			return p.Timeouts(kernel.Timeouts{TCP: 15 * time.Minute, TCPFin: 2 * time.Minute, UDP: 301 * time.Second})
		}},
		{"DaemonList", func(p *Printer) error {
			return p.Daemons([]kernel.Daemon{
				{Role: kernel.Master, Interface: "eth1", ID: 7, Group: netip.MustParseAddr("224.0.0.81"),
					Port: 8848, TTL: 1, MaxLen: 1472},
				{Role: kernel.Backup, Interface: "eth1"},
			})
		}},
		{"Totals", func(p *Printer) error {
			return p.Totals(Totals{Stats: stats(1_234_567), Info: kernel.Info{Version: 0x010201, ConnTableSize: 4096},
				Conns: kernel.ConnTable{Used: 2050, Max: 1 << 30, Buckets: 4096}})
		}},
		{"ChangeList", func(p *Printer) error { return p.Changes(sampleChanges()) }},
		{"HistoryList", func(p *Printer) error { return p.History(sampleHistory(), "boot/1") }},
		{"EventList", func(p *Printer) error { return events(p, true) }},
		{"DrainList", func(p *Printer) error { return p.Drains(sampleDrains()) }},
		{"DirectorStatus", func(p *Printer) error { return p.Director(sampleDirector()) }},
		{"DirectedServerList", func(p *Printer) error { return p.DirectedServers(sampleDirector().Services[0].Servers) }},
		{"DirectorEventList", directorEvents},
		{"Version", func(p *Printer) error {
			return p.Version(Version{Program: "lvs", Version: "1.0.0", Commit: "abcdef0",
				Go: "go1.26.0", Platform: "linux/amd64", IPVS: "1.2.1"})
		}},
	}
}

// sampleEvents are a table at the start, each change, and intervals: one that is
// known, one of a server whose answers are not seen, one of a new service.
func sampleEvents() []Event {
	web := sample().Services[0]
	all := []Event{{Initial: true, Change: Change{Op: "add service", Service: web.ServiceID, AfterService: &web.Service}}}
	for _, c := range sampleChanges() {
		if c.Op != "zero" {
			c.DryRun, c.Err = false, nil
			all = append(all, Event{Change: c})
		}
	}
	all = append(all,
		Event{Change: Change{Op: "edit server", Service: web.ServiceID, Server: addr("10.0.0.11:80"), Public: true,
			BeforeServer: &kernel.Server{Forward: kernel.Tunneling, Weight: 2},
			AfterServer:  &kernel.Server{Forward: kernel.Tunneling}}},
		Event{Change: Change{Op: "add service", Service: web.ServiceID, Public: true,
			AfterService: &kernel.Service{Scheduler: "rr"}}},
		Event{Change: Change{Service: web.ServiceID}, Traffic: &Traffic{
			Active: 122, Inactive: 3400, Elapsed: 2000500 * time.Microsecond,
			Counted: &kernel.Counters{Connections: 3, PacketsIn: 24, PacketsOut: 22, BytesIn: 12_345, BytesOut: 1 << 40}}},
		Event{Change: Change{Service: web.ServiceID, Server: addr("10.0.0.11:80")}, Traffic: &Traffic{Elapsed: time.Second,
			Counted: &kernel.Counters{Connections: 1}, Blind: true}},
		Event{Change: Change{Service: address(kernel.UDP, "192.0.2.12:5060")},
			Traffic: &Traffic{Inactive: 1, Elapsed: time.Second}},
	)
	for i := range all {
		all[i].Time = at().Add(time.Duration(i) * 1100 * time.Millisecond)
	}
	return all
}

// events writes and flushes each event on its own, as a watch does.
func events(p *Printer, rates bool) error {
	s, err := p.Events(rates)
	if err != nil {
		return err
	}
	for _, e := range sampleEvents() {
		if err := errors.Join(s.Add(&e), s.Flush()); err != nil {
			return err
		}
	}
	return s.Close()
}

func stream(p *Printer, rows []kernel.Connection) error {
	s := p.Connections()
	for i := range rows {
		if err := s.Add(&rows[i]); err != nil {
			return err
		}
	}
	return s.Close()
}

// render prints with the options and fails on any error.
func render(t *testing.T, o Options, print func(*Printer) error) []byte {
	t.Helper()
	o.Now = at
	var out bytes.Buffer
	p, err := New(&out, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := print(p); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func sampleHistory() []journal.Entry {
	web := sample().Services[0].Service
	first := kernel.Server{Addr: addr("10.0.0.11:80"), Forward: kernel.Direct, Weight: 3}
	drained := first
	drained.Weight = 0
	object := plan.Object{Service: web.ServiceID, Server: first.Addr, BeforeServer: &first, AfterServer: &drained}
	began := at().Add(time.Nanosecond)
	return []journal.Entry{
		{ID: 6, Time: began, User: "root", Command: "lvs apply -f web.yaml", Table: "boot/1", Declared: 2,
			End: journal.End{Outcome: journal.Done}},
		{ID: 5, Time: began, User: "root", Command: "lvs weight tcp://192.0.2.10:80 10.0.0.11:80 0 --over 1m",
			Table: "boot/1", Counts: plan.Result{Edited: 1}, Objects: []plan.Object{object},
			End: journal.End{Outcome: journal.Interrupted, Reached: new(2)}},
		{ID: 4, Time: began, User: "root", SudoUser: "alice", Command: "lvs zero", Table: "boot/1",
			Objects: []plan.Object{{Zeroed: true}}, End: journal.End{Outcome: journal.Done}},
		{ID: 3, Time: began, User: "1000", UID: 1000, Command: "lvs restore -f 'a file\x1b[31m'",
			Netns: "director", Table: "boot/2",
			Counts: plan.Result{Added: 100000, Edited: 2, Deleted: 3}, Without: true,
			End: journal.End{Outcome: journal.Unknown, Error: "broken pipe"}},
		{ID: 2, Time: began, User: "root", Command: "lvs undo", Table: "boot/1", Undoes: 1, Counts: plan.Result{Edited: 1},
			Objects: []plan.Object{object}, End: journal.End{Outcome: journal.Partly, Refused: []int{0}}},
		{ID: 1, Time: began, User: "root", Command: "lvs weight tcp://192.0.2.10:80 10.0.0.11:80 0", Table: "boot/1",
			Counts: plan.Result{Edited: 1}, Objects: []plan.Object{object},
			End: journal.End{Outcome: journal.Done}, UndoneBy: 2},
	}
}

func sampleDrains() []Drain {
	web, dns := address(kernel.TCP, "192.0.2.10:80"), address(kernel.UDP, "[2001:db8::1]:53")
	one := outages()[kernel.ServerKey{Service: web, Server: addr("10.0.0.12:80")}]
	return []Drain{
		{Service: web, Server: addr("10.0.0.11:80"), Forward: kernel.NAT, Before: 3, Active: 12, Inactive: 3400, Clients: 7,
			State: TimedOut, Reason: "12 active connections"},
		{Service: dns, Server: addr("[2001:db8::11]:53"), Forward: kernel.Direct, Before: 0, Inactive: 4, State: Drained,
			Outage: &one},
		{Service: dns, Server: addr("[2001:db8::12]:53"), Forward: kernel.Direct, Before: -1, Weight: 1, Clients: -1,
			State: Serving, Reason: "its weight is 1"},
		{Service: dns, Server: addr("[2001:db8::13]:53"), Before: 5, Clients: -1, State: Gone,
			Reason: "it is not in the table"},
	}
}
