package director

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"lvs/cluster"
	"lvs/director/health"
	"lvs/kernel"
	"lvs/lab"
	"lvs/operate/state"
	"lvs/plan"
)

// nodeNetwork is the network of a node of a cluster.
type nodeNetwork struct{ *lab.Node }

func (n nodeNetwork) Addresses() (out []netip.Addr, err error) {
	err = n.Do(func() (err error) { out, err = Host{}.Addresses(); return err })
	return out, err
}

func (n nodeNetwork) Way(to netip.Addr) (out Way, err error) {
	err = n.Do(func() (err error) { out, err = Host{}.Way(to); return err })
	return out, err
}

func (n nodeNetwork) DefaultWays() (out []Way, err error) {
	err = n.Do(func() (err error) { out, err = Host{}.DefaultWays(); return err })
	return out, err
}

func (n nodeNetwork) Link(name string) (out Link, err error) {
	err = n.Do(func() (err error) { out, err = Host{}.Link(name); return err })
	return out, err
}

func (n nodeNetwork) Setting(name string) (out string, err error) {
	err = n.Do(func() (err error) { out, err = Host{}.Setting(name); return err })
	return out, err
}

func (n nodeNetwork) SetSetting(name, value string) error {
	return n.Do(func() error { return Host{}.SetSetting(name, value) })
}

func (n nodeNetwork) Changes(ctx context.Context) (out <-chan struct{}, err error) {
	err = n.Do(func() (err error) { out, err = Host{}.Changes(ctx); return err })
	return out, err
}

// labDirector is a director that runs on a node of a cluster.
type labDirector struct {
	*Director
	node *lab.Node
	k    *kernel.Client // for the test
	end  func()
}

// labModel returns a model with one service of all servers of a cluster. Its probes are
// asked from a node.
func labModel(c *lab.Cluster, node *lab.Node, forward kernel.Forward) *Model {
	id := kernel.AddressID(kernel.TCP, netip.AddrPortFrom(c.VIP4, 80))
	s := Service{Down: 1, Up: 1, OnAllDown: WithdrawOnAllDown, Quiesce: time.Minute, MaxMasked: -1}
	s.Service = plan.Service{Service: kernel.Service{ServiceID: id, Scheduler: "rr"}}
	for _, v := range c.Servers {
		server := kernel.Server{Addr: netip.AddrPortFrom(v.Addr4, 80), Forward: forward, Weight: 1}
		s.Servers = append(s.Servers, server)
		s.Members = append(s.Members, Member{Server: server, Check: &Check{Probe: health.Probe{
			Target: health.Target{Addr: server.Addr, Netns: node.Path()}, Spec: health.Spec{Kind: health.TCP},
			Timing: health.Timing{Every: 300 * time.Millisecond, FastEvery: 200 * time.Millisecond,
				Timeout: 300 * time.Millisecond, Rise: 2, Fall: 3},
		}}})
	}
	return &Model{Wanted: &cluster.Wanted{}, Cluster: "lab", Services: []Service{s},
		Settings: Settings{OnStop: "keep", Drift: RepairDrift, Sysctl: "set"}}
}

// startDirector runs a director until the test ends, or end is called.
func startDirector(t *testing.T, node *lab.Node, m *Model) *labDirector {
	t.Helper()
	open := func() *kernel.Client {
		k, err := kernel.Open(kernel.Options{Netns: node.NetNS})
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	table, connections := open(), open()
	d := &labDirector{node: node, k: open(), Director: New(Options{
		Kernel: table, Connections: connections, Netns: node.NetNS, Table: node.NetNS,
		State: state.Folder{Dir: t.TempDir()}, Network: nodeNetwork{node},
		Load:   func(context.Context) (*Model, error) { return m, nil },
		Prober: func(report func(health.Report)) Prober { return health.NewEngine(health.Options{Report: report}) },
	})}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	var stopped bool
	d.end = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		table.Close()
		connections.Close()
	}
	t.Cleanup(func() { d.end(); d.k.Close() })
	return d
}

// until waits until a condition holds for the state.
func (d *labDirector) until(t *testing.T, what string, holds func(*Status) bool) {
	t.Helper()
	lab.Eventually(t, 30*time.Second, func() error {
		if s := d.Status(); !holds(s) {
			return fmt.Errorf("%s: not %s: frozen %+v, role %q, alarms %+v, servers %s", d.node.Name, what, s.Frozen, s.Role,
				s.Alarms, describe(s))
		}
		return nil
	})
}

func describe(s *Status) string {
	var out []string
	for i := range s.Services {
		for _, v := range s.Services[i].Servers {
			text := fmt.Sprintf("%s %d %s", v.Key.Server, v.InForce, v.Why)
			if v.Health.Suspect {
				text += " suspect"
			}
			for _, p := range v.Health.Probes {
				text += fmt.Sprintf(" %s %s", p.Addr, p.State.Last.Reason)
			}
			out = append(out, text)
		}
	}
	return strings.Join(out, ", ")
}

// weights reports whether the servers of the first service have weights in the table.
func weights(want ...int) func(*Status) bool {
	return func(s *Status) bool {
		if len(s.Services) == 0 {
			return false
		}
		var have []int
		for _, v := range s.Services[0].Servers {
			have = append(have, v.InForce)
		}
		return slices.Equal(have, want)
	}
}

func serveAll(t *testing.T, c *lab.Cluster) {
	t.Helper()
	for _, s := range c.Servers {
		if err := s.ServeHTTP(80); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFreezeOfDirector takes the director's own way to the servers away: they stay in the
// table, and the state says why. When it is there again, failures count again.
func TestFreezeOfDirector(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	c := lab.NewCluster(t, lab.Options{})
	serveAll(t, c)
	d := startDirector(t, c.Director, labModel(c, c.Director, kernel.NAT))
	d.until(t, "up", weights(1, 1))
	plug := unplug(t, c.Director, "eth1")
	d.until(t, "frozen", func(s *Status) bool {
		return s.Frozen != nil && s.Frozen.Why == "the network interface eth1 has no carrier"
	})
	if s := d.Status(); !weights(1, 1)(s) {
		t.Errorf("frozen, the table has %s", describe(s))
	}
	plug()
	d.until(t, "thawed", func(s *Status) bool { return s.Frozen == nil && weights(1, 1)(s) })
	if err := c.Servers[1].Stop(); err != nil {
		t.Fatal(err)
	}
	d.until(t, "masked", weights(1, 0))
}

// TestPathOfRunningDirector lets a server lose the virtual address: the director masks it,
// which a plain check would not have done. At the end nothing of the checks is left.
func TestPathOfRunningDirector(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	c := lab.NewCluster(t, lab.Options{Forward: lab.Direct})
	serveAll(t, c)
	m := labModel(c, c.Director, kernel.Direct)
	for i := range m.Services[0].Members {
		m.Services[0].Members[i].Check.Path = true
	}
	d := startDirector(t, c.Director, m)
	d.until(t, "up", weights(1, 1))
	table, err := d.k.Snapshot(t.Context())
	if err != nil || len(table.Services) != 3 {
		t.Errorf("there are %d services, want 1 and 2 marks: %v", len(table.Services), err)
	}
	address := c.VIP4.String() + "/32"
	ip(t, c.Servers[1].Node, "addr", "del", address, "dev", "lo")
	d.until(t, "masked", weights(1, 0))
	// Somebody empties the table: the marks come back as the services do.
	if err := d.k.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.until(t, "restored", weights(1, 0))
	ip(t, c.Servers[1].Node, "addr", "add", address, "dev", "lo")
	d.until(t, "up again", weights(1, 1))
	d.end()
	table, err = d.k.Snapshot(t.Context())
	if err != nil || len(table.Services) != 1 || IsPath(table.Services[0].ServiceID) {
		t.Errorf("at the end there are %d services: %v", len(table.Services), err)
	}
}

// TestPassiveOfDirector lets one server drop what opens connections of clients, but not of
// the director: only its clients see that. It is masked, and used again after the probation.
func TestPassiveOfDirector(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	c := lab.NewCluster(t, lab.Options{Forward: lab.Direct, Servers: 3})
	serveAll(t, c)
	m := labModel(c, c.Director, kernel.Direct)
	m.Services[0].Passive = true
	d := startDirector(t, c.Director, m)
	d.until(t, "up", weights(1, 1, 1))
	traffic := passiveLab{Cluster: c, service: m.Services[0].ServiceID}
	for i := range 8 {
		ip(t, c.Clients[0], "addr", "add", fmt.Sprintf("198.51.100.%d/24", 101+i), "dev", "eth0")
	}
	background(t, traffic.clients)
	s := c.Servers[1]
	for _, command := range []string{"qdisc add dev eth0 clsact", "filter add dev eth0 ingress protocol ip flower " +
		"ip_proto tcp dst_ip " + c.VIP4.String() + " tcp_flags 0x02/0x12 action drop"} {
		if _, err := s.Run("tc", strings.Fields(command)...); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	d.until(t, "masked", func(s *Status) bool {
		return weights(1, 0, 1)(s) && s.Services[0].Servers[1].Why == ByPassive
	})
	t.Logf("masked after %v", time.Since(began).Round(100*time.Millisecond))
	if v := d.Status().Services[0].Servers[1].Health; v.Verdict != health.Up || !v.Suspect {
		t.Errorf("its check says %v, suspect is %v", v.Verdict, v.Suspect)
	}
	if _, err := s.Run("tc", "qdisc", "del", "dev", "eth0", "clsact"); err != nil {
		t.Fatal(err)
	}
	lab.Eventually(t, 60*time.Second, func() error {
		if s := d.Status(); !weights(1, 1, 1)(s) {
			return fmt.Errorf("it stays masked: %s", describe(s))
		}
		return nil
	})
	t.Logf("used again after %v", time.Since(began).Round(100*time.Millisecond))
}

// TestRolesOfTwoDirectors lets two directors follow the virtual address. The sync daemons
// change with it, and a connection that began at the first director goes on at the second.
func TestRolesOfTwoDirectors(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	c := lab.NewCluster(t, lab.Options{Directors: 2, Forward: lab.Direct})
	for _, s := range c.Servers {
		handler := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, s.Name) }
		if err := s.Serve(80, http.HandlerFunc(handler)); err != nil {
			t.Fatal(err)
		}
	}
	var directors []*labDirector
	for _, node := range c.Directors {
		// Every packet is sent to the other director, so that a few suffice.
		if err := node.Sysctl("net.ipv4.vs.sync_threshold", "0 1"); err != nil {
			t.Fatal(err)
		}
		m := labModel(c, node, kernel.Direct)
		m.Settings.RoleAuto = true
		m.Wanted.SyncGiven = true
		for _, role := range []kernel.Role{kernel.Master, kernel.Backup} {
			m.Wanted.Sync = append(m.Wanted.Sync, kernel.Daemon{Role: role, Interface: "eth0", ID: 7})
		}
		directors = append(directors, startDirector(t, node, m))
	}
	is := func(role Role) func(*Status) bool {
		return func(s *Status) bool { return s.Role == string(role) && weights(1, 1)(s) }
	}
	runs := func(d *labDirector, want kernel.Role) {
		t.Helper()
		lab.Eventually(t, 15*time.Second, func() error {
			all, err := d.k.Daemons(t.Context())
			if err == nil && (len(all) != 1 || all[0].Role != want) {
				err = fmt.Errorf("%s runs %v, want %v", d.node.Name, all, want)
			}
			return err
		})
	}
	directors[0].until(t, "active", is(RoleActive))
	directors[1].until(t, "backup", is(RoleBackup))
	runs(directors[0], kernel.Master)
	runs(directors[1], kernel.Backup)

	conn, err := c.Clients[0].Dial(t.Context(), "tcp", c.VIP4.String()+":80")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	first := labAsk(t, conn)
	lab.Eventually(t, 15*time.Second, func() error {
		if got := labAsk(t, conn); got != first {
			t.Fatalf("one connection met %q and %q", first, got)
		}
		for one, err := range directors[1].k.Connections(t.Context(), kernel.WithOrigin) {
			if err != nil || one.State == "ESTABLISHED" && one.Client.Addr() == c.Clients[0].Addr4 {
				return err
			}
		}
		return fmt.Errorf("the backup knows no connection of the client")
	})
	if err := c.HoldVIP(c.Directors[1]); err != nil {
		t.Fatal(err)
	}
	directors[1].until(t, "active", is(RoleActive))
	directors[0].until(t, "backup", is(RoleBackup))
	runs(directors[1], kernel.Master)
	runs(directors[0], kernel.Backup)
	if got := labAsk(t, conn); got != first {
		t.Errorf("after the change the connection met %q, before %q", got, first)
	}
	if events, _, _ := directors[1].Events(0); !slices.ContainsFunc(events, func(e Event) bool {
		return e.Kind == EventRole && e.From == string(RoleBackup) && e.To == string(RoleActive)
	}) {
		t.Error("there is no event of the new role")
	}
}

// labAsk sends one request over an open connection and returns the end of the answer.
func labAsk(t *testing.T, conn interface {
	Read([]byte) (int, error)
	Write([]byte) (int, error)
	SetDeadline(time.Time) error
}) string {
	t.Helper()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte("GET / HTTP/1.1\r\nHost: lab\r\n\r\n")); err != nil {
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
