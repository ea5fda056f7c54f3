package ipvsadm

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"lvs/kernel"
)

// TestOrder compares with an order that ipvsadm 1.31 printed.
func TestOrder(t *testing.T) {
	printed := `-A -f 4294967290 -s wlc
-A -t 192.0.0.1:80 -s wlc
-A -t 10.0.0.1:80 -s wlc
-A -t 10.0.0.1:81 -s wlc
-A -t 10.0.0.1:40000 -s wlc
-A -u 1.0.0.1:80 -s wlc
-A -u 10.0.0.1:79 -s wlc
-A -u 10.0.0.1:80 -s wlc
-A --sctp-service 10.0.0.1:80 -s wlc
-A -t [f000::1]:80 -s wlc
-A -t [::1]:80 -s wlc
-a -t [::1]:80 -r 5.0.0.1:80 -i -w 1 --tun-type ipip
-a -t [::1]:80 -r [2001:db8:8000::1]:80 -i -w 1 --tun-type ipip
-a -t [::1]:80 -r [2001:db8::ffff:ffff]:80 -i -w 1 --tun-type ipip
-a -t [::1]:80 -r [2001:db8::1]:80 -i -w 1 --tun-type ipip
-a -t [::1]:80 -r 100.0.0.9:80 -i -w 1 --tun-type ipip
-A -u [::1]:80 -s wlc
-A -f 4 -6 -s wlc
-A -f 5 -s wlc
-A -f 5 -6 -s wlc
-A -f 2000000000 -s wlc
`
	if d := cmp.Diff(printed, saved(t, printed)); d != "" {
		t.Errorf("(-ipvsadm +ours)\n%s", d)
	}
}

func TestOrderLeavesTheTableAlone(t *testing.T) {
	table := []kernel.ServiceEntry{
		{Service: kernel.Service{ServiceID: kernel.MarkID(2, kernel.IPv4)}},
		{Service: kernel.Service{ServiceID: kernel.MarkID(1, kernel.IPv4)}},
	}
	sorted := Services(&kernel.Snapshot{Services: table})
	if sorted[0] != &table[1] || sorted[1] != &table[0] || table[0].FWMark != 2 {
		t.Errorf("%v from %v", sorted, table)
	}
}
