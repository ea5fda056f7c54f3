package director

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"lvs/director/health"
	"lvs/kernel"
)

// inputOf returns what is known of a service whose servers are all up since before start.
func inputOf(s *Service) *Input {
	in := &Input{State: ServiceUp, Since: start.Add(-time.Hour), Present: true, Resets: true}
	for i := range s.Members {
		in.Servers = append(in.Servers, ServerInput{
			Health: Health{Checked: true, Verdict: health.Up, Since: start.Add(-time.Hour)},
			Admin:  Admin{AdminStatus: AdminStatus{State: Ready, Weight: -1}},
			Before: ServerAim{Weight: s.Members[i].Weight, Why: ByFile},
		})
	}
	if s.Fallback != nil {
		in.Servers = append(in.Servers, ServerInput{Before: ServerAim{Weight: -1, Why: ByFallback}})
	}
	return in
}

func (in *Input) down(i int, ago time.Duration) {
	in.Servers[i].Verdict, in.Servers[i].Health.Since = health.Down, start.Add(-ago)
}

func (a *Aim) text() string {
	var parts []string
	for i := range a.Servers {
		parts = append(parts, fmt.Sprintf("%d %s", a.Servers[i].Weight, a.Servers[i].Why))
	}
	return strings.Join(parts, ", ")
}

func TestDecide(t *testing.T) {
	fallback := kernel.Server{Addr: serverAddr(99), Weight: 1}
	for _, c := range []struct {
		name   string
		change func(s *Service, in *Input)
		want   string
		state  ServiceState
		in     time.Duration // until the next change by time alone
	}{
		{name: "all up", change: func(*Service, *Input) {}, want: "10 file, 10 file, 10 file"},
		{name: "one down", change: func(_ *Service, in *Input) { in.down(1, 0) },
			want: "10 file, 0 check, 10 file", in: 20 * time.Second},
		{name: "its quiesce time is over", change: func(_ *Service, in *Input) {
			in.down(1, time.Minute)
			in.Servers[1].Before = ServerAim{Why: ByCheck, Masked: start.Add(-20 * time.Second)}
		}, want: "10 file, -1 quiesced, 10 file"},
		{name: "without expire_nodest_conn it stays", change: func(_ *Service, in *Input) {
			in.down(1, time.Minute)
			in.Servers[1].Before = ServerAim{Why: ByCheck, Masked: start.Add(-20 * time.Second)}
			in.Resets = false
		}, want: "10 file, 0 check, 10 file"},
		{name: "keep", change: func(s *Service, in *Input) {
			in.down(1, time.Minute)
			in.Servers[1].Before = ServerAim{Why: ByCheck, Masked: start.Add(-time.Hour)}
			s.Keep = true
		}, want: "10 file, 0 check, 10 file"},
		{name: "mh removes at once", change: func(s *Service, in *Input) {
			s.Scheduler = "mh"
			in.down(1, 0)
		}, want: "10 file, -1 check, 10 file"},
		{name: "mh with mh-fallback does not", change: func(s *Service, in *Input) {
			s.Scheduler, s.SchedFlags = "mh", kernel.SchedFlag1
			in.down(1, 0)
		}, want: "10 file, 0 check, 10 file", in: 20 * time.Second},
		{name: "those that failed last are spared", change: func(s *Service, in *Input) {
			s.MaxMasked = 1
			in.down(0, time.Second)
			in.down(1, 3*time.Second)
			in.down(2, 2*time.Second)
		}, want: "10 spared, 0 check, 10 spared", in: 20 * time.Second},
		{name: "at the same time: by address", change: func(s *Service, in *Input) {
			s.MaxMasked = 2
			in.down(0, 0)
			in.down(1, 0)
			in.down(2, 0)
		}, want: "0 check, 0 check, 10 spared", in: 20 * time.Second},
		{name: "none may be masked", change: func(s *Service, in *Input) {
			s.MaxMasked = 0
			in.down(0, 0)
		}, want: "10 spared, 10 file, 10 file"},
		{name: "below the quorum", change: func(s *Service, in *Input) {
			s.Down = 2
			in.down(0, 0)
			in.down(1, 0)
		}, want: "0 check, 0 check, 10 file", state: ServiceDown, in: 20 * time.Second},
		{name: "not up before the upper limit", change: func(s *Service, in *Input) {
			s.Down, s.Up, in.State = 1, 3, ServiceDown
			in.down(0, 0)
		}, want: "0 check, 10 file, 10 file", state: ServiceDown, in: 20 * time.Second},
		{name: "quorum by weight", change: func(s *Service, in *Input) {
			s.ByWeight, s.Down, s.Up = true, 101, 101
			s.Members[2].Weight = 100
			in.down(0, 0)
		}, want: "0 check, 10 file, 100 file", in: 20 * time.Second},
		{name: "fallback", change: func(s *Service, in *Input) {
			s.Fallback, s.OnAllDown, s.Down = &fallback, FallbackOnAllDown, 2
			in.Servers = append(in.Servers, ServerInput{Before: ServerAim{Weight: -1, Why: ByFallback}})
			in.down(0, 0)
			in.down(1, 0)
		}, want: "0 check, 0 check, 0 fallback, 1 fallback", state: ServiceDown, in: 20 * time.Second},
		{name: "the fallback leaves", change: func(s *Service, in *Input) {
			s.Fallback, s.OnAllDown = &fallback, FallbackOnAllDown
			in.State = ServiceDown
			in.Servers = append(in.Servers, ServerInput{Before: ServerAim{Weight: 1, Why: ByFallback}})
		}, want: "10 file, 10 file, 10 file, 0 fallback", in: 20 * time.Second},
		{name: "the fallback has left", change: func(s *Service, in *Input) {
			s.Fallback, s.OnAllDown = &fallback, FallbackOnAllDown
			in.Servers = append(in.Servers, ServerInput{Before: ServerAim{Weight: 0, Why: ByFallback}})
		}, want: "10 file, 10 file, 10 file, -1 fallback"},
		{name: "open when all are down", change: func(s *Service, in *Input) {
			s.OnAllDown = OpenOnAllDown
			for i := range in.Servers {
				in.down(i, 0)
			}
		}, want: "10 spared, 10 spared, 10 spared", state: ServiceDown},
		{name: "open, but not while one is up", change: func(s *Service, in *Input) {
			s.OnAllDown, s.Down = OpenOnAllDown, 2
			in.down(0, 0)
			in.down(1, 0)
		}, want: "0 check, 0 check, 10 file", state: ServiceDown, in: 20 * time.Second},
		{name: "open does not end a drain", change: func(s *Service, in *Input) {
			s.OnAllDown = OpenOnAllDown
			for i := range in.Servers {
				in.down(i, 0)
			}
			in.Servers[0].Admin = Admin{Set: true, AdminStatus: AdminStatus{State: Drained, Weight: -1}}
		}, want: "0 drain, 10 spared, 10 spared", state: ServiceDown},
		{name: "the second tier is not needed", change: func(s *Service, _ *Input) { s.Members[2].Tier = 1 },
			want: "10 file, 10 file, 0 tier"},
		{name: "the second tier is needed", change: func(s *Service, in *Input) {
			s.Members[2].Tier, s.Down = 1, 2
			in.down(0, 0)
		}, want: "0 check, 10 file, 10 file", in: 20 * time.Second},
		{name: "the second tier stays until the upper limit", change: func(s *Service, in *Input) {
			s.Members[2].Tier, s.Down, s.Up, in.Tier = 1, 1, 2, 1
			in.down(0, 0)
		}, want: "0 check, 10 file, 10 file", in: 20 * time.Second},
		{name: "doubt keeps", change: func(_ *Service, in *Input) {
			in.down(0, time.Second)
			in.down(1, time.Second)
			in.down(2, time.Hour)
			in.Servers[2].Before = ServerAim{Weight: -1, Why: ByQuiesced, Masked: start.Add(-time.Hour)}
			in.Doubted = start.Add(-time.Second)
		}, want: "10 spared, 10 spared, -1 quiesced"},
		{name: "a new server waits", change: func(_ *Service, in *Input) {
			in.Servers[0] = ServerInput{Health: Health{Checked: true}, Admin: in.Servers[0].Admin}
		}, want: "0 start, 10 file, 10 file"},
		{name: "unless it is trusted", change: func(_ *Service, in *Input) {
			in.Servers[0] = ServerInput{Health: Health{Checked: true}, Admin: in.Servers[0].Admin}
			in.Trusted = true
		}, want: "10 file, 10 file, 10 file"},
		{name: "a server that was found keeps its weight", change: func(_ *Service, in *Input) {
			in.Servers[0].Verdict = health.Unknown
			in.Servers[0].Before = ServerAim{Weight: 3, Why: ByAdoption}
		}, want: "3 adoption, 10 file, 10 file"},
		{name: "the weight 0 that was found says nothing", change: func(_ *Service, in *Input) {
			in.Servers[0].Verdict = health.Unknown
			in.Servers[0].Before = ServerAim{Weight: 0, Why: ByAdoption}
		}, want: "0 start, 10 file, 10 file"},
		{name: "without a check", change: func(_ *Service, in *Input) {
			in.Servers[0] = ServerInput{Admin: in.Servers[0].Admin}
		}, want: "10 file, 10 file, 10 file"},
		{name: "drained", change: func(_ *Service, in *Input) {
			in.Servers[0].Admin = Admin{Set: true, AdminStatus: AdminStatus{State: Drained, Weight: -1}}
		}, want: "0 drain, 10 file, 10 file"},
		{name: "a drain that has ended", change: func(_ *Service, in *Input) {
			in.Servers[0].Admin = Admin{Set: true, AdminStatus: AdminStatus{State: Drained, Weight: -1, Until: start}}
		}, want: "10 file, 10 file, 10 file"},
		{name: "a drain that will end", change: func(_ *Service, in *Input) {
			in.Servers[0].Admin = Admin{Set: true,
				AdminStatus: AdminStatus{State: Drained, Weight: -1, Until: start.Add(time.Minute)}}
		}, want: "0 drain, 10 file, 10 file", in: time.Minute},
		{name: "another weight", change: func(_ *Service, in *Input) {
			in.Servers[0].Admin = Admin{Set: true, AdminStatus: AdminStatus{State: Ready, Weight: 4}}
		}, want: "4 weight, 10 file, 10 file"},
		{name: "another weight, but down", change: func(_ *Service, in *Input) {
			in.Servers[0].Admin = Admin{Set: true, AdminStatus: AdminStatus{State: Ready, Weight: 4}}
			in.down(0, 0)
		}, want: "0 check, 10 file, 10 file", in: 20 * time.Second},
		{name: "another weight, in steps", change: func(_ *Service, in *Input) {
			in.Servers[0].Admin = Admin{Set: true, AdminStatus: AdminStatus{State: Ready, Weight: 20}, From: 10,
				Over: 10 * time.Second, Began: start.Add(-5 * time.Second)}
		}, want: "15 weight, 10 file, 10 file", in: time.Second},
		{name: "slow start", change: func(s *Service, in *Input) {
			s.SlowStart = 10 * time.Second
			in.Servers[0].Before = ServerAim{Why: ByCheck, Masked: start}
		}, want: "1 ramp, 10 file, 10 file", in: 1250 * time.Millisecond},
		{name: "slow start, half way", change: func(s *Service, in *Input) {
			s.SlowStart = 10 * time.Second
			in.Servers[0].Before = ServerAim{Weight: 4, Why: ByRamp, Ramp: start.Add(-5 * time.Second)}
		}, want: "5 ramp, 10 file, 10 file", in: 750 * time.Millisecond},
		{name: "no slow start when no other serves", change: func(s *Service, in *Input) {
			s.SlowStart, in.State = 10*time.Second, ServiceDown
			in.Servers[0].Before = ServerAim{Why: ByCheck, Masked: start}
		}, want: "10 file, 10 file, 10 file"},
		{name: "degraded", change: func(_ *Service, in *Input) { in.Servers[0].Degrade = 50 },
			want: "5 degrade, 10 file, 10 file"},
		{name: "an agent's percent", change: func(_ *Service, in *Input) {
			n := 30
			in.Servers[0].Agent = Agent{Percent: &n}
		}, want: "3 agent, 10 file, 10 file"},
		{name: "an agent's weight", change: func(_ *Service, in *Input) {
			n := 77
			in.Servers[0].Agent = Agent{Weight: &n}
		}, want: "77 agent, 10 file, 10 file"},
		{name: "an agent's drain", change: func(_ *Service, in *Input) { in.Servers[0].Agent = Agent{Admin: "drain"} },
			want: "0 agent, 10 file, 10 file"},
		{name: "passive", change: func(s *Service, in *Input) {
			s.Passive = true
			in.Servers[0].Suspect = start
		}, want: "0 passive, 10 file, 10 file", in: 20 * time.Second},
		{name: "a suspect is not masked without passive", change: func(_ *Service, in *Input) {
			in.Servers[0].Suspect = start
		}, want: "10 file, 10 file, 10 file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serviceOf(1, 1, 2, 3)
			in := inputOf(&s)
			c.change(&s, in)
			aim := Decide(&s, in, start)
			if got := aim.text(); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			if c.state == "" {
				c.state = ServiceUp
			}
			if aim.State != c.state {
				t.Errorf("the service is %s, want %s", aim.State, c.state)
			}
			var in2 time.Duration
			if !aim.Changes.IsZero() {
				in2 = aim.Changes.Sub(start)
			}
			if in2 != c.in {
				t.Errorf("changes in %v, want %v", in2, c.in)
			}
		})
	}
}

// TestAgentWords remembers what an agent said last.
func TestAgentWords(t *testing.T) {
	say := func(percent, weight int, admin string) *health.AgentWords {
		return &health.AgentWords{Percent: percent, Weight: weight, Admin: admin}
	}
	for _, c := range []struct {
		name  string
		words []*health.AgentWords
		out   bool
		want  int
	}{
		{"nothing", []*health.AgentWords{nil}, false, 10},
		{"drain, then up", []*health.AgentWords{say(-1, -1, "drain"), say(-1, -1, "")}, true, 10},
		{"drain, then ready", []*health.AgentWords{say(-1, -1, "drain"), say(-1, -1, "ready")}, false, 10},
		{"half, then silence", []*health.AgentWords{say(50, -1, ""), nil, say(-1, -1, "")}, false, 5},
		{"half, then a weight", []*health.AgentWords{say(50, -1, ""), say(-1, 3, "")}, false, 3},
		{"nothing at all", []*health.AgentWords{say(0, -1, "")}, false, 0},
		{"more than declared", []*health.AgentWords{say(200, -1, "")}, false, 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			var a Agent
			for _, w := range c.words {
				a = a.heard(w)
			}
			if got, _ := a.weight(10); got != c.want || a.out() != c.out {
				t.Errorf("weight %d, out %v; want %d, %v", got, a.out(), c.want, c.out)
			}
		})
	}
}

// TestSilentAgent: as in HAProxy, an agent that never answered keeps no server out of use, and
// what it says later counts.
func TestSilentAgent(t *testing.T) {
	words := func(p *probe, outcome health.Outcome, verdict health.Verdict) {
		p.State = health.State{Verdict: verdict, Last: health.Result{Outcome: outcome}}
		p.silent = p.saysNothing()
	}
	agent := &probe{Probe: health.Probe{Spec: health.Spec{Kind: health.Agent}}}
	web := &probe{State: health.State{Verdict: health.Up, Since: start}}
	tree := check{of: []check{{key: "web"}, {key: "agent"}}}
	for _, step := range []struct {
		name    string
		outcome health.Outcome
		verdict health.Verdict
		want    health.Verdict
	}{
		{"not asked yet", 0, health.Unknown, health.Unknown},
		{"silent", health.Busy, health.Unknown, health.Up},
		{"one word is no verdict yet", health.Pass, health.Unknown, health.Up},
		{"it says down", health.Fail, health.Down, health.Down},
		{"silent afterwards", health.Busy, health.Down, health.Down},
	} {
		t.Run(step.name, func(t *testing.T) {
			words(agent, step.outcome, step.verdict)
			if h := tree.judge(map[health.Key]*probe{"web": web, "agent": agent}); h.Verdict != step.want {
				t.Errorf("%v, want %v", h.Verdict, step.want)
			}
		})
	}
}

// TestJudge adds up checks.
func TestJudge(t *testing.T) {
	at := func(n int) time.Time { return start.Add(time.Duration(n) * time.Second) }
	probes := map[health.Key]*probe{}
	for name, s := range map[health.Key]health.State{
		"up1": {Verdict: health.Up, Since: at(1)}, "up5": {Verdict: health.Up, Since: at(5)},
		"down2": {Verdict: health.Down, Since: at(2)}, "down7": {Verdict: health.Down, Since: at(7)}, "new": {},
	} {
		probes[name] = &probe{State: s}
	}
	probes["silent"] = &probe{silent: true}
	for _, c := range []struct {
		name    string
		any     bool
		of      []health.Key
		degrade int
		verdict health.Verdict
		since   int
	}{
		{"all up since the last", false, []health.Key{"up1", "up5"}, 0, health.Up, 5},
		{"down since the first", false, []health.Key{"down7", "up1", "down2"}, 0, health.Down, 2},
		{"down, whatever is unknown", false, []health.Key{"new", "down2"}, 0, health.Down, 2},
		{"one is unknown", false, []health.Key{"up1", "new", "up5"}, 0, health.Unknown, 0},
		{"any up since the first", true, []health.Key{"up5", "down2", "up1"}, 0, health.Up, 1},
		{"none up since the last", true, []health.Key{"down2", "down7"}, 0, health.Down, 7},
		{"none up, one unknown", true, []health.Key{"down2", "new"}, 0, health.Unknown, 0},
		{"degraded", false, []health.Key{"up1", "down2"}, 40, health.Up, 2},
		{"all up, one silent", false, []health.Key{"silent", "up1", "up5"}, 0, health.Up, 5},
		{"one is unknown, one silent", false, []health.Key{"up1", "silent", "new"}, 0, health.Unknown, 0},
		{"none up, one silent", true, []health.Key{"down2", "silent"}, 0, health.Down, 2},
		{"all silent", false, []health.Key{"silent", "silent"}, 0, health.Unknown, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			for range 2 {
				tree := check{any: c.any, degrade: c.degrade}
				for _, key := range c.of {
					tree.of = append(tree.of, check{key: key})
				}
				h := tree.judge(probes)
				var since time.Time
				if c.since > 0 {
					since = at(c.since)
				}
				if h.Verdict != c.verdict || !h.Since.Equal(since) || h.Degrade != c.degrade {
					t.Errorf("%+v", h)
				}
				slices.Reverse(c.of)
			}
		})
	}
}
