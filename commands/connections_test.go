package commands

import (
	"net/netip"
	"strings"
	"testing"

	"lvs/kernel"
	"lvs/kernel/memory"
)

// A filter for connections cannot select groups: the hint names the options that select
// connections.
func TestFilterOfGroups(t *testing.T) {
	for _, args := range []string{"--top 5 --filter state=ESTABLISHED", "--group-by server --filter client=198.51.100.1"} {
		t.Run(args, func(t *testing.T) {
			app, _, errs := testApp(memory.New())
			status := app.Run(t.Context(), strings.Fields("connections "+args))
			const hint = "hint: select connections with --client, --service, --server, --state or --protocol; " +
				"with --group-by or --top, --filter selects groups\n"
			if status != exitUsage || !strings.Contains(errs.String(), "invalid filter key") ||
				!strings.HasSuffix(errs.String(), hint) {
				t.Errorf("exit status %d: %s", status, errs)
			}
		})
	}
}

// The kernel shows origins in another file than engines. Every option that names the column,
// in any case, must read that file.
func TestConnectionsWithOrigin(t *testing.T) {
	for _, test := range []struct {
		args, want string
	}{
		{"--columns client,origin", "198.51.100.1:1000,LOCAL\n198.51.100.2:1000,SYNC\n"},
		{"--columns CLIENT,ORIGIN", "198.51.100.1:1000,LOCAL\n198.51.100.2:1000,SYNC\n"},
		{"--columns client --filter origin=SYNC", "198.51.100.2:1000\n"},
		{"--columns client --filter ORIGIN=SYNC", "198.51.100.2:1000\n"},
		{"--columns client --filter Origin!=SYNC", "198.51.100.1:1000\n"},
		{"--columns client --sort -origin", "198.51.100.2:1000\n198.51.100.1:1000\n"},
		{"--columns client --sort -ORIGIN", "198.51.100.2:1000\n198.51.100.1:1000\n"},
		{"--columns origin,total --group-by origin --sort origin", "LOCAL,1\nSYNC,1\n"},
		{"--columns client,engine --filter client=198.51.100.1", "198.51.100.1:1000,sip\n"},
	} {
		t.Run(test.args, func(t *testing.T) {
			k := memory.New()
			virtual, server := netip.MustParseAddrPort("192.0.2.10:80"), netip.MustParseAddrPort("10.0.0.11:80")
			conn := func(client, origin string) kernel.Connection {
				return kernel.Connection{Protocol: kernel.TCP, Client: netip.MustParseAddrPort(client),
					Virtual: virtual, Server: server, State: "ESTABLISHED", Engine: "sip", Origin: origin}
			}
			k.SetConnections(conn("198.51.100.1:1000", "LOCAL"), conn("198.51.100.2:1000", "SYNC"))
			app, out, errs := testApp(k)
			args := append(strings.Fields("connections -o csv --no-headers"), strings.Fields(test.args)...)
			if status := app.Run(t.Context(), args); status != exitDone || out.String() != test.want {
				t.Errorf("exit status %d, %s\n got %q\nwant %q", status, errs, out, test.want)
			}
		})
	}
}
