package kernel

import "testing"

// A dump that was taken while the kernel moved its services has some twice, and
// misses as many.
func TestTornDump(t *testing.T) {
	entry := func(mark uint32) ServiceEntry { return ServiceEntry{Service: Service{ServiceID: MarkID(mark, IPv4)}} }
	for _, c := range []struct {
		marks []uint32
		torn  bool
	}{{nil, false}, {[]uint32{1}, false}, {[]uint32{3, 1, 2}, false}, {[]uint32{2, 1, 2}, true}} {
		var s Snapshot
		for _, m := range c.marks {
			s.Services = append(s.Services, entry(m))
		}
		s.sort()
		if s.torn() != c.torn {
			t.Errorf("%v: torn is %v", c.marks, !c.torn)
		}
	}
}
