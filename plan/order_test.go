package plan

import (
	"fmt"
	"net/netip"
	"testing"

	"lvs/kernel"
)

func TestOrders(t *testing.T) {
	id := kernel.AddressID(kernel.TCP, netip.MustParseAddrPort("192.0.2.10:80"))
	servers := func(hosts string) (out []kernel.Server) {
		for _, h := range []byte(hosts) {
			addr := netip.AddrFrom4([4]byte{10, 0, 0, h - 'a' + 1})
			out = append(out, kernel.Server{Weight: 1, Addr: netip.AddrPortFrom(addr, 80)})
		}
		return out
	}
	names := func(list []kernel.Server) (out string) {
		for _, v := range list {
			b := v.Addr.Addr().As4()
			out += string('a' + b[3] - 1)
		}
		return out
	}
	for _, c := range []struct{ have, want, expect string }{ // in the order of adding
		{"abc", "abc", ""},
		{"abc", "cba", "abc cba"},
		{"abc", "ab", ""},            // one is deleted
		{"abc", "abcd", ""},          // one is added at the end
		{"abc", "abdc", "abcd abdc"}, // in the middle
		{"abcd", "adc", "acd adc"},
		{"a", "ba", "ab ba"},
		{"", "ab", ""},
		{"ab", "cd", ""},
	} {
		t.Run(c.have+" "+c.want, func(t *testing.T) {
			e := kernel.ServiceEntry{Service: kernel.Service{ServiceID: id, Scheduler: "sh"}}
			list := servers(c.have)
			for i := range list {
				e.Servers = append(e.Servers, kernel.ServerEntry{Server: list[len(list)-1-i]})
			}
			before := &kernel.Snapshot{Services: []kernel.ServiceEntry{e}}
			want := []Service{{e.Service, servers(c.want)}}
			got := ""
			for _, o := range Orders(before, want, Between(before, want, Options{})) {
				got += fmt.Sprint(names(o.Have), " ", names(o.Want))
			}
			if got != c.expect {
				t.Errorf("got %q, want %q", got, c.expect)
			}
		})
	}
	t.Run("what --allow leaves", func(t *testing.T) {
		e := kernel.ServiceEntry{Service: kernel.Service{ServiceID: id}}
		for _, v := range servers("dcba") { // a was added first
			e.Servers = append(e.Servers, kernel.ServerEntry{Server: v})
		}
		before := &kernel.Snapshot{Services: []kernel.ServiceEntry{e}}
		if got := Orders(before, []Service{{e.Service, servers("acd")}}, nil); len(got) > 0 {
			t.Errorf("a server that stays changes the order of the others: %v", got)
		}
	})
	t.Run("weights are those after the changes", func(t *testing.T) {
		e := kernel.ServiceEntry{Service: kernel.Service{ServiceID: id}}
		for _, v := range servers("ba") {
			e.Servers = append(e.Servers, kernel.ServerEntry{Server: v})
		}
		before := &kernel.Snapshot{Services: []kernel.ServiceEntry{e}}
		want := []Service{{e.Service, servers("ba")}}
		want[0].Servers[0].Weight = 7
		got := Orders(before, want, Between(before, want, Options{}))
		if len(got) != 1 || got[0].Have[1].Weight != 7 || got[0].Want[0].Weight != 7 {
			t.Errorf("got %+v", got)
		}
	})
}
