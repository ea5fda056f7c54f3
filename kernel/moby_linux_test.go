package kernel

import (
	"context"
	stdnet "net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/moby/ipvs"

	"lvs/lab"
)

// TestMobyReadsOurs writes a table with our codec and reads it with moby/ipvs, as
// far as moby/ipvs has the attributes.
func TestMobyReadsOurs(t *testing.T) {
	lab.Need(t, everyFeature...)
	c := open(t)
	changes := everyAttribute()
	if err := c.Apply(context.Background(), changes); err != nil {
		t.Fatal(err)
	}
	h, err := ipvs.New("")
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	services, err := h.GetServices()
	if err != nil {
		t.Fatal(err)
	}
	want := map[ServiceID]bool{}
	for _, c := range changes {
		if c.Op == AddService {
			want[c.Service.ServiceID] = true
		}
	}
	for _, s := range services {
		id := mobyID(s)
		if !want[id] {
			t.Errorf("moby/ipvs lists %v", id)
			continue
		}
		delete(want, id)
		i := slices.IndexFunc(changes, func(c Change) bool { return c.Op == AddService && c.Service.ServiceID == id })
		ours := changes[i].Service
		if s.SchedName != ours.Scheduler || s.Flags&flagOnePacket != 0 != ours.OnePacket ||
			s.Flags&flagPersistent != 0 != (ours.Persistence > 0) || s.Flags/flagSched&7 != uint32(ours.SchedFlags) ||
			ours.Persistence > 0 && s.Timeout != uint32(ours.Persistence/time.Second) {
			t.Errorf("moby/ipvs reads %+v; wanted %+v", s, ours)
		}
		servers, err := h.GetDestinations(s)
		if err != nil {
			t.Fatal(err)
		}
		compareMobyServers(t, id, servers, tableOf(changes)[id])
	}
	if len(want) > 0 {
		t.Errorf("moby/ipvs misses %v", want)
	}
}

// TestOursReadsMoby writes a table with moby/ipvs and reads it with our codec.
func TestOursReadsMoby(t *testing.T) {
	lab.Need(t)
	h, err := ipvs.New("")
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	web := AddressID(TCP, netip.MustParseAddrPort("192.0.2.10:80"))
	dns := AddressID(UDP, netip.MustParseAddrPort("[2001:db8::10]:53"))
	var want []Change
	for _, s := range []Service{
		{ServiceID: web, Scheduler: "wrr", Persistence: time.Minute, Netmask: 0xffffff00},
		{ServiceID: dns, Scheduler: "sh", SchedFlags: SchedFlag2, OnePacket: true},
		{ServiceID: MarkID(7, IPv6), Scheduler: "rr"},
	} {
		want = append(want, Change{Op: AddService, Service: s})
	}
	for i, server := range []Server{
		{Addr: netip.MustParseAddrPort("198.51.100.1:8080"), Forward: NAT, Weight: 65535, Upper: 20, Lower: 10},
		{Addr: netip.MustParseAddrPort("[2001:db8:1::1]:53"), Forward: Direct, Weight: 1},
		{Addr: netip.MustParseAddrPort("[2001:db8:1::1]:0"), Forward: Tunneling, Weight: 0},
	} {
		c := want[i]
		s := c.Service
		m := &ipvs.Service{
			Address: s.Addr.AsSlice(), Protocol: uint16(s.Protocol), Port: s.Port, FWMark: s.FWMark, SchedName: s.Scheduler,
			Timeout: uint32(s.Persistence / time.Second), AddressFamily: uint16(s.Family), Netmask: ^uint32(0),
		}
		if s.Family == IPv6 {
			m.Netmask = 128
		}
		if s.Persistence > 0 {
			m.Flags = flagPersistent
			m.Netmask = 0x00ffffff // network byte order, as the kernel keeps it
		}
		if s.OnePacket {
			m.Flags |= flagOnePacket
		}
		m.Flags |= uint32(s.SchedFlags) * flagSched
		if err := h.NewService(m); err != nil {
			t.Fatal(s.ServiceID, err)
		}
		d := &ipvs.Destination{
			Address: server.Addr.Addr().AsSlice(), Port: server.Addr.Port(), AddressFamily: uint16(FamilyOf(server.Addr.Addr())),
			Weight: server.Weight, ConnectionFlags: uint32(server.Forward),
			UpperThreshold: server.Upper, LowerThreshold: server.Lower,
		}
		if err := h.NewDestination(m, d); err != nil {
			t.Fatal(server.Addr, err)
		}
		want = append(want, Change{Op: AddServer, Service: s, Server: server})
	}
	if host.Uint16([]byte{1, 0}) != 1 {
		want[0].Service.Netmask = 0x00ffffff
	}
	compareTable(t, open(t), want)
}

func mobyID(s *ipvs.Service) ServiceID {
	id := ServiceID{Family: Family(s.AddressFamily), Protocol: Protocol(s.Protocol), Port: s.Port, FWMark: s.FWMark}
	if s.FWMark == 0 {
		a, _ := netip.AddrFromSlice(stdnet.IP(s.Address))
		if id.Family == IPv4 {
			a = a.Unmap()
		}
		id.Addr = a
	} else {
		id.Protocol, id.Port = 0, 0
	}
	return id
}

// compareMobyServers compares the attributes that moby/ipvs has: 16 bits of the
// weight, no tunnels, and only servers of the service's family.
func compareMobyServers(t *testing.T, id ServiceID, got []*ipvs.Destination, want []Server) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%v: moby/ipvs reads %d servers of %d", id, len(got), len(want))
	}
	for _, d := range got {
		a, _ := netip.AddrFromSlice(d.Address)
		if d.AddressFamily == uint16(IPv4) {
			a = a.Unmap()
		}
		i := slices.IndexFunc(want, func(s Server) bool { return s.Addr == netip.AddrPortFrom(a, d.Port) })
		if i < 0 {
			t.Errorf("%v: moby/ipvs reads a server %v:%d", id, a, d.Port)
			continue
		}
		w := want[i]
		if d.Weight != w.Weight&0xffff || d.ConnectionFlags&forwardMask != uint32(w.Forward) ||
			d.UpperThreshold != w.Upper || d.LowerThreshold != w.Lower {
			t.Errorf("%v: moby/ipvs reads %+v; wanted %+v", id, d, w)
		}
	}
}
