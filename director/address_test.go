package director

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"lvs/kernel"
)

func TestAddressesOf(t *testing.T) {
	at := func(second int) time.Time { return time.Unix(int64(second), 0) }
	service := func(id string, state ServiceState, since int) ServiceStatus {
		parsed, err := kernel.ParseServiceID(id)
		if err != nil {
			t.Fatal(err)
		}
		return ServiceStatus{ID: parsed, State: state, Since: at(since)}
	}
	addr := netip.MustParseAddr
	for _, c := range []struct {
		name     string
		services []ServiceStatus
		want     []AddressStatus
	}{
		{"none", nil, []AddressStatus{}},
		{"a mark has no address", []ServiceStatus{service("fwmark:7", ServiceUp, 1)}, []AddressStatus{}},
		{"all up", []ServiceStatus{
			service("tcp://192.0.2.1:80", ServiceUp, 5), service("tcp://192.0.2.1:443", ServiceUp, 3),
		}, []AddressStatus{{addr("192.0.2.1"), AddressUp, at(5), 2, 0, 0}}},
		{"one is down", []ServiceStatus{
			service("tcp://192.0.2.1:80", ServiceUp, 5), service("udp://192.0.2.1:80", ServiceDown, 9),
		}, []AddressStatus{{addr("192.0.2.1"), AddressDegraded, at(9), 1, 1, 0}}},
		{"one is not known", []ServiceStatus{
			service("tcp://192.0.2.1:80", ServiceDown, 5), service("tcp://192.0.2.1:81", ServiceUnknown, 0),
		}, []AddressStatus{{addr("192.0.2.1"), AddressUnknown, at(5), 0, 1, 1}}},
		{"each address by itself, sorted", []ServiceStatus{
			service("tcp://[2001:db8::1]:80", ServiceDown, 2), service("tcp://192.0.2.9:80", ServiceUp, 1),
			service("tcp://[2001:db8::1]:443", ServiceDown, 1),
		}, []AddressStatus{
			{addr("192.0.2.9"), AddressUp, at(1), 1, 0, 0},
			{addr("2001:db8::1"), AddressDown, at(2), 0, 2, 0},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(c.want, AddressesOf(c.services), cmpopts.EquateComparable(netip.Addr{})); d != "" {
				t.Error(d)
			}
		})
	}
}
