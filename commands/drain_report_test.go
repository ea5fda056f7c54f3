package commands

import (
	"testing"

	"lvs/kernel"
	"lvs/operate"
	"lvs/traffic"
)

// A firewall mark may stand for UDP, which has no end that can be waited for.
func TestHintForMark(t *testing.T) {
	const moves = "lvs drain 10.0.0.11:0 --delete --release --timeout 10s deletes it and moves its UDP clients; "
	app, _, _ := testApp(drainTable(t))
	for _, c := range []struct {
		name  string
		block traffic.Block
		want  string
	}{
		{"packets", traffic.Block{Reason: traffic.RecentPackets}, moves},
		{"no counters", traffic.Block{Reason: traffic.Uncounted}, moves},
		{"opening", traffic.Block{Reason: traffic.Opening}, ""},
		{"ports are used again", traffic.Block{Reason: traffic.RecentPackets,
			Setting: kernel.Sysctl{Name: kernel.ConnReuseMode, Value: "0"}},
			"sysctl -w net.ipv4.vs.conn_reuse_mode=1 sends those clients to other servers; "},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := operate.Drain{Forward: kernel.NAT, Blocked: []traffic.Block{c.block}}
			d.Service = kernel.ServiceID{Family: kernel.IPv4, FWMark: 7}
			if got := app.hintFor(&d, "lvs drain 10.0.0.11:0"); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
