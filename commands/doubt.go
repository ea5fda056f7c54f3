package commands

import (
	"net/netip"
	"slices"
	"strings"

	"lvs/cluster"
	"lvs/plan"
)

// noteUnknownNames prints a note for each scheduler and persistence engine of a cluster
// file that Linux does not have. It is no fault: a kernel may have a module of that name,
// and only apply finds out.
func (a *App) noteUnknownNames(w *cluster.Wanted) {
	noted := map[string]bool{}
	note := func(s *plan.Service, what, module, name string, known []string) {
		if name == "" || slices.Contains(known, name) || noted[module+name] {
			return
		}
		noted[module+name] = true
		place := w.Place(s.ServiceID, netip.AddrPort{})
		if place != "" {
			place += ": "
		}
		near := ""
		if meant := cluster.Nearest(name, known); meant != "" {
			near = "; did you mean " + meant + "?"
		}
		a.note("%sservice %v: Linux has no %s %s (%s): apply fails unless the kernel has a module %s%s%s",
			place, s.ServiceID, what, plan.Quote(name), strings.Join(known, ", "), module, name, near)
	}
	for i := range w.Services {
		s := &w.Services[i]
		note(s, "scheduler", "ip_vs_", s.Scheduler, schedulerNames())
		note(s, "persistence engine", "ip_vs_pe_", s.Engine, []string{"sip"})
	}
}
