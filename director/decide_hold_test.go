package director

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"lvs/director/health"
	"lvs/kernel"
)

// randomCase returns a service and an input that may be any.
func randomCase(r *rand.Rand) (*Service, *Input) {
	s := serviceOf(1)
	n := 1 + r.IntN(7)
	for i := range n {
		v := kernel.Server{Addr: serverAddr(i + 1), Weight: r.IntN(4) * 5}
		s.Service.Servers = append(s.Service.Servers, v)
		s.Members = append(s.Members, Member{Server: v, Tier: r.IntN(5) / 3})
	}
	s.Down = int64(r.IntN(n + 1))
	s.Up = s.Down + int64(r.IntN(3))
	if s.ByWeight = r.IntN(3) == 0; s.ByWeight {
		s.Down, s.Up = s.Down*5, s.Up*5
	}
	s.OnAllDown = []string{WithdrawOnAllDown, OpenOnAllDown, FallbackOnAllDown}[r.IntN(3)]
	if s.OnAllDown == FallbackOnAllDown {
		s.Fallback = &kernel.Server{Addr: serverAddr(99), Weight: 1}
	}
	s.MaxMasked = r.IntN(n+2) - 1
	s.Keep, s.Passive = r.IntN(4) == 0, r.IntN(2) == 0
	s.SlowStart = time.Duration(r.IntN(3)) * 10 * time.Second
	if r.IntN(4) == 0 {
		s.Scheduler = "mh"
	}
	in := &Input{Servers: make([]ServerInput, n), Resets: r.IntN(2) == 0, Trusted: r.IntN(5) == 0,
		Present: r.IntN(3) > 0, State: []ServiceState{"", ServiceUnknown, ServiceUp, ServiceDown}[r.IntN(4)],
		Tier: r.IntN(2)}
	if s.Fallback != nil {
		in.Servers = append(in.Servers, ServerInput{})
	}
	for i := range in.Servers {
		in.Servers[i] = randomServer(r)
	}
	if r.IntN(4) == 0 {
		in.Doubted = start.Add(-time.Duration(r.IntN(20)) * time.Second)
	}
	return &s, in
}

func randomServer(r *rand.Rand) ServerInput {
	in := ServerInput{Health: Health{Checked: r.IntN(6) > 0, Verdict: health.Verdict(r.IntN(3)),
		Since: start.Add(-time.Duration(r.IntN(60)) * time.Second)},
		Admin: Admin{AdminStatus: AdminStatus{State: Ready, Weight: -1}}}
	if !in.Checked {
		in.Verdict = health.Unknown
	}
	switch r.IntN(8) {
	case 0:
		in.Admin.Set, in.Admin.State = true, Drained
	case 1:
		in.Admin.Set, in.Admin.State = true, Maintenance
	case 2:
		in.Admin.Set, in.Admin.Weight = true, r.IntN(20)
	}
	if r.IntN(6) == 0 {
		in.Suspect = start.Add(-time.Duration(r.IntN(60)) * time.Second)
	}
	if r.IntN(5) == 0 {
		in.Degrade = 50
	}
	whys := []Why{"", ByFile, ByCheck, ByQuiesced, ByStart, ByAdoption, ByRamp, ByDrain, BySpared}
	in.Before = ServerAim{Weight: r.IntN(12) - 1, Why: whys[r.IntN(len(whys))]}
	if r.IntN(2) == 0 {
		in.Before.Masked = start.Add(-time.Duration(r.IntN(60)) * time.Second)
	}
	if r.IntN(3) == 0 {
		in.Before.Ramp = start.Add(-time.Duration(r.IntN(30)) * time.Second)
	}
	return in
}

// TestDecideHolds checks what must hold whatever the input is.
func TestDecideHolds(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 1))
	for n := range 30_000 {
		s, in := randomCase(r)
		aim := Decide(s, in, start)
		fault := func(text string, args ...any) {
			t.Helper()
			t.Fatalf("case %d: %s\nservice %+v\ninput %+v\naim %+v", n, fmt.Sprintf(text, args...), s, in, aim)
		}
		if again := Decide(s, in, start); !reflect.DeepEqual(aim, again) {
			fault("another aim for the same input: %+v", again)
		}
		next := feedBack(in, &aim)
		if again := Decide(s, next, start); again.text() != aim.text() || again.State != aim.State ||
			again.Tier != aim.Tier || again.Present != aim.Present {
			fault("the aim does not stay: %+v", again)
		}
		masked := 0
		for i := range s.Members {
			a := &aim.Servers[i]
			switch a.Why {
			case ByCheck, ByPassive, ByQuiesced:
				masked++
				if a.Weight > 0 {
					fault("a masked server has a weight")
				}
				if !in.Doubted.IsZero() && in.Servers[i].Suspect.IsZero() &&
					!in.Servers[i].Health.Since.Before(in.Doubted) {
					fault("a doubted failure masks")
				}
			case ByDrain, ByMaint:
				if a.Weight > 0 {
					fault("a server out of service has a weight")
				}
			}
			if a.Why == "" || a.Weight < -1 {
				fault("server %d has no aim", i)
			}
			if !a.Changes.IsZero() && !a.Changes.After(start) {
				fault("server %d changes in the past", i)
			}
		}
		if s.MaxMasked >= 0 && masked > s.MaxMasked {
			fault("%d are masked", masked)
		}
		if n%100 == 0 {
			checkOrder(t, r, s, in, &aim)
		}
	}
}

// feedBack returns the input of the next call.
func feedBack(in *Input, aim *Aim) *Input {
	next := *in
	next.Servers = slices.Clone(in.Servers)
	next.State, next.Since, next.Tier, next.Present = aim.State, aim.Since, aim.Tier, in.Present || aim.Present
	for i := range next.Servers {
		next.Servers[i].Before = aim.Servers[i]
	}
	return &next
}

// checkOrder checks that the order of the servers does not matter.
func checkOrder(t *testing.T, r *rand.Rand, s *Service, in *Input, aim *Aim) {
	t.Helper()
	order := r.Perm(len(s.Members))
	other, moved := *s, *in
	other.Members, moved.Servers = make([]Member, len(order)), slices.Clone(in.Servers)
	for to, from := range order {
		other.Members[to], moved.Servers[to] = s.Members[from], in.Servers[from]
	}
	got := Decide(&other, &moved, start)
	for to, from := range order {
		if got.Servers[to] != aim.Servers[from] {
			t.Fatalf("server %d in another place: %+v, want %+v", from, got.Servers[to], aim.Servers[from])
		}
	}
}

// TestQuorumHysteresis walks through all numbers of healthy servers.
func TestQuorumHysteresis(t *testing.T) {
	s := serviceOf(1, 1, 2, 3, 4, 5, 6)
	s.Down, s.Up = 2, 4
	in := inputOf(&s)
	state := ServiceUp
	healthy := 6
	r := rand.New(rand.NewPCG(5, 5))
	for range 1000 {
		i := r.IntN(6)
		if in.Servers[i].Verdict == health.Up {
			in.Servers[i].Verdict = health.Down
			healthy--
		} else {
			in.Servers[i].Verdict = health.Up
			healthy++
		}
		switch {
		case healthy < 2:
			state = ServiceDown
		case healthy >= 4:
			state = ServiceUp
		}
		aim := Decide(&s, in, start)
		if aim.State != state {
			t.Fatalf("%d healthy: %s, want %s", healthy, aim.State, state)
		}
		in = feedBack(in, &aim)
	}
}
