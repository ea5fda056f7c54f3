package lab_test

import (
	"context"
	"fmt"
	"maps"
	"math"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lvs/lab"
)

// TestOrder saves and restores a table in every way while the schedulers go by the
// kernel's order of the servers: every client must reach the same server as before.
func TestOrder(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	for _, scheduler := range []string{"sh", "mh"} {
		t.Run(scheduler, func(t *testing.T) { keepsOrder(t, scheduler) })
	}
}

func keepsOrder(t *testing.T, scheduler string) {
	c := lab.NewCluster(t, lab.Options{Servers: 4})
	for _, s := range c.Servers {
		if err := s.ServeUDP(53); err != nil {
			t.Fatal(err)
		}
	}
	clients := manyClients(t, c.Clients[0])
	service := "udp://" + netip.AddrPortFrom(c.VIP4, 53).String()
	d := c.Director
	lvs(t, d, 0, "service", "add", service, "-s", scheduler)
	for i, number := range []int{3, 1, 4, 2} { // not in the order of their addresses
		lvs(t, d, 0, "server", "add", service, c.Servers[number-1].Addr4.String(), "--nat", "-w", fmt.Sprint(1+i%2))
	}
	before := chosen(t, c, clients)
	if used := slices.Compact(slices.Sorted(maps.Values(before))); len(used) < 3 {
		t.Fatalf("the clients use only %v", used)
	}
	saved, exported := filepath.Join(t.TempDir(), "table.save"), filepath.Join(t.TempDir(), "cluster.yaml")
	for _, way := range []struct {
		name string
		run  func()
	}{
		{"save, clear, restore", func() {
			lvs(t, d, 0, "save", "-f", saved)
			lvs(t, d, 0, "clear", "--yes")
			lvs(t, d, 0, "restore", "--yes", "-f", saved)
		}},
		{"export, clear, apply", func() {
			if err := os.WriteFile(exported, []byte(lvs(t, d, 0, "export")), 0o600); err != nil {
				t.Fatal(err)
			}
			lvs(t, d, 0, "clear", "--yes")
			lvs(t, d, 0, "apply", "-f", exported)
		}},
		{"clear, undo", func() {
			lvs(t, d, 0, "clear", "--yes")
			lvs(t, d, 0, "undo")
		}},
	} {
		way.run()
		sameServers(t, way.name, before, chosen(t, c, clients))
	}
	if scheduler == "sh" {
		takesOrder(t, c, clients, service)
	}
}

// takesOrder applies a file with the servers in another order. That moves no client, and
// says what share of them the order of the file would move: as many as it does once the
// service is made anew.
func takesOrder(t *testing.T, c *lab.Cluster, clients []netip.Addr, service string) {
	d := c.Director
	lines := strings.Split(strings.TrimSpace(lvs(t, d, 0, "export", service)), "\n")
	first := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "  - ") })
	slices.Reverse(lines[first:])
	file := filepath.Join(t.TempDir(), "cluster.yaml")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	before := chosen(t, c, clients)
	var changes struct {
		Orders []struct {
			Service string
			Share   float64
		}
	}
	lvsJSON(t, d, &changes, "apply", "-f", file)
	if len(changes.Orders) != 1 || changes.Orders[0].Service != service || changes.Orders[0].Share == 0 {
		t.Fatalf("the order is not noted: %+v", changes)
	}
	sameServers(t, "apply of another order", before, chosen(t, c, clients))
	lvs(t, d, 0, "service", "delete", service, "--yes")
	lvs(t, d, 0, "apply", "-f", file)
	moved := 0
	for client, server := range chosen(t, c, clients) {
		if before[client] != server {
			moved++
		}
	}
	if got, want := float64(moved)/float64(len(clients)), changes.Orders[0].Share; math.Abs(got-want) > 0.2 {
		t.Errorf("%.2f of the clients moved, %.2f were announced", got, want)
	}
}

// sameServers checks that every client reached the same server.
func sameServers(t *testing.T, after string, want, got map[netip.Addr]string) {
	t.Helper()
	moved := 0
	for client, server := range want {
		if got[client] != server {
			moved++
		}
	}
	if moved > 0 {
		t.Errorf("after %s, %d of %d clients reach another server", after, moved, len(want))
	}
}

// manyClients adds addresses to a client, so that it is many clients.
func manyClients(t *testing.T, n *lab.Node) []netip.Addr {
	t.Helper()
	var all []netip.Addr
	for i := range 60 {
		a := netip.AddrFrom4([4]byte{198, 51, 100, byte(100 + i)})
		if _, err := n.Run("ip", "addr", "add", a.String()+"/32", "dev", "eth0"); err != nil {
			t.Fatal(err)
		}
		all = append(all, a)
	}
	return all
}

// chosen returns the server that each client reaches with a datagram from a new port.
func chosen(t *testing.T, c *lab.Cluster, clients []netip.Addr) map[netip.Addr]string {
	t.Helper()
	out := map[netip.Addr]string{}
	to := netip.AddrPortFrom(c.VIP4, 53).String()
	buf := make([]byte, 64)
	for _, from := range clients {
		var conn net.Conn
		err := c.Clients[0].Do(func() (err error) {
			dialer := net.Dialer{LocalAddr: net.UDPAddrFromAddrPort(netip.AddrPortFrom(from, 0))}
			conn, err = dialer.DialContext(context.Background(), "udp", to)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		n, err := conn.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		out[from] = string(buf[:n])
	}
	return out
}
