package doctor

import (
	"fmt"
	"net/netip"
	"slices"

	"lvs/kernel"
	"lvs/plan"
	"lvs/schedule"
)

// schedulers diagnoses schedulers that do not do what a service needs.
func (f *findings) schedulers(v *plan.Service, s Settings) {
	switch v.Scheduler {
	case "sed", "nq", "ovf":
		if v.Protocol == kernel.UDP {
			f.add(v.ServiceID, Diagnosis{Code: "udp-scheduler", Severity: Warning,
				What: "the scheduler " + v.Scheduler + " for UDP",
				Why:  "it counts active connections, and those of UDP are never active: one server gets all of them",
				Fix:  "use scheduler: wlc, wrr or rr"})
		}
	case "sh":
		f.sourceHash(v)
	case "mh":
		f.maglev(v, s)
	}
}

// sourceHash diagnoses weights above 1: the places are dealt in runs of the weights.
func (f *findings) sourceHash(v *plan.Service) {
	if !slices.ContainsFunc(v.Servers, func(s kernel.Server) bool { return s.Weight > 1 }) {
		return
	}
	d := Diagnosis{Code: "sh-weights", Severity: Warning, What: "the scheduler sh with weights above 1",
		Why: "when a server goes out of service or comes back, almost all clients get another server",
		Fix: "use scheduler: mh with flags: [mh-port, mh-fallback], or weight: 1 for all servers"}
	if addr, share, due := farthest(v); addr.IsValid() {
		d.Why += fmt.Sprintf("; and %v gets %s of the clients, not %s", addr, percent(share), percent(due))
	}
	f.add(v.ServiceID, d)
}

// farthest returns the server whose share is farthest from what its weight says, if that is
// one hundredth of all or more.
func farthest(v *plan.Service) (addr netip.AddrPort, share, due float64) {
	shares, sum := sharesOf(v)
	far := 0.01
	for i, n := range shares {
		weight := float64(v.Servers[i].Weight) / float64(sum)
		if off := max(n-weight, weight-n); off >= far {
			far, addr, share, due = off, v.Servers[i].Addr, n, weight
		}
	}
	return addr, share, due
}

// sharesOf returns the shares of a service's servers, and the sum of their weights. There are
// no shares without a weight.
func sharesOf(v *plan.Service) (shares []float64, sum int64) {
	servers := make([]schedule.Server, len(v.Servers))
	for i := range v.Servers {
		sum += int64(v.Servers[i].Weight)
		// The kernel lists the server first that the file has last.
		servers[len(servers)-1-i].Weight = v.Servers[i].Weight
	}
	if sum == 0 {
		return nil, 0
	}
	shares = schedule.Shares(v.Scheduler, servers)
	slices.Reverse(shares)
	return shares, sum
}

func percent(share float64) string { return fmt.Sprintf("%.3g%%", 100*share) }

// maglev diagnoses services with mh.
func (f *findings) maglev(v *plan.Service, s Settings) {
	id := v.ServiceID
	if !slices.Contains(v.SchedFlags.Names("mh"), "mh-fallback") {
		f.add(id, Diagnosis{Code: "mh-fallback", Severity: Warning, What: "the scheduler mh without mh-fallback",
			Why: "clients of a server with weight 0, also a drained or failed one, are refused",
			Fix: "add flags: [mh-port, mh-fallback]"})
	}
	if v.Protocol == kernel.TCP && v.FWMark == 0 && s.off(kernel.SloppyTCP) {
		f.add(id, Diagnosis{Code: "mh-sloppy", Severity: Note, What: sysctlIsOff(kernel.SloppyTCP),
			Why: "connections that routers move here from another director with mh are not taken over",
			Fix: setSysctl(kernel.SloppyTCP)})
	}
	six := func(s kernel.Server) bool { return s.Addr.Addr().Is6() }
	if id.Family == kernel.IPv4 && slices.ContainsFunc(v.Servers, six) {
		f.add(id, Diagnosis{Code: "mh-family", Severity: Warning, What: "the scheduler mh for IPv4 with IPv6 servers",
			Why: "it tells servers apart by the first 32 bits of their addresses only: a change moves clients of other servers",
			Fix: "use IPv4 addresses for the servers, or another scheduler"})
	}
	if addr, share, due := smallest(v); addr.IsValid() {
		f.add(id, Diagnosis{Code: "mh-share", Severity: Note,
			What: fmt.Sprintf("the scheduler mh with a small weight for %v", addr),
			Why: fmt.Sprintf("it gets %s of the clients, not %s: mh keeps 6 bits of a weight, so that the largest is at most "+
				"63 times the smallest", percent(share), percent(due)),
			Fix: "use a larger weight for it, or 0"})
	}
}

// leastShare is the smallest share of clients that mh can give to one of two servers.
const leastShare = 0.015

// smallest returns the server with the smallest weight above 0, if it gets more than that says.
func smallest(v *plan.Service) (addr netip.AddrPort, share, due float64) {
	shares, sum := sharesOf(v)
	for i, n := range shares {
		weight := float64(v.Servers[i].Weight) / float64(sum)
		if weight > 0 && weight < leastShare && n > 1.25*weight && (due == 0 || weight < due) {
			addr, share, due = v.Servers[i].Addr, n, weight
		}
	}
	return addr, share, due
}
