package operate

import (
	"slices"
	"testing"
	"time"

	"lvs/kernel"
	"lvs/kernel/memory"
	"lvs/traffic"
)

func TestSlope(t *testing.T) {
	at := func(seconds int) time.Time { return time.Unix(int64(seconds), 0) }
	var s Slope
	if _, _, ok := s.Estimate(); ok {
		t.Error("an estimate of nothing")
	}
	s.Add(at(0), 100)
	s.Add(at(10), 80)
	if rate, end, ok := s.Estimate(); !ok || rate != 2 || end != 40*time.Second {
		t.Errorf("%v a second, %s, %v", rate, end, ok)
	}
	s.Add(at(20), 90)
	s.Add(at(50), 90) // what was long ago counts no more
	if _, _, ok := s.Estimate(); ok {
		t.Error("an end is in sight where nothing shrinks")
	}
}

func TestDrainState(t *testing.T) {
	const dns, mark = "udp://192.0.2.10:53", "fwmark:7"
	for _, c := range []struct {
		name, service string
		weight        int
		persistent    bool
		busy          memory.Traffic
		after         time.Duration
		sysctl        string // set to the other value
		state         DrainState
		blocked       []traffic.Block
	}{
		{name: "serving", service: web, weight: 1, busy: memory.Traffic{Active: 3}, state: Serving},
		{name: "active", service: web, busy: memory.Traffic{Active: 3, Inactive: 9}, state: Draining,
			blocked: []traffic.Block{{Reason: traffic.ActiveConnections, Count: 3}}},
		{name: "opening", service: web, busy: memory.Traffic{Inactive: 9}, state: Draining,
			blocked: []traffic.Block{{Reason: traffic.Opening, Count: 9}}},
		{name: "inactive", service: web, busy: memory.Traffic{Inactive: 9}, after: traffic.QuietTime, state: Drained},
		{name: "idle", service: web, state: Drained},
		{name: "bound clients", service: web, persistent: true, busy: memory.Traffic{Persistent: 4}, state: Draining,
			blocked: []traffic.Block{{Reason: traffic.BoundClients, Count: 4}}},
		{name: "clients that are not bound", service: web, persistent: true, busy: memory.Traffic{Persistent: 4},
			sysctl: kernel.ExpireQuiescentTemplate, state: Drained},
		{name: "recent datagrams", service: dns, busy: memory.Traffic{Inactive: 9}, after: traffic.QuietTime - 1,
			state: Draining, blocked: []traffic.Block{{Reason: traffic.RecentDatagrams, Count: 9}}},
		{name: "quiet datagrams", service: dns, busy: memory.Traffic{Inactive: 9}, after: traffic.QuietTime, state: Drained},
		{name: "no datagrams", service: dns, state: Drained},
		{name: "uncounted", service: dns, busy: memory.Traffic{Inactive: 9}, after: time.Hour,
			sysctl: kernel.RunEstimation, state: Draining,
			blocked: []traffic.Block{{Reason: traffic.UncountedDatagrams, Count: 9}}},
		{name: "a mark", service: mark, busy: memory.Traffic{Inactive: 9}, after: traffic.QuietTime - 1, state: Draining,
			blocked: []traffic.Block{{Reason: traffic.Opening, Count: 9}}},
		{name: "an active mark", service: mark, busy: memory.Traffic{Active: 1, Inactive: 9}, after: traffic.QuietTime - 1,
			state: Draining, blocked: []traffic.Block{{Reason: traffic.ActiveConnections, Count: 1}}},
		{name: "an uncounted mark", service: mark, busy: memory.Traffic{Inactive: 9}, after: time.Hour,
			sysctl: kernel.RunEstimation, state: Draining, blocked: []traffic.Block{{Reason: traffic.Uncounted, Count: 9}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.add(c.service, c.weight)
			w.busy(c.service, 1, c.busy)
			if c.sysctl != "" {
				value := map[string]string{kernel.RunEstimation: "0", kernel.ExpireQuiescentTemplate: "1"}[c.sysctl]
				if err := w.kernel.SetSysctl(t.Context(), c.sysctl, value); err != nil {
					t.Fatal(err)
				}
			}
			watch, err := w.Watch(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			m := w.member(c.service, 1)
			if c.persistent {
				m.Service.Persistence = time.Minute
			}
			watch.Drain(&m)
			w.now = w.now.Add(c.after)
			d := watch.Drain(&m)
			if d.State != c.state || !slices.Equal(d.Blocked, c.blocked) {
				t.Errorf("%s, blocked by %v; want %s, %v", d.State, d.Blocked, c.state, c.blocked)
			}
			if d.Active != c.busy.Active || d.Inactive != c.busy.Inactive || d.Clients != int64(c.busy.Persistent) {
				t.Errorf("%+v", d)
			}
		})
	}
}

// Each datagram that comes starts the quiet time again.
func TestDrainOfDatagrams(t *testing.T) {
	w := newWorld(t)
	const dns = "udp://192.0.2.10:53"
	w.add(dns, 0)
	w.busy(dns, 1, memory.Traffic{Inactive: 1})
	watch, err := w.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	state := func(after time.Duration) DrainState {
		w.now = w.now.Add(after)
		m := w.member(dns, 1)
		return watch.Drain(&m).State
	}
	state(0)
	w.busy(dns, 1, memory.Traffic{Inactive: 1, Add: kernel.Counters{PacketsIn: 1}})
	if got := state(traffic.QuietTime - 1); got != Draining {
		t.Errorf("after a datagram: %s", got)
	}
	if got := state(traffic.QuietTime - 1); got != Draining {
		t.Errorf("before the quiet time is over: %s", got)
	}
	if got := state(1); got != Drained {
		t.Errorf("after the quiet time: %s", got)
	}
}

// Without privilege the public table is read: no clients, and no counters.
func TestWatchUnprivileged(t *testing.T) {
	w := newWorld(t)
	w.add(web, 0)
	servers := w.members(web, 1)
	w.kernel.Deny()
	watch, err := w.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		d, err := watch.Look(t.Context(), servers, nil)
		if err != nil || d[0].State != Drained || d[0].Clients != -1 {
			t.Fatalf("%v, %+v", err, d)
		}
	}
	if !watch.Public || len(w.events) != 1 || !slices.Equal(w.eventTypes(), []string{"Unprivileged"}) {
		t.Errorf("public %v, the events are %v", watch.Public, w.eventTypes())
	}
}

// A service that is deleted is no error: its servers are gone.
func TestLookAfterDeletion(t *testing.T) {
	w := newWorld(t)
	w.add(web, 0)
	w.add("fwmark:7", 0)
	servers := []Member{w.member(web, 1), w.member("fwmark:7", 1)}
	watch, err := w.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.change(kernel.Change{Op: kernel.DeleteService, Service: kernel.Service{ServiceID: serviceID(web)}})
	for _, of := range [][]Member{servers, servers[:1]} {
		d, err := watch.Look(t.Context(), of, nil)
		if err != nil || d[0].State != Gone || len(of) > 1 && d[1].State != Drained {
			t.Errorf("%v, %+v", err, d)
		}
	}
}
