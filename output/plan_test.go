package output

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lvs/kernel"
	"lvs/plan"
)

func TestPlan(t *testing.T) {
	id := address(kernel.TCP, "192.0.2.10:80")
	rows := []Change{
		{Service: kernel.MarkID(7, kernel.IPv6), AfterService: &kernel.Service{Scheduler: "mh", SchedFlags: 3, Persistence: 600e9}},
		{Service: id, Server: addr("10.0.0.14:80"), AfterServer: &kernel.Server{Forward: kernel.Direct, Weight: 1, Upper: 100}},
		{Service: id, BeforeService: &kernel.Service{Scheduler: "rr", OnePacket: true}, AfterService: &kernel.Service{Scheduler: "wlc", Persistence: 60e9}},
		{Service: id, Server: addr("10.0.0.12:80"), BeforeServer: &kernel.Server{Forward: kernel.Direct, Weight: 3, Upper: 10},
			AfterServer: &kernel.Server{Forward: kernel.Tunneling, Weight: 1}},
		{Op: "set timeouts", BeforeTimeouts: &kernel.Timeouts{TCP: 900e9, UDP: 300e9}, AfterTimeouts: &kernel.Timeouts{TCP: 600e9, UDP: 300e9}},
		{Service: id, Server: addr("10.0.0.13:80"), BeforeServer: &kernel.Server{}, Cost: &plan.Cost{Established: 1243, Other: 9, Persistent: 88}},
		{Service: id, Server: addr("10.0.0.15:80"), BeforeServer: &kernel.Server{}, Cost: &plan.Cost{}},
		{Service: kernel.MarkID(9, kernel.IPv4), BeforeService: &kernel.Service{}, Cost: &plan.Cost{Other: 2, Persistent: 1}},
		{Op: "stop sync master", BeforeDaemon: &kernel.Daemon{Role: kernel.Master, Interface: "eth0"}},
		{Op: "start sync backup", AfterDaemon: &kernel.Daemon{Role: kernel.Backup, Interface: "eth0", ID: 7}},
	}
	for i := range rows {
		rows[i].DryRun = true
	}
	const want = `+ fwmark:7/ipv6  scheduler mh, flags mh-fallback+mh-port, persistent 10m
+ tcp://192.0.2.10:80 10.0.0.14:80  forward direct, weight 1, upper 100
~ tcp://192.0.2.10:80  scheduler rr -> wlc, persistent none -> 1m, onepacket true -> none, refuses new connections for a moment
~ tcp://192.0.2.10:80 10.0.0.12:80  forward direct -> tunnel, weight 3 -> 1, upper 10 -> none, tunnel none -> ipip
~ timeouts  tcp 15m -> 10m
- tcp://192.0.2.10:80 10.0.0.13:80  cuts 1,243 established, moves 88 persistent clients
- tcp://192.0.2.10:80 10.0.0.15:80
- fwmark:9  cuts 2 that are ending, moves 1 persistent client
- sync master
+ sync backup  interface eth0, id 7
1 service, 1 server and 1 setting to add, 1 service, 1 server and 1 setting to change, 1 service, 2 servers and 1 setting to delete; cuts 1,243 established, moves 89 persistent clients
`
	for _, terminal := range []bool{false, true} {
		var b bytes.Buffer
		p, err := New(&b, Options{Terminal: terminal})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Plan(rows); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, b.String()); d != "" {
			t.Errorf("terminal %v (-want +got)\n%s", terminal, d)
		}
	}
}
