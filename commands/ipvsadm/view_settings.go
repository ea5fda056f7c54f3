package ipvsadm

import (
	"fmt"
	"io"
	"time"

	"lvs/kernel"
)

// writeTimeouts writes what ipvsadm -L --timeout does.
func writeTimeouts(w io.Writer, t kernel.Timeouts) error {
	_, err := fmt.Fprintf(w, "Timeout (tcp tcpfin udp): %d %d %d\n",
		t.TCP/time.Second, t.TCPFin/time.Second, t.UDP/time.Second)
	return err
}

// writeDaemons writes what ipvsadm -L --daemon does: nothing where none runs.
func writeDaemons(w io.Writer, daemons []kernel.Daemon) error {
	for _, d := range daemons {
		_, err := fmt.Fprintf(w, "%s sync daemon (mcast=%s, syncid=%d, maxlen=%d, group=%s, port=%d, ttl=%d)\n",
			d.Role, d.Interface, d.ID, d.MaxLen, appendAddr(nil, d.Group), d.Port, d.TTL)
		if err != nil {
			return err
		}
	}
	return nil
}
