package output

import (
	"testing"

	"lvs/kernel"
	"lvs/plan"
)

func TestPlan(t *testing.T) {
	id := address(kernel.TCP, "192.0.2.10:80")
	rows := []Change{
		{Service: kernel.MarkID(7, kernel.IPv6),
			AfterService: &kernel.Service{Scheduler: "mh", SchedFlags: 3, Persistence: 600e9}},
		{Service: id, Server: addr("10.0.0.14:80"),
			AfterServer: &kernel.Server{Forward: kernel.Direct, Weight: 1, Upper: 100}},
		{Service: id, BeforeService: &kernel.Service{Scheduler: "rr", OnePacket: true},
			AfterService: &kernel.Service{Scheduler: "wlc", Persistence: 60e9}},
		{Service: id, Server: addr("10.0.0.12:80"),
			BeforeServer: &kernel.Server{Forward: kernel.Direct, Weight: 3, Upper: 10},
			AfterServer:  &kernel.Server{Forward: kernel.Tunneling, Weight: 1}},
		{Op: "set timeouts", BeforeTimeouts: &kernel.Timeouts{TCP: 900e9, UDP: 300e9},
			AfterTimeouts: &kernel.Timeouts{TCP: 600e9, UDP: 300e9}},
		{Service: id, Server: addr("10.0.0.13:80"), BeforeServer: &kernel.Server{},
			Cost: &plan.Cost{Established: 1243, Other: 9, Persistent: 88, Fates: plan.Fates{plan.Dropped: 1252},
				Within: 900e9, Timeout: plan.TCPTimeout}},
		{Service: id, Server: addr("10.0.0.15:80"), BeforeServer: &kernel.Server{}, Cost: &plan.Cost{}},
		{Service: kernel.MarkID(9, kernel.IPv4), BeforeService: &kernel.Service{},
			Cost: &plan.Cost{Other: 2, Persistent: 1, Stranded: 1, Fates: plan.Fates{plan.Ended: 2}}},
		{Op: "stop sync master", BeforeDaemon: &kernel.Daemon{Role: kernel.Master, Interface: "eth0"}},
		{Op: "start sync backup", AfterDaemon: &kernel.Daemon{Role: kernel.Backup, Interface: "eth0", ID: 7}},
	}
	for i := range rows {
		rows[i].DryRun = true
	}
	plan := func(p *Printer) error { return p.Plan(rows) }
	for name, o := range map[string]Options{"pipe": {}, "terminal": {Terminal: true}} {
		t.Run(name, func(t *testing.T) { golden(t, "plan", render(t, o, plan)) })
	}
}
