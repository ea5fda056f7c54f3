package commands

import (
	"iter"
	"slices"
	"time"

	"lvs/kernel"
	"lvs/output"
)

// ratesTo gives what each service, and each of its servers, did from one look to
// a later one. Both are in canonical order.
func (l *look) ratesTo(now *look, servers bool) iter.Seq[output.Event] {
	elapsed := now.Time.Sub(l.Time)
	return func(yield func(output.Event) bool) {
		old := l.Services
		for i := range now.Services {
			e := &now.Services[i]
			for len(old) > 0 && old[0].Compare(e.ServiceID) < 0 {
				old = old[1:]
			}
			was := &kernel.ServiceEntry{}
			if len(old) > 0 {
				was = &old[0]
			}
			known := was.ServiceID == e.ServiceID
			change := output.Change{Service: e.ServiceID}
			if !yield(output.Event{Time: now.Time, Change: change, Traffic: serviceTraffic(was, e, known, elapsed)}) {
				return
			}
			for _, s := range byAddress(e.Servers, servers) {
				var old *kernel.ServerEntry
				if known {
					old = findServer(was, s.Addr)
				}
				change.Server = s.Addr
				if !yield(output.Event{Time: now.Time, Change: change, Traffic: serverTraffic(old, s, elapsed)}) {
					return
				}
			}
		}
	}
}

// byAddress orders servers by what does not depend on when each was added; none
// where they are not wanted.
func byAddress(servers []kernel.ServerEntry, wanted bool) []*kernel.ServerEntry {
	if !wanted {
		return nil
	}
	out := make([]*kernel.ServerEntry, len(servers))
	for i := range servers {
		out[i] = &servers[i]
	}
	slices.SortFunc(out, func(a, b *kernel.ServerEntry) int { return a.Addr.Compare(b.Addr) })
	return out
}

func serviceTraffic(was, now *kernel.ServiceEntry, known bool, elapsed time.Duration) *output.Traffic {
	t := &output.Traffic{Elapsed: elapsed, Blind: len(now.Servers) > 0}
	for i := range now.Servers {
		s := &now.Servers[i]
		t.Active += uint64(s.Active)
		t.Inactive += uint64(s.Inactive)
		t.Blind = t.Blind && blind(s)
	}
	if known {
		t.Counted = counted(&was.Stats.Counters, &now.Stats.Counters, elapsed)
	}
	return t
}

func serverTraffic(was, now *kernel.ServerEntry, elapsed time.Duration) *output.Traffic {
	t := &output.Traffic{Active: uint64(now.Active), Inactive: uint64(now.Inactive), Elapsed: elapsed, Blind: blind(now)}
	if was != nil {
		t.Counted = counted(&was.Stats.Counters, &now.Stats.Counters, elapsed)
	}
	return t
}

// blind tells whether a server's answers do not pass the director, as a rule.
func blind(s *kernel.ServerEntry) bool {
	return s.Forward == kernel.Direct || s.Forward == kernel.Tunneling
}

// counted gives what was counted between two looks. A counter that went back has
// been set to zero, or is another object's: then nothing is known.
func counted(was, now *kernel.Counters, elapsed time.Duration) *kernel.Counters {
	if elapsed <= 0 || now.Connections < was.Connections || now.PacketsIn < was.PacketsIn ||
		now.PacketsOut < was.PacketsOut || now.BytesIn < was.BytesIn || now.BytesOut < was.BytesOut {
		return nil
	}
	return &kernel.Counters{
		Connections: now.Connections - was.Connections,
		PacketsIn:   now.PacketsIn - was.PacketsIn, PacketsOut: now.PacketsOut - was.PacketsOut,
		BytesIn: now.BytesIn - was.BytesIn, BytesOut: now.BytesOut - was.BytesOut,
	}
}
