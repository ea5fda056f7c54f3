package traffic

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"lvs/kernel"
)

// drainingLook is one look at a server, some seconds after the first.
type drainingLook struct {
	at                           int
	packets                      uint64
	active, inactive, persistent uint32
}

func TestBlocks(t *testing.T) {
	set := func(pairs ...string) []kernel.Sysctl {
		all := map[string]string{"conn_reuse_mode": "1", "expire_nodest_conn": "0", "expire_quiescent_template": "0",
			"sloppy_tcp": "0"}
		for i := 0; i < len(pairs); i += 2 {
			all[pairs[i]] = pairs[i+1]
		}
		var out []kernel.Sysctl
		for name, value := range all {
			out = append(out, kernel.Sysctl{Name: name, Value: value})
		}
		return out
	}
	tcp := kernel.Service{ServiceID: kernel.AddressID(kernel.TCP, netip.MustParseAddrPort("192.0.2.10:80"))}
	udp := kernel.Service{ServiceID: kernel.AddressID(kernel.UDP, netip.MustParseAddrPort("192.0.2.10:53"))}
	mark := kernel.Service{ServiceID: kernel.ServiceID{Family: kernel.IPv4, FWMark: 7}}
	bound := tcp
	bound.Persistence = time.Minute
	reuse0 := kernel.Sysctl{Name: "conn_reuse_mode", Value: "0"}
	reuse1 := kernel.Sysctl{Name: "conn_reuse_mode", Value: "1"}
	nodest := kernel.Sysctl{Name: "expire_nodest_conn", Value: "0"}
	one := func(reason BlockReason, n uint64, because ...kernel.Sysctl) []Block {
		b := Block{Reason: reason, Count: n}
		if len(because) > 0 {
			b.Setting = because[0]
		}
		return []Block{b}
	}
	for _, c := range []struct {
		name      string
		of        kernel.Service
		forward   kernel.Forward
		settings  []kernel.Sysctl
		uncounted bool
		looks     []drainingLook
		want      []Block
	}{
		{name: "nothing", of: tcp, settings: set(), looks: []drainingLook{{}}},
		{name: "first look", of: tcp, settings: set(), looks: []drainingLook{{inactive: 2}}, want: one(Opening, 2)},
		{name: "quiet", of: tcp, settings: set(), looks: []drainingLook{{inactive: 2}, {at: 5, inactive: 2}}},
		{name: "packets", of: tcp, settings: set(),
			looks: []drainingLook{{inactive: 2}, {at: 4, packets: 1, inactive: 2}, {at: 8, packets: 1, inactive: 2}},
			want:  one(RecentPackets, 2)},
		{name: "quiet again", of: tcp, settings: set(),
			looks: []drainingLook{{inactive: 2}, {at: 4, packets: 1, inactive: 2}, {at: 9, packets: 1, inactive: 2}}},
		{name: "packets, and nothing is left", of: tcp, settings: set(),
			looks: []drainingLook{{inactive: 2}, {at: 4, packets: 1}}},
		{name: "zeroed counters are no quiet", of: tcp, settings: set(),
			looks: []drainingLook{{packets: 9, inactive: 2}, {at: 5, inactive: 2}}, want: one(RecentPackets, 2)},
		{name: "active", of: tcp, settings: set("conn_reuse_mode", "0"),
			looks: []drainingLook{{active: 1, inactive: 2}, {at: 4, packets: 1, active: 1, inactive: 2}},
			want:  one(ActiveConnections, 1, reuse0)},

		{name: "more are active: they were opening", of: tcp, forward: kernel.Direct, settings: set(),
			looks: []drainingLook{{active: 1}, {at: 2, active: 3}}, want: one(ActiveConnections, 3)},
		{name: "more are active: they came back", of: tcp, forward: kernel.Direct, settings: set(),
			looks: []drainingLook{{active: 1}, {at: 3, active: 3}, {at: 9, active: 2}},
			want:  one(ActiveConnections, 2, reuse1)},
		{name: "packets of the last active ones", of: tcp, forward: kernel.Direct, settings: set(),
			looks: []drainingLook{{inactive: 1}, {at: 2, packets: 5, active: 1}, {at: 3, packets: 5, active: 1}},
			want:  one(ActiveConnections, 1)},
		{name: "packets after the last active ones", of: tcp, forward: kernel.Direct, settings: set(),
			looks: []drainingLook{{inactive: 1}, {at: 2, active: 1}, {at: 3, packets: 5, active: 1}},
			want:  one(ActiveConnections, 1, reuse1)},
		{name: "more are active, for another reason", of: tcp, settings: set(),
			looks: []drainingLook{{active: 1}, {at: 3, active: 3}}, want: one(ActiveConnections, 3)},
		{name: "a port is used again", of: tcp, settings: set("conn_reuse_mode", "0"),
			looks: []drainingLook{{inactive: 2}, {at: 60, packets: 1, inactive: 2}}, want: one(RecentPackets, 2, reuse0)},
		{name: "a port is used again, of a mark", of: mark, settings: set("conn_reuse_mode", "0"),
			looks: []drainingLook{{inactive: 2}, {at: 60, packets: 1, inactive: 2}}, want: one(RecentPackets, 2, reuse0)},
		{name: "direct routing, one direction", of: tcp, forward: kernel.Direct, settings: set(),
			looks: []drainingLook{{inactive: 2}, {at: 60, packets: 1, inactive: 2}}, want: one(RecentPackets, 2, reuse1)},
		{name: "a tunnel, mode 3", of: tcp, forward: kernel.Tunneling, settings: set("conn_reuse_mode", "3"),
			looks: []drainingLook{{inactive: 2}, {at: 60, packets: 1, inactive: 2}}, want: one(RecentPackets, 2)},
		{name: "under a template", of: bound, settings: set("expire_quiescent_template", "1"),
			looks: []drainingLook{{inactive: 2, persistent: 1}, {at: 60, packets: 1, inactive: 2, persistent: 1}},
			want:  one(RecentPackets, 2, nodest)},
		{name: "expire_nodest_conn", of: bound,
			settings: set("expire_quiescent_template", "1", "expire_nodest_conn", "1", "conn_reuse_mode", "0"),
			looks:    []drainingLook{{inactive: 2}, {at: 60, packets: 1, inactive: 2}}, want: one(RecentPackets, 2)},

		{name: "datagrams", of: udp, settings: set(), looks: []drainingLook{{inactive: 2}, {at: 60, packets: 1, inactive: 2}},
			want: one(RecentDatagrams, 2)},
		{name: "bound", of: bound, settings: set(), looks: []drainingLook{{persistent: 3}, {at: 60, persistent: 3}},
			want: one(BoundClients, 3)},

		{name: "uncounted", of: tcp, settings: set(), uncounted: true,
			looks: []drainingLook{{inactive: 2}, {at: 5, inactive: 2}}},
		{name: "uncounted, with a way back", of: tcp, settings: set("conn_reuse_mode", "0"), uncounted: true,
			looks: []drainingLook{{inactive: 2}, {at: 99, inactive: 2}}, want: one(Uncounted, 2, reuse0)},
		{name: "uncounted, of a mark", of: mark, settings: set(), uncounted: true,
			looks: []drainingLook{{inactive: 2}, {at: 99, inactive: 2}}, want: one(Uncounted, 2)},
		{name: "uncounted datagrams", of: udp, settings: set(), uncounted: true,
			looks: []drainingLook{{inactive: 2}, {at: 99, inactive: 2}}, want: one(UncountedDatagrams, 2)},

		{name: "sloppy", of: tcp, settings: set("sloppy_tcp", "1"), looks: []drainingLook{{active: 3}, {at: 5, active: 3}},
			want: one(ActiveOrEnded, 3)},
		{name: "sloppy, with packets", of: tcp, settings: set("sloppy_tcp", "1"),
			looks: []drainingLook{{active: 3}, {at: 5, packets: 1, active: 3}}, want: one(ActiveConnections, 3)},
		{name: "sloppy, uncounted", of: tcp, settings: set("sloppy_tcp", "1"), uncounted: true,
			looks: []drainingLook{{active: 3}, {at: 5, active: 3}}, want: one(ActiveConnections, 3)},
	} {
		t.Run(c.name, func(t *testing.T) {
			var d Draining
			var got []Block
			for _, look := range c.looks {
				v := kernel.ServerEntry{Server: kernel.Server{Addr: netip.MustParseAddrPort("10.0.0.1:80"), Forward: c.forward},
					Active: look.active, Inactive: look.inactive, Persistent: look.persistent}
				v.Stats.Counters.PacketsIn = look.packets
				got = d.Blocks(time.Unix(int64(look.at), 0), c.settings, !c.uncounted, &c.of, &v)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("blocked by %+v, want %+v", got, c.want)
			}
		})
	}
}

// A server that gets a weight is watched from the start when it is 0 again.
func TestBlocksAfterAWeight(t *testing.T) {
	var d Draining
	of := kernel.Service{ServiceID: kernel.AddressID(kernel.TCP, netip.MustParseAddrPort("192.0.2.10:80"))}
	v := kernel.ServerEntry{Server: kernel.Server{Addr: netip.MustParseAddrPort("10.0.0.1:80")}, Inactive: 1}
	for i, weight := range []int{0, 1, 0} {
		v.Weight = weight
		got := d.Blocks(time.Unix(int64(10*i), 0), nil, true, &of, &v)
		if blocked := len(got) > 0; blocked != (weight == 0) {
			t.Errorf("look %d, weight %d: %+v", i, weight, got)
		}
	}
}
