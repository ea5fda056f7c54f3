package kernel

import "testing"

// A dump that the kernel made while it moved services has some twice, and lacks as
// many.
func TestTornDump(t *testing.T) {
	entry := func(mark uint32) ServiceEntry { return ServiceEntry{Service: Service{ServiceID: MarkID(mark, IPv4)}} }
	for _, c := range []struct {
		name  string
		marks []uint32
		torn  bool
	}{
		{"no service", nil, false},
		{"one", []uint32{1}, false},
		{"three", []uint32{3, 1, 2}, false},
		{"one twice", []uint32{2, 1, 2}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s Snapshot
			for _, m := range c.marks {
				s.Services = append(s.Services, entry(m))
			}
			s.sort()
			if s.torn() != c.torn {
				t.Errorf("%v: torn is %v", c.marks, !c.torn)
			}
		})
	}
}
