package output

import (
	"strconv"
	"time"

	"lvs/kernel"
	"lvs/plan"
)

// Index returns the services and the servers of a director by their keys. A row whose key
// cannot be read, of another version, is left out.
func (d *DirectorRow) Index() (map[kernel.ServiceID]*DirectedServiceRow, map[kernel.ServerKey]*DirectedServerRow) {
	services, servers := map[kernel.ServiceID]*DirectedServiceRow{}, map[kernel.ServerKey]*DirectedServerRow{}
	for i := range d.Services {
		s := &d.Services[i]
		id, err := kernel.ParseServiceID(s.Service)
		if err != nil {
			continue
		}
		services[id] = s
		for j := range s.Servers {
			if addr, err := kernel.ParseAddrPort(s.Servers[j].Server); err == nil {
				servers[kernel.ServerKey{Service: id, Server: addr}] = &s.Servers[j]
			}
		}
	}
	return services, servers
}

// Faults are faults of the director and of its surroundings in words, the worst first: a
// freeze, refused files, alarms, drift.
func (d *DirectorRow) Faults() []string { return ownFaults(d) }

// WeightWord returns why the director wants the weight 0 in one word: drained, maintenance,
// masked, or standby. Empty: it wants another weight, or the file has 0.
func (r *DirectedServerRow) WeightWord() string {
	if r.WeightWanted != nil && *r.WeightWanted > 0 {
		return ""
	}
	switch r.Why {
	case "drain":
		return "drained"
	case "maintain":
		return "maintenance"
	case "tier", "fallback":
		return "standby"
	case "check", "passive", "start", "agent", "quiesced":
		return "masked"
	}
	return ""
}

// WeightText returns in words why the server has its weight, and until when an admin's
// decision holds, or when time alone changes the weight. now has the time zone.
func (r *DirectedServerRow) WeightText(now time.Time) string {
	text := r.WhyText()
	if r.WeightWord() == "masked" {
		text = "masked by the director: " + text
	}
	switch {
	case r.AdminUntil != nil:
		text += ", until " + clockText(r.AdminUntil, now)
	case r.Changes != nil:
		text += ", changes at " + clockText(r.Changes, now)
	}
	return text
}

// HealthText returns what the checks found, since when, and the last result. now has the
// time zone.
func (r *DirectedServerRow) HealthText(now time.Time) string {
	if !r.Checked {
		return "not checked"
	}
	text := r.Health
	if r.Since != nil {
		text += " since " + clockText(r.Since, now)
	}
	if r.Flaps > 1 {
		text += ", " + strconv.Itoa(r.Flaps) + " changes in the last hour"
	}
	if last := r.ResultText(); last != "" {
		text += "; " + plan.Visible(last)
	}
	return text
}

// StateText returns the state of the service, since when, and what it has and needs. now
// has the time zone.
func (r *DirectedServiceRow) StateText(now time.Time) string {
	text := r.State
	if r.Since != nil {
		text += " since " + clockText(r.Since, now)
	}
	return text + ": " + r.WhyText()
}

func clockText(stamp *string, now time.Time) string { return string(appendClock(nil, stamp, now)) }
