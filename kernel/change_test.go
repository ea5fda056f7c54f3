package kernel

import (
	"net/netip"
	"testing"
)

func TestSoundChanges(t *testing.T) {
	v4, v6 := netip.MustParseAddrPort("192.0.2.10:80"), netip.MustParseAddrPort("[2001:db8::10]:80")
	for _, c := range append(everyAttribute(), markAbove()) {
		if !c.sound() {
			t.Errorf("%v %v is refused", c.Op, c.Service.ServiceID)
		}
	}
	mixed := ServiceID{Family: IPv4, Protocol: TCP, Addr: v6.Addr(), Port: 80}
	both := ServiceID{Family: IPv4, Protocol: TCP, Addr: v4.Addr(), Port: 80, FWMark: 7}
	for name, c := range map[string]Change{
		"nothing":                  {Op: AddService},
		"another family":           {Op: AddService, Service: Service{ServiceID: mixed}},
		"a protocol IPVS lacks":    {Op: AddService, Service: Service{ServiceID: AddressID(47, v4)}},
		"a mark without family":    {Op: DeleteService, Service: Service{ServiceID: MarkID(7, 0)}},
		"a mark with an address":   {Op: AddService, Service: Service{ServiceID: both}},
		"a server without address": {Op: AddServer, Service: Service{ServiceID: AddressID(TCP, v4)}},
	} {
		t.Run(name, func(t *testing.T) {
			if c.sound() {
				t.Errorf("%+v is accepted", c)
			}
		})
	}
}
