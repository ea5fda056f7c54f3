package api

import (
	"time"

	"lvs/director"
	"lvs/director/health"
	"lvs/kernel"
	"lvs/output"
	"lvs/plan"
)

// StatusRow returns the row of a state.
func StatusRow(s *director.Status) *output.DirectorRow {
	row := &output.DirectorRow{
		PID: s.PID, Version: s.Version, Started: stamp(s.Started), At: stamp(s.At), Netns: orNull(s.Netns),
		Cluster: orNull(s.Cluster), Files: append([]string{}, s.Files...), Loaded: stamp(s.Loaded),
		Refused: orNull(s.Refused), RefusedAt: stampOrNull(s.RefusedAt), Role: orNull(s.Role),
		Services:  make([]output.DirectedServiceRow, len(s.Services)),
		Addresses: make([]output.AddressRow, len(s.Addresses)),
		Drift:     make([]output.DriftRow, len(s.Drift)),
		Alarms:    make([]output.AlarmRow, len(s.Alarms)),
		Checks:    output.ChecksRow(s.Checks),
	}
	if s.Resync > 0 {
		row.Resync = new(s.Resync.Seconds())
	}
	if s.Frozen != nil {
		row.Frozen = &output.FrozenRow{Since: stamp(s.Frozen.Since), Why: s.Frozen.Why}
	}
	for i := range s.Services {
		row.Services[i] = serviceRow(&s.Services[i])
	}
	for i := range s.Addresses {
		a := &s.Addresses[i]
		row.Addresses[i] = output.AddressRow{Address: a.Addr.String(), State: string(a.State), Since: stampOrNull(a.Since),
			Up: a.Up, Down: a.Down, Unknown: a.Unknown}
	}
	for i := range s.Drift {
		d := &s.Drift[i]
		row.Drift[i] = output.DriftRow{Since: stamp(d.Since), Service: d.Service.String(), Server: serverOrNull(d.Server),
			What: string(d.What), Have: orNull(d.Have), Want: orNull(d.Want)}
	}
	for i := range s.Alarms {
		a := &s.Alarms[i]
		row.Alarms[i] = output.AlarmRow{Since: stamp(a.Since), Code: a.Code, What: a.What, Fix: orNull(a.Fix)}
	}
	return row
}

func serviceRow(s *director.ServiceStatus) output.DirectedServiceRow {
	return output.DirectedServiceRow{
		Service: s.ID.String(), Name: orNull(s.Name), State: string(s.State), Since: stampOrNull(s.Since),
		Healthy: s.Healthy, All: s.All, Weight: s.Weight, Declared: s.Declared,
		DownBelow: s.DownBelow, UpFrom: s.UpFrom, ByWeight: s.ByWeight, MinLeft: s.MinLeft,
		Tier: s.Tier, FallbackInUse: s.FallbackInUse,
		Servers: serverRows(s.Servers),
	}
}

func serverRows(all []director.ServerStatus) []output.DirectedServerRow {
	rows := make([]output.DirectedServerRow, len(all))
	for i := range all {
		rows[i] = serverRow(&all[i])
	}
	return rows
}

func serverRow(s *director.ServerStatus) output.DirectedServerRow {
	row := output.DirectedServerRow{
		Service: s.Key.Service.String(), Server: s.Key.Server.String(), Tier: s.Tier, Fallback: s.Fallback,
		Admin: string(s.Admin.State), AdminSince: stampOrNull(s.Admin.Since), AdminUntil: stampOrNull(s.Admin.Until),
		By: orNull(s.Admin.User), AdminReason: orNull(s.Admin.Reason), AdminWeight: weightOrNull(s.Admin.Weight),
		Health: verdictWord(s.Health.Verdict), Checked: s.Health.Checked, Since: stampOrNull(s.Health.Since),
		Flaps: s.Health.Flaps, Suspect: s.Health.Suspect,
		Declared: s.Declared, WeightWanted: weightOrNull(s.Wanted), Weight: weightOrNull(s.InForce),
		Why: string(s.Why), Changes: stampOrNull(s.Changes),
		Checks: make([]output.DirectedCheckRow, len(s.Health.Probes)),
	}
	for i := range s.Health.Probes {
		row.Checks[i] = checkRow(&s.Health.Probes[i])
	}
	return row
}

func checkRow(p *director.ProbeStatus) output.DirectedCheckRow {
	st := &p.State
	return output.DirectedCheckRow{
		Kind: string(p.Kind), Target: p.Addr, Verdict: verdictWord(st.Verdict), Since: stampOrNull(st.Since),
		Row: st.Row, Passed: st.Pass, Failed: st.Fail, Next: stampOrNull(st.Next), Last: resultRow(&st.Last),
	}
}

// resultRow returns nil for the zero result.
func resultRow(r *health.Result) *output.CheckResultRow {
	if r.Outcome == 0 {
		return nil
	}
	row := &output.CheckResultRow{
		At: stamp(r.At), Took: r.Took.Seconds(), Outcome: outcomeWord(r.Outcome), Reason: orNull(string(r.Reason)),
		Detail:  orNull(r.Detail),
		Text:    output.ResultText(outcomeWord(r.Outcome), string(r.Reason), r.Detail, r.Took),
		Expires: stampOrNull(r.Expires), Soon: r.Soon,
	}
	if r.Soon {
		row.Text += ", the certificate ends " + r.Expires.UTC().Format(time.DateOnly)
	}
	if r.Agent != nil {
		row.Agent = &r.Agent.Words
		if w := r.Agent.Words; w != "" && w != r.Detail {
			row.Text += ", it says: " + plan.Visible(w)
		}
	}
	return row
}

// EventRow returns the row of an event.
func EventRow(e *director.Event) output.DirectorEventRow {
	row := output.DirectorEventRow{
		ID: e.ID, Time: stamp(e.At), Event: string(e.Kind), Server: serverOrNull(e.Server),
		From: orNull(e.From), To: orNull(e.To), Why: orNull(string(e.Why)), Check: orNull(string(e.Check)),
		By: orNull(e.User), Reason: orNull(e.Reason), Text: e.Text, Result: resultRow(&e.Result),
	}
	switch {
	case e.Service != (kernel.ServiceID{}):
		row.Service = orNull(e.Service.String())
	case e.Server != (kernel.ServerKey{}):
		row.Service = orNull(e.Server.Service.String())
	}
	row.Text = output.EventText(&row)
	return row
}

// verdictWord returns the word of a verdict in rows.
func verdictWord(v health.Verdict) string {
	switch v {
	case health.Up:
		return "up"
	case health.Down:
		return "down"
	}
	return "unknown"
}

func outcomeWord(o health.Outcome) string {
	switch o {
	case health.Pass:
		return "pass"
	case health.Busy:
		return "busy"
	case health.Local:
		return "local"
	}
	return "fail"
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

func stampOrNull(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return orNull(stamp(t))
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func serverOrNull(key kernel.ServerKey) *string {
	if !key.Server.IsValid() {
		return nil
	}
	return orNull(key.Server.String())
}

// weightOrNull returns nil for a weight below 0, which is none.
func weightOrNull(n int) *int {
	if n < 0 {
		return nil
	}
	return &n
}
