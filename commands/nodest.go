package commands

import (
	"context"

	"lvs/kernel"
	"lvs/output"
)

// expireNodest is net.ipv4.vs.expire_nodest_conn: what comes for a server that is
// gone is balanced anew, instead of dropped.
const expireNodest = "expire_nodest_conn"

// warnNodest tells what deleting servers does to clients that come back from the
// same port. The kernel remembers a connection after its end, for the timeout
// after a FIN where it sees one side alone (direct routing, tunnels), and drops
// what comes for it (ip_vs_core.c, conn_reuse_mode in ipvs-sysctl).
func (a *App) warnNodest(ctx context.Context, k kernel.Kernel, going []kernel.ServerEntry) error {
	for i := range going {
		if s := &going[i]; s.Forward == kernel.NAT || s.Active == 0 && s.Inactive == 0 {
			continue
		}
		settings, err := k.Sysctls(ctx)
		if err != nil {
			return err
		}
		for _, s := range settings {
			if s.Name == expireNodest && s.Value == "0" {
				t, err := k.Timeouts(ctx)
				if err != nil {
					return err
				}
				a.note("net.ipv4.vs.%s is 0: for up to %s a client that uses a port again hangs on the server that is gone; sysctl -w net.ipv4.vs.%s=1 before sends it to another",
					expireNodest, output.Duration(t.TCPFin), expireNodest)
			}
		}
		return nil
	}
	return nil
}
