package kernel

import (
	"math/bits"
	"math/rand/v2"
	"net/netip"
)

// listedKeys are the connections that were listed, as numbers of 64 bits. Among a
// million, two have the same number with a probability of 1 to 37 million.
//
// Usually only the last few can come again: they are in recent, and log has all of
// them. Once any of them can, all has them instead of log.
type listedKeys struct {
	// seed makes the numbers unpredictable: clients choose their addresses and ports.
	seed   uint64
	log    [][]uint64 // in parts of recentLen
	recent keySet     // of the last two parts of log
	all    *keySet
}

// recentLen is how many keys are at least in recent.
const recentLen = 4096

// add adds a connection and reports whether it is new.
func (l *listedKeys) add(c *Connection) bool {
	if l.seed == 0 {
		l.seed = rand.Uint64() | 1
	}
	key := max(l.keyOf(c), 1)
	if l.all != nil {
		return l.all.add(key)
	}
	if !l.recent.add(key) {
		return false
	}
	last := len(l.log) - 1
	if last < 0 || len(l.log[last]) == recentLen {
		l.log = append(l.log, make([]uint64, 0, recentLen))
		last++
	}
	l.log[last] = append(l.log[last], key)
	if len(l.log[last]) == recentLen {
		l.recent.clear()
		l.recent.addAll(l.log[last])
	}
	return true
}

// expectAll prepares for any of the connections to come again.
func (l *listedKeys) expectAll() {
	if l.all != nil {
		return
	}
	l.all = &keySet{}
	for _, part := range l.log {
		l.all.addAll(part)
	}
	l.log, l.recent = nil, keySet{}
}

// keyOf returns a number for what identifies a connection: all but its state and the
// time left, which change. A persistence template of SIP is identified by its data.
func (l *listedKeys) keyOf(c *Connection) uint64 {
	h := l.seed ^ uint64(c.Protocol)
	for _, ap := range [...]*netip.AddrPort{&c.Client, &c.Virtual, &c.Server} {
		if a := ap.Addr(); a.Is4() {
			b := a.As4()
			h = mix(h, uint64(b[0])<<40|uint64(b[1])<<32|uint64(b[2])<<24|uint64(b[3])<<16|uint64(ap.Port()))
		} else {
			b := a.As16()
			h = mix(h, bytesUint64(b[:8]))
			h = mix(h, bytesUint64(b[8:]))
			h = mix(h, 1<<48|uint64(ap.Port()))
		}
	}
	for i := range len(c.EngineData) {
		h = mix(h, uint64(c.EngineData[i]))
	}
	return h
}

func bytesUint64(b []byte) (n uint64) {
	for _, x := range b {
		n = n<<8 | uint64(x)
	}
	return n
}

// mix returns a number that depends on every bit of both.
func mix(h, x uint64) uint64 {
	hi, lo := bits.Mul64(h^0x9e3779b97f4a7c15, x^0xd6e8feb86659fd93)
	return hi ^ lo ^ bits.RotateLeft64(h, 23)
}

// keySet is a set of keys other than 0.
type keySet struct {
	slots []uint64 // 0 is free
	n     int
}

// add adds a key and reports whether it is new.
func (s *keySet) add(key uint64) bool {
	if s.n >= len(s.slots)*3/4 {
		s.grow()
	}
	at, there := s.find(key)
	if !there {
		s.slots[at] = key
		s.n++
	}
	return !there
}

func (s *keySet) addAll(keys []uint64) {
	for _, key := range keys {
		s.add(key)
	}
}

// find returns the place of a key, or a free one. A set that is not empty has a free
// place.
func (s *keySet) find(key uint64) (at uint64, there bool) {
	at, _ = bits.Mul64(key, uint64(len(s.slots)))
	for s.slots[at] != 0 && s.slots[at] != key {
		if at++; at == uint64(len(s.slots)) {
			at = 0
		}
	}
	return at, s.slots[at] == key
}

func (s *keySet) grow() {
	old := s.slots
	s.slots = make([]uint64, len(old)*3/2+64)
	for _, key := range old {
		if key != 0 {
			at, _ := s.find(key)
			s.slots[at] = key
		}
	}
}

func (s *keySet) clear() {
	clear(s.slots)
	s.n = 0
}
