package kernel

import (
	"net/netip"
	"testing"
)

func TestServiceEntryServer(t *testing.T) {
	a, b := netip.MustParseAddrPort("198.51.100.1:80"), netip.MustParseAddrPort("198.51.100.2:80")
	e := &ServiceEntry{Servers: []ServerEntry{{Server: Server{Addr: a}}}}
	if got := e.Server(a); got != &e.Servers[0] {
		t.Errorf("Server(%v) = %v, want a pointer into Servers", a, got)
	}
	if got := e.Server(b); got != nil {
		t.Errorf("Server(%v) = %v, want nil", b, got)
	}
	if got := (*ServiceEntry)(nil).Server(a); got != nil {
		t.Errorf("Server(%v) of no entry = %v, want nil", a, got)
	}
}

func TestSnapshotIndex(t *testing.T) {
	s := &Snapshot{}
	for mark := range uint32(3) {
		s.Services = append(s.Services, ServiceEntry{Service: Service{ServiceID: MarkID(mark+1, IPv4)}})
	}
	index := s.Index()
	if len(index) != 3 {
		t.Errorf("%d entries, want 3", len(index))
	}
	for i := range s.Services {
		if e := &s.Services[i]; index[e.ServiceID] != e {
			t.Errorf("%v is not in the index", e.ServiceID)
		}
	}
}

func TestCapacity(t *testing.T) {
	addr := func(n byte) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, 100, n}), 80)
	}
	for _, c := range []struct {
		name    string
		weights []int
		without []netip.AddrPort
		want    int
	}{
		{"no server", nil, nil, 0},
		{"every server", []int{1, 100}, nil, 2},
		{"one drained", []int{1, 0, 100}, nil, 2},
		{"all drained", []int{0, 0}, nil, 0},
		{"without one", []int{1, 0, 100}, []netip.AddrPort{addr(0)}, 1},
		{"without a drained one", []int{1, 0, 100}, []netip.AddrPort{addr(1)}, 2},
		{"without all", []int{1, 0, 100}, []netip.AddrPort{addr(0), addr(2)}, 0},
		{"without a stranger", []int{1}, []netip.AddrPort{addr(9)}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := &ServiceEntry{}
			for i, w := range c.weights {
				e.Servers = append(e.Servers, ServerEntry{Server: Server{Addr: addr(byte(i)), Weight: w}})
			}
			if got := e.Capacity(c.without...); got != c.want {
				t.Errorf("Capacity(%v) with weights %v = %d, want %d", c.without, c.weights, got, c.want)
			}
		})
	}
}

func TestOutboundKnown(t *testing.T) {
	server := func(f Forward, out uint64) ServerEntry {
		return ServerEntry{Server: Server{Forward: f}, Stats: Stats{Counters: Counters{PacketsOut: out}}}
	}
	for _, c := range []struct {
		name    string
		servers []ServerEntry
		want    bool
	}{
		{"no server", nil, true},
		{"NAT", []ServerEntry{server(NAT, 0)}, true},
		{"local", []ServerEntry{server(Local, 0)}, true},
		{"bypass", []ServerEntry{server(Bypass, 0)}, true},
		{"direct", []ServerEntry{server(Direct, 0)}, false},
		{"tunnel", []ServerEntry{server(Tunneling, 0)}, false},
		{"direct, but counted", []ServerEntry{server(Direct, 1)}, true},
		{"direct and NAT", []ServerEntry{server(Direct, 0), server(NAT, 0)}, true},
		{"direct and tunnel", []ServerEntry{server(Direct, 0), server(Tunneling, 0)}, false},
		{"direct and a counted tunnel", []ServerEntry{server(Direct, 0), server(Tunneling, 7)}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := &ServiceEntry{Servers: c.servers}
			if got := e.OutboundKnown(); got != c.want {
				t.Errorf("service: %v, want %v", got, c.want)
			}
			if len(c.servers) == 1 && c.servers[0].OutboundKnown() != c.want {
				t.Errorf("server: %v, want %v", !c.want, c.want)
			}
		})
	}
}
