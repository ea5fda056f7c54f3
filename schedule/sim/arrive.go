package sim

import (
	"net/netip"
	"time"

	"lvs/kernel"
)

// visitor is a client that opens connections until it leaves.
type visitor struct {
	client netip.Addr
	leaves int64 // the step after which it opens no more
}

// weather changes the number of clients once a second.
func (s *service) weather(w *world) {
	if w.step%stepsPerSecond != 0 {
		return
	}
	s.noise += (850 + w.rand.IntN(301) - s.noise) / 4
	switch {
	case w.step >= s.calm && s.burst > 1000:
		s.burst = 1000
	case w.step >= s.calm && w.rand.IntN(150) == 0:
		s.burst = 1500 + w.rand.IntN(900)
		s.calm = w.step + stepsPerSecond*int64(8+w.rand.IntN(12))
	}
}

// arrive opens the connections of this step. Their number varies like that of many
// independent clients, each of which may or may not come.
func (w *world) arrive(s *service) {
	const million = 1_000_000
	expected := int64(s.perMinute) * million / (60 * stepsPerSecond)
	for _, factor := range []int{s.tide(w.step), s.noise, s.burst} {
		expected = expected * int64(factor) / 1000
	}
	trials := 4*(expected/million+1) + 8
	for range trials {
		if w.rand.Int64N(million) < expected/trials {
			w.open(s)
		}
	}
}

// tide returns the daily wave in thousandths: two parabolas that resemble a sine.
func (s *service) tide(step int64) int {
	t := (int(step*1000/dayLength) + s.phase) % 1000
	height := 300
	if t >= 500 {
		t, height = t-500, -height
	}
	return 1000 + height*t*(500-t)/(250*250)
}

// client returns the client of the next connection.
func (w *world) client(s *service) netip.AddrPort {
	port := uint16(1024 + w.rand.IntN(60_000))
	if s.visit == 0 {
		return netip.AddrPortFrom(w.stranger(s), port)
	}
	// One in six is new; the others have connected before.
	for w.rand.IntN(6) > 0 && len(s.visitors) > 0 {
		i := w.rand.IntN(len(s.visitors))
		if v := s.visitors[i]; v.leaves > w.step {
			return netip.AddrPortFrom(v.client, port)
		}
		last := len(s.visitors) - 1
		s.visitors[i] = s.visitors[last]
		s.visitors = s.visitors[:last]
	}
	v := visitor{client: w.stranger(s), leaves: w.step + w.steps(s.visit/2, s.visit*3/2)}
	s.visitors = append(s.visitors, v)
	return netip.AddrPortFrom(v.client, port)
}

// stranger returns an address of a client network: half of the time of the first,
// half of the rest of the second, and so on.
func (w *world) stranger(s *service) netip.Addr {
	i := 0
	for i < len(s.clients)-1 && w.rand.IntN(2) == 0 {
		i++
	}
	base := s.clients[i].Addr()
	host := 1 + w.rand.IntN(1<<min(kernel.FamilyOf(base).Bits()-s.clients[i].Bits(), 16)-2)
	if base.Is4() {
		b := base.As4()
		b[2], b[3] = b[2]|byte(host>>8), byte(host)
		return netip.AddrFrom4(b)
	}
	b := base.As16()
	b[14], b[15] = byte(host>>8), byte(host)
	return netip.AddrFrom16(b)
}

// steps returns a random time in a range, in steps; at least one.
func (w *world) steps(from, to time.Duration) int64 {
	return max(1, int64(from/stepTime)+int64(w.rand.IntN(max(1, int((to-from)/stepTime)))))
}
