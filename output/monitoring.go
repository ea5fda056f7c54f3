package output

import (
	"fmt"
	"strings"
)

// Monitoring returns the state of a director as a monitoring plugin reports it: 0 is good,
// 1 a warning, 2 critical; and a line with performance data. hangs is why the director does
// not work, or nil.
func Monitoring(d *DirectorRow, hangs error) (status int, line string) {
	var critical, warning []string
	up, healthy, all, maintained := 0, 0, 0, 0
	for i := range d.Services {
		s := &d.Services[i]
		if s.State == "up" {
			up++
		} else {
			critical = append(critical, s.Service+" is "+s.State)
		}
		healthy, all = healthy+s.Healthy, all+s.All
		for j := range s.Servers {
			r := &s.Servers[j]
			if r.Admin != "ready" {
				maintained++
			}
			if r.Health == "down" && s.State == "up" {
				warning = append(warning, r.Service+" "+r.Server+" is down")
			}
		}
	}
	if hangs != nil {
		critical = append([]string{hangs.Error()}, critical...)
	}
	warning = append(warning, ownFaults(d)...)
	text := fmt.Sprintf("%d of %d services up, %d of %d servers healthy", up, len(d.Services), healthy, all)
	perf := fmt.Sprintf("|services=%d services_up=%d servers=%d servers_healthy=%d servers_out=%d alarms=%d drift=%d",
		len(d.Services), up, all, healthy, maintained, len(d.Alarms), len(d.Drift))
	switch {
	case len(critical) > 0:
		status = 2
	case len(warning) > 0:
		status = 1
	}
	const most = 5
	faults := append(critical, warning...)
	if len(faults) > most {
		faults = append(faults[:most:most], fmt.Sprintf("and %d more", len(faults)-most))
	}
	if len(faults) > 0 {
		text += ": " + strings.Join(faults, "; ")
	}
	return status, strings.ReplaceAll(text, "|", "/") + perf
}

// ownFaults are faults that are not those of servers.
func ownFaults(d *DirectorRow) (out []string) {
	if d.Frozen != nil {
		out = append(out, "frozen: "+d.Frozen.Why)
	}
	if d.Refused != nil {
		out = append(out, "files refused: "+*d.Refused)
	}
	for i := range d.Alarms {
		out = append(out, "alarm: "+d.Alarms[i].What)
	}
	for i := range d.Drift {
		out = append(out, "drift: "+d.Drift[i].Place()+" "+d.Drift[i].DriftText())
	}
	return out
}
