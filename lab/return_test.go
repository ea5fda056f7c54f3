package lab_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"lvs/kernel"
	"lvs/lab"
)

// Clients that use the port of an old connection again come back to a server of weight
// 0. Whether they do is decided by settings that few people know.

// forwards are the forwarding methods, with their options.
var forwards = []struct {
	name    string
	forward lab.Forward
	option  string
	kernel  kernel.Forward
}{
	{"NAT", lab.NAT, "--nat", kernel.NAT},
	{"direct", lab.Direct, "--direct", kernel.Direct},
	{"tunnel", lab.Tunnel, "--tunnel", kernel.Tunneling},
}

// visit asks for a page over a connection from a fixed port, which the server closes
// first, so that the client can use the port again at once. It returns the server's name.
func visit(client *lab.Node, port int, to netip.AddrPort) (name string, err error) {
	const limit = 5 * time.Second
	deadline := time.Now().Add(limit)
	d := net.Dialer{Deadline: deadline,
		LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(client.Addr4, uint16(port)))}
	var conn net.Conn
	for { // the old socket waits for the last packet of its end
		err = client.Do(func() error { conn, err = d.Dial("tcp", to.String()); return err })
		if !errors.Is(err, syscall.EADDRINUSE) || time.Now().After(deadline) {
			break
		}
	}
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			conn.(*net.TCPConn).SetLinger(0) // or the client's end would keep the port
		}
		conn.Close()
	}()
	conn.SetDeadline(deadline)
	if _, err = fmt.Fprintf(conn, "GET / HTTP/1.0\r\n\r\n"); err != nil {
		return "", err
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		return "", err
	}
	_, name, _ = strings.Cut(string(answer), "\r\n\r\n")
	return name, nil
}

// returning is a cluster with two servers of one service, and what finds them.
type returning struct {
	*lab.Cluster
	t       *testing.T
	state   string
	service string
	to      netip.AddrPort
}

func newReturning(t *testing.T, forward lab.Forward, option string, mark bool, options ...string) *returning {
	t.Helper()
	r := &returning{lab.NewCluster(t, lab.Options{Servers: 2, Forward: forward}), t, t.TempDir(), "", netip.AddrPort{}}
	r.to = netip.AddrPortFrom(r.VIP4, 80)
	r.service = "tcp://" + r.to.String()
	port := ":80"
	if mark {
		r.service, port = "fwmark:7", ":0"
		for _, line := range []string{ // the kernel of the lab has no tables for marks
			"qdisc add dev eth0 ingress",
			"filter add dev eth0 ingress protocol ip u32 match ip protocol 6 0xff match ip dport 80 0xffff " +
				"action skbedit mark 7",
		} {
			if out, err := r.Director.Run("tc", strings.Fields(line)...); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
		}
	}
	r.lvs(0, append([]string{"service", "add", r.service, "-s", "rr"}, options...)...)
	for _, s := range r.Servers {
		if err := s.ServeHTTP(80); err != nil {
			t.Fatal(err)
		}
		r.lvs(0, "server", "add", r.service, s.Addr4.String()+port, option)
	}
	return r
}

func (r *returning) lvs(status int, args ...string) (errs string) {
	r.t.Helper()
	return drainLVSErrors(r.t, r.Director, r.state, status, args...)
}

// server returns the server with a name.
func (r *returning) server(name string) *lab.Server {
	r.t.Helper()
	for _, s := range r.Servers {
		if s.Name == name {
			return s
		}
	}
	r.t.Fatalf("there is no server %q", name)
	return nil
}

func (r *returning) set(name, value string) {
	r.t.Helper()
	if err := r.Director.Sysctl("net.ipv4.vs."+name, value); err != nil {
		r.t.Fatal(err)
	}
}

// The kernel does what kernel.ReturnPath says of it.
func TestReturnPath(t *testing.T) {
	for _, f := range forwards {
		for _, persistent := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, persistent %v", f.name, persistent), func(t *testing.T) {
				t.Parallel()
				lab.Need(t)
				var options []string
				of := kernel.Service{ServiceID: kernel.ServiceID{Family: kernel.IPv4, Protocol: kernel.TCP}}
				if persistent {
					options, of.Persistence = []string{"--persistent=300"}, 300*time.Second
				}
				r := newReturning(t, f.forward, f.option, false, options...)
				r.set("expire_quiescent_template", "1") // nobody is bound
				for i, set := range [][2]string{{"0", "0"}, {"1", "0"}, {"2", "0"}, {"3", "0"}, {"0", "1"}, {"1", "1"}} {
					r.set("conn_reuse_mode", set[0])
					r.set("expire_nodest_conn", set[1])
					_, want := kernel.ReturnPath([]kernel.Sysctl{
						{Name: "conn_reuse_mode", Value: set[0]}, {Name: "expire_nodest_conn", Value: set[1]},
					}, &of, f.kernel)
					if got := r.comesBack(40001 + i); got != want {
						t.Errorf("conn_reuse_mode=%s expire_nodest_conn=%s: the client comes back: %v, want %v", set[0], set[1],
							got, want)
					}
				}
			})
		}
	}
}

// comesBack drains the server that a client came to and reports whether the client comes
// to it again from the same port.
func (r *returning) comesBack(port int) bool {
	r.t.Helper()
	back := false
	for range 3 { // with direct routing it depends on which end's last packet was later
		name, err := visit(r.Clients[0], port, r.to)
		if err != nil {
			r.t.Fatal(err)
		}
		s := r.server(name)
		r.lvs(0, "drain", s.Addr4.String(), "--yes")
		name, err = visit(r.Clients[0], port, r.to)
		if err != nil {
			r.t.Fatal(err)
		}
		back = back || name == s.Name
		r.lvs(0, "undrain", s.Addr4.String())
	}
	return back
}

// visitors are clients that use the same few ports again and again.
type visitors struct {
	cancel context.CancelFunc
	done   sync.WaitGroup
	visits atomic.Int64
}

func (r *returning) visitors() *visitors {
	ctx, cancel := context.WithCancel(r.t.Context())
	v := &visitors{cancel: cancel}
	for i := range 3 {
		v.done.Go(func() {
			for ; ctx.Err() == nil; time.Sleep(50 * time.Millisecond) {
				if _, err := visit(r.Clients[0], 41001+i, r.to); err == nil {
					v.visits.Add(1)
				}
			}
		})
	}
	r.t.Cleanup(v.stop)
	return v
}

func (v *visitors) stop() { v.cancel(); v.done.Wait() }

// drained drains the busier server and checks that it is drained only when no more packets
// come: because is the reason, and the hint helps.
func (r *returning) drained(because, sysctl string) *lab.Server {
	t := r.t
	t.Helper()
	s := r.Servers[0]
	v := r.visitors()
	lab.Eventually(t, 20*time.Second, func() error {
		for _, s = range r.Servers {
			if s.Requests() >= 10 {
				return nil
			}
		}
		return fmt.Errorf("%d visits", v.visits.Load())
	})
	addr := s.Addr4.String()
	before := s.Requests()
	errs := r.lvs(8, "drain", addr, "--wait", "--yes", "--timeout", "9s")
	for _, want := range []string{
		"not drained after 9s, and the weight stays 0: " + r.service + " " + addr,
		"(" + because + ": clients that reuse a port come back)",
		"hint: ip netns exec " + r.Director.NetNS + " sysctl -w " + sysctl + " sends those clients to other servers; ",
	} {
		if !strings.Contains(errs, want) {
			t.Errorf("it does not say %q:\n%s", want, errs)
		}
	}
	if s.Requests() < before+10 {
		t.Errorf("the server answered %d requests: the clients did not come back, and drain was right", s.Requests()-before)
	}
	return s
}

// released does what the hint says, and waits until the server is drained.
func (r *returning) released(s *lab.Server, sysctl string) {
	r.t.Helper()
	name, value, _ := strings.Cut(sysctl, "=")
	if err := r.Director.Sysctl(name, value); err != nil {
		r.t.Fatal(err)
	}
	r.lvs(0, "wait", s.Addr4.String(), "--for", "drained", "--timeout", "30s")
	quiet, others := s.Requests(), r.Servers[0].Requests()+r.Servers[1].Requests()
	lab.Eventually(r.t, 20*time.Second, func() error {
		if n := r.Servers[0].Requests() + r.Servers[1].Requests() - others; n < 20 {
			return fmt.Errorf("the other server answered %d requests since", n)
		}
		return nil
	})
	if n := s.Requests() - quiet; n != 0 {
		r.t.Errorf("the drained server answered %d requests", n)
	}
}

// With conn_reuse_mode=0 clients come back from the same ports, whatever the forwarding
// method and for marks.
func TestDrainReusedPorts(t *testing.T) {
	for _, f := range forwards {
		for _, mark := range []bool{false, true} {
			name, fix := f.name, "net.ipv4.vs.conn_reuse_mode=1"
			if f.forward != lab.NAT {
				fix = "net.ipv4.vs.conn_reuse_mode=3"
			}
			if mark {
				name += ", mark"
			}
			t.Run(name, func(t *testing.T) {
				lab.Need(t)
				r := newReturning(t, f.forward, f.option, mark)
				r.set("conn_reuse_mode", "0")
				s := r.drained("net.ipv4.vs.conn_reuse_mode is 0", fix)
				r.released(s, fix)
			})
		}
	}
}

// With direct routing and tunnels the default has the same effect.
func TestDrainReusedPortsOneDirection(t *testing.T) {
	for _, f := range forwards[1:] {
		t.Run(f.name, func(t *testing.T) {
			lab.Need(t)
			r := newReturning(t, f.forward, f.option, false)
			r.set("conn_reuse_mode", "1")
			s := r.drained("net.ipv4.vs.conn_reuse_mode is 1", "net.ipv4.vs.conn_reuse_mode=3")
			r.released(s, "net.ipv4.vs.conn_reuse_mode=3")
		})
	}
}

// Connections under a template never move, even if the template is expired.
func TestDrainReusedPortsPersistent(t *testing.T) {
	lab.Need(t)
	r := newReturning(t, lab.NAT, "--nat", false, "--persistent=300")
	r.set("expire_quiescent_template", "1")
	s := r.drained("net.ipv4.vs.expire_nodest_conn is 0", "net.ipv4.vs.expire_nodest_conn=1")
	r.released(s, "net.ipv4.vs.expire_nodest_conn=1")
}

// drain --delete, wait --for drained and apply --drain see the same.
func TestDrainReusedPortsOtherVerbs(t *testing.T) {
	lab.Need(t)
	r := newReturning(t, lab.NAT, "--nat", false)
	r.set("conn_reuse_mode", "0")
	const because = "(net.ipv4.vs.conn_reuse_mode is 0: clients that reuse a port come back)"
	s := r.drained("net.ipv4.vs.conn_reuse_mode is 0", "net.ipv4.vs.conn_reuse_mode=1")
	addr := s.Addr4.String()
	errs := r.lvs(8, "drain", addr, "--delete", "--yes", "--timeout", "8s")
	if !strings.Contains(errs, because) {
		t.Errorf("drain --delete says %q", errs)
	}
	errs = r.lvs(8, "wait", addr, "--for", "drained", "--timeout", "8s")
	if !strings.Contains(errs, because) || !strings.Contains(errs, "sysctl -w net.ipv4.vs.conn_reuse_mode=1") {
		t.Errorf("wait says %q", errs)
	}
	r.lvs(0, "server", "show", r.service, addr) // drain --delete did not delete it

	other := r.Servers[0]
	if other == s {
		other = r.Servers[1]
	}
	file := filepath.Join(t.TempDir(), "cluster.yaml")
	text := fmt.Sprintf("apiVersion: lvs/v1\nkind: Cluster\ndefaults: {forward: nat}\nservices:\n"+
		"- {name: web, address: '%s', scheduler: rr, servers: [%v]}\n", r.service, other.Addr4)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	before := s.Requests()
	errs = r.lvs(0, "apply", "-f", file, "--drain", "8s", "--yes")
	if !strings.Contains(errs, "cut after 8s: "+r.service+" "+addr) || !strings.Contains(errs, because) {
		t.Errorf("apply says %q; the server answered %d requests", errs, s.Requests()-before)
	}
}

// Without counters nothing is said to be drained while clients may come back.
func TestDrainReusedPortsUncounted(t *testing.T) {
	for _, set := range [][2]string{{"run_estimation", "0"}, {"est_cpulist", ""}} {
		t.Run(set[0], func(t *testing.T) {
			t.Parallel()
			lab.Need(t, lab.Feature{Name: "est_cpulist", Major: 6, Minor: 2})
			r := newReturning(t, lab.NAT, "--nat", false)
			r.set("conn_reuse_mode", "0")
			r.set(set[0], set[1]+"\n")
			name, err := visit(r.Clients[0], 42001, r.to)
			if err != nil {
				t.Fatal(err)
			}
			addr := r.server(name).Addr4.String()
			errs := r.lvs(8, "drain", addr, "--wait", "--yes", "--timeout", "8s")
			want := "1 inactive connection, which end only by their timeout (net.ipv4.vs.conn_reuse_mode is 0: "
			if !strings.Contains(errs, want) {
				t.Errorf("it does not say %q:\n%s", want, errs)
			}
		})
	}
}
