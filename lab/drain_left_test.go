package lab_test

import (
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lvs/lab"
)

// What is left on a server of weight 0, besides connections that use a port again.

// The drain screen of the dashboard decides as drain --wait does.
func TestTopDrainReusedPorts(t *testing.T) {
	lab.Need(t)
	r := newReturning(t, lab.NAT, "--nat", false)
	r.set("conn_reuse_mode", "0")
	v := r.visitors()
	s := r.Servers[0]
	lab.Eventually(t, 20*time.Second, func() error {
		for _, s = range r.Servers {
			if s.Requests() >= 10 {
				return nil
			}
		}
		return fmt.Errorf("%d visits", v.visits.Load())
	})
	x := (&watched{r.Cluster, r.service}).top(t, 100, 24)
	x.Type(lab.KeyEnter)
	if s == r.Servers[1] {
		x.Type(lab.KeyDown)
	}
	x.Until(t, topLimit, `▸ `+regexp.QuoteMeta(s.Addr4.String()))
	x.Type("d")
	x.Until(t, topLimit, `conn_reuse_mode is 0: clients that use the port(.|\n)*\[ Cancel \]`)
	x.Type("y")
	x.Until(t, topLimit, `packets still come|unknown: the number does not decrease`)
	x.Until(t, topLimit, `conn_reuse_mode is 0:\s+clients that reuse a port come back(.|\n)*`+
		`sysctl -w net.ipv4.vs.conn_reuse_mode=1`)
	before := s.Requests()
	lab.Eventually(t, topLimit, func() error {
		x.Look(func(screen *lab.Screen) {
			if strings.Contains(screen.Text(), "drained:") {
				t.Error("it shows that the server is drained")
			}
		})
		if n := s.Requests() - before; n < 30 {
			return fmt.Errorf("%d requests", n)
		}
		return nil
	})
	r.set("conn_reuse_mode", "1")
	x.Until(t, topLimit, `drained: no packets come any more`)
	quit(t, x)
}

// A client has closed its side, and the server still sends: the kernel counts such a
// connection as inactive.
func TestDrainHalfClosed(t *testing.T) {
	for _, f := range forwards {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			lab.Need(t)
			r := newReturning(t, f.forward, f.option, false)
			const port = 81
			r.service = strings.TrimSuffix(r.service, ":80") + ":81"
			r.lvs(0, "service", "add", r.service, "-s", "rr")
			end := make(chan struct{})
			for _, s := range r.Servers {
				err := s.ServeTCP(port, func(conn net.Conn) {
					conn.SetDeadline(time.Now().Add(time.Minute))
					io.ReadAll(conn)
					for tick := time.NewTicker(100 * time.Millisecond); ; <-tick.C {
						select {
						case <-end:
							return
						default:
							fmt.Fprintln(conn, s.Name)
						}
					}
				})
				if err != nil {
					t.Fatal(err)
				}
				r.lvs(0, "server", "add", r.service, s.Addr4.String()+":81", f.option)
			}
			conn, err := r.Clients[0].Dial(t.Context(), "tcp", strings.TrimPrefix(r.service, "tcp://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			name := make([]byte, len("server1"))
			if _, err := io.ReadFull(conn, name); err != nil {
				t.Fatal(err)
			}
			gone := make(chan struct{})
			go func() { defer close(gone); io.Copy(io.Discard, conn) }()
			addr := r.server(string(name)).Addr4.String() + ":81"
			errs := r.lvs(8, "drain", addr, "--wait", "--yes", "--timeout", "9s")
			if !strings.Contains(errs, "1 inactive connection, the last packet less than 5s ago") {
				t.Errorf("while the server sends it says:\n%s", errs)
			}
			close(end)
			<-gone
			r.lvs(0, "wait", addr, "--for", "drained", "--timeout", "20s")
		})
	}
}

// On a backup director the connections of the other one count, and drain says so.
func TestDrainSynced(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	c := lab.NewCluster(t, lab.Options{Directors: 2, Servers: 1, Forward: lab.Direct})
	vip := "tcp://" + c.VIP4.String() + ":80"
	s, state := c.Servers[0], t.TempDir()
	if err := s.ServeTCP(80, func(conn net.Conn) {
		conn.SetDeadline(time.Now().Add(time.Minute))
		io.Copy(conn, conn)
	}); err != nil {
		t.Fatal(err)
	}
	for i, d := range c.Directors {
		drainLVS(t, d, state, 0, "service", "add", vip)
		drainLVS(t, d, state, 0, "server", "add", vip, s.Addr4.String())
		if err := d.Sysctl("net.ipv4.vs.sync_threshold", "0 1"); err != nil {
			t.Fatal(err)
		}
		role := []string{"master", "backup"}[i]
		drainLVS(t, d, state, 0, "sync", "start", role, "--interface", "eth0", "--id", "7")
		defer drainLVS(t, d, state, 0, "sync", "stop", role)
	}
	conn, err := c.Clients[0].Dial(t.Context(), "tcp", strings.TrimPrefix(vip, "tcp://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	backup := c.Directors[1]
	lab.Eventually(t, 20*time.Second, func() error {
		fmt.Fprintln(conn, "hello")
		if out, _ := backup.ReadProc("ip_vs_conn"); !strings.Contains(out, "ESTABLISHED") {
			return fmt.Errorf("the backup knows no connection:\n%s", out)
		}
		return nil
	})
	errs := drainLVSErrors(t, backup, state, 8, "drain", s.Addr4.String(), "--wait", "--yes", "--timeout", "2s")
	for _, want := range []string{
		"1 active connection", "lvs: a backup sync daemon runs: connections of the other director",
	} {
		if !strings.Contains(errs, want) {
			t.Errorf("it does not say %q:\n%s", want, errs)
		}
	}
}

// With sloppy_tcp a late packet makes an active connection, which nobody uses and the
// kernel keeps for 15 minutes. It is not ignored, and the reason says what it may be.
func TestDrainSloppy(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	r := newReturning(t, lab.Direct, "--direct", false)
	r.set("sloppy_tcp", "1")
	client := r.Clients[0]
	err := client.Do(func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_TCP)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		// An ACK from port 44001 to port 80. Its checksum is wrong: the server drops it.
		header := []byte{0xab, 0xe1, 0, 80, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10, 1, 0, 0, 0, 0, 0}
		return unix.Sendto(fd, header, 0, &unix.SockaddrInet4{Addr: r.VIP4.As4()})
	})
	if err != nil {
		t.Fatal(err)
	}
	addr := ""
	lab.Eventually(t, 10*time.Second, func() error {
		addr = strings.TrimSpace(drainLVS(t, r.Director, r.state, 0, "connections", "--state", "ESTABLISHED", "-o", "csv",
			"--no-headers", "--columns", "server"))
		if addr == "" {
			return fmt.Errorf("the packet made no connection")
		}
		return nil
	})
	errs := r.lvs(8, "drain", addr, "--wait", "--yes", "--timeout", "12s")
	const want = "1 active connection without packets, of which some may have ended (net.ipv4.vs.sloppy_tcp is 1)"
	if !strings.Contains(errs, want) {
		t.Errorf("it does not say %q:\n%s", want, errs)
	}
}
