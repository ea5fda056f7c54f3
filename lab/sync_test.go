package lab

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestTrafficByOracleSync checks that two directors of a cluster share their connections:
// the backup learns a connection by multicast over the bridge, and continues it after a
// failover.
func TestTrafficByOracleSync(t *testing.T) {
	t.Parallel()
	Need(t)
	c := NewCluster(t, Options{Directors: 2, Servers: 2, Forward: Direct})
	vip := c.VIP4.String() + ":80"
	for _, s := range c.Servers {
		err := s.Serve(80, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, s.Name)
		}))
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range c.Directors {
		oracle(t, d, "-A", "-t", vip, "-s", "rr")
		for _, s := range c.Servers {
			oracle(t, d, "-a", "-t", vip, "-r", s.Addr4.String()+":80", "-g")
		}
		// Every packet is sent to the backup, so that a few suffice.
		if err := d.Sysctl("net.ipv4.vs.sync_threshold", "0 1"); err != nil {
			t.Fatal(err)
		}
	}
	backup := c.Directors[1]
	oracle(t, backup, "--start-daemon", "backup", "--mcast-interface", "eth0", "--syncid", "7")
	oracle(t, c.Director, "--start-daemon", "master", "--mcast-interface", "eth0", "--syncid", "7")
	t.Cleanup(func() {
		oracle(t, c.Director, "--stop-daemon", "master")
		oracle(t, backup, "--stop-daemon", "backup")
	})

	conn, err := c.Clients[0].Dial(t.Context(), "tcp", vip)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	first := ask(t, conn)
	Eventually(t, 15*time.Second, func() error {
		if got := ask(t, conn); got != first {
			return fmt.Errorf("one connection met %s and %s", first, got)
		}
		table := oracle(t, backup, "-Lcn")
		if !strings.Contains(table, "ESTABLISHED") {
			return fmt.Errorf("the backup knows no connection:\n%s", table)
		}
		return nil
	})
	if err := c.HoldVIP(backup); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, conn); got != first {
		t.Errorf("after the failover the connection met %s, before it %s", got, first)
	}
}

// ask sends one request over an open connection and returns the answer.
func ask(t testing.TB, conn interface {
	io.ReadWriter
	SetDeadline(time.Time) error
}) string {
	t.Helper()
	if err := conn.SetDeadline(time.Now().Add(clientPatience)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: lab\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4096)
	n, err := conn.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(buf[:n]), "\r\n\r\n")
	return body
}
