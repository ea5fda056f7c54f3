package director

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lvs/kernel"
	"lvs/kernel/memory"
	"lvs/plan"
)

// serviceWith returns a service of a model with one checked server.
func serviceWith(t *testing.T, id, scheduler string, forward kernel.Forward, server string) Service {
	t.Helper()
	parsed, err := kernel.ParseServiceID(id)
	if err != nil {
		t.Fatal(err)
	}
	addr, err := kernel.ParseAddrPort(server)
	if err != nil {
		t.Fatal(err)
	}
	v := kernel.Server{Addr: addr, Forward: forward, Weight: 1}
	s := Service{Members: []Member{{Server: v, Check: &Check{}}}}
	s.Service = plan.Service{Service: kernel.Service{ServiceID: parsed, Scheduler: scheduler}, Servers: []kernel.Server{v}}
	return s
}

func TestNeeds(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Service)
		want   []string
	}{
		{"a checked TCP service", func(*Service) {}, []string{"expire_nodest_conn", "conn_reuse_mode"}},
		{"failed servers are kept", func(s *Service) { s.Keep = true }, []string{"conn_reuse_mode"}},
		{"nothing is checked", func(s *Service) { s.Members[0].Check = nil }, []string{"conn_reuse_mode"}},
		{"nothing is checked, but passive", func(s *Service) { s.Members[0].Check, s.Passive = nil, true },
			[]string{"expire_nodest_conn", "conn_reuse_mode"}},
		{"persistent", func(s *Service) { s.Persistence = time.Minute },
			[]string{"expire_nodest_conn", "expire_quiescent_template", "conn_reuse_mode"}},
		{"mh", func(s *Service) { s.Scheduler = "mh" }, []string{"expire_nodest_conn", "conn_reuse_mode", "sloppy_tcp"}},
		{"mh over UDP", func(s *Service) { s.Scheduler, s.Protocol = "mh", kernel.UDP }, []string{"expire_nodest_conn"}},
		{"nat", func(s *Service) { s.Members[0].Forward = kernel.NAT },
			[]string{"expire_nodest_conn", "conn_reuse_mode", "net.ipv4.ip_forward"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serviceWith(t, "tcp://192.0.2.1:80", "wlc", kernel.Direct, "10.0.0.11:80")
			c.change(&s)
			var got []string
			for _, n := range Needs(&Model{Services: []Service{s}}) {
				got = append(got, trimVS(n.Name))
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func trimVS(name string) string {
	if len(name) > len(vs) && name[:len(vs)] == vs {
		return name[len(vs):]
	}
	return name
}

// TestCheckSysctls checks alarms, that set changes what is needed and nothing else, and that
// it changes nothing twice.
func TestCheckSysctls(t *testing.T) {
	ctx, now := t.Context(), time.Unix(1000, 0)
	k, n := memory.New(), newFakeNetwork()
	n.settings["ipv4/ip_forward"] = "0"
	s := serviceWith(t, "tcp://192.0.2.1:80", "mh", kernel.NAT, "10.0.0.11:80")
	s.Persistence = time.Minute
	needs := Needs(&Model{Services: []Service{s}})
	for name, value := range map[string]string{"conn_reuse_mode": "0", "run_estimation": "0"} {
		if err := k.SetSysctl(ctx, name, value); err != nil {
			t.Fatal(err)
		}
	}
	before, err := k.Sysctls(ctx)
	if err != nil {
		t.Fatal(err)
	}
	alarms, changed, err := CheckSysctls(ctx, k, n, needs, false, now)
	if err != nil || changed != nil {
		t.Fatalf("a check changed %v, %v", changed, err)
	}
	want := []Alarm{
		{now, "expire-nodest-conn", "net.ipv4.vs.expire_nodest_conn is 0: clients of a failed server wait until their " +
			"connections time out, instead of connecting again", "sysctl -w net.ipv4.vs.expire_nodest_conn=1"},
		{now, "expire-quiescent-template", "net.ipv4.vs.expire_quiescent_template is 0: clients that persistence " +
			"binds to a failed server keep coming to it", "sysctl -w net.ipv4.vs.expire_quiescent_template=1"},
		{now, "conn-reuse-mode", "net.ipv4.vs.conn_reuse_mode is 0: clients that use a port again keep coming to a failed " +
			"server", "sysctl -w net.ipv4.vs.conn_reuse_mode=1"},
		{now, "sloppy-tcp", "net.ipv4.vs.sloppy_tcp is 0: connections of mh services break when another director " +
			"takes over", "sysctl -w net.ipv4.vs.sloppy_tcp=1"},
		{now, "ip-forward", "net.ipv4.ip_forward is 0: replies of servers with forward: nat are dropped",
			"sysctl -w net.ipv4.ip_forward=1"},
		{now, AlarmStopped, "net.ipv4.vs.run_estimation is 0: the kernel does not update counters and rates, so they " +
			"are unknown", "sysctl -w net.ipv4.vs.run_estimation=1"},
	}
	if d := cmp.Diff(want, alarms); d != "" {
		t.Error(d)
	}
	if after, _ := k.Sysctls(ctx); !slices.Equal(before, after) {
		t.Error("a check changed settings")
	}
	alarms, changed, err = CheckSysctls(ctx, k, n, needs, true, now)
	if err != nil || len(changed) != 5 || len(alarms) != 1 || alarms[0].Code != AlarmStopped {
		t.Errorf("set changed %v and left %v, %v", changed, alarms, err)
	}
	if n.settings["ipv4/ip_forward"] != "1" {
		t.Error("ip_forward was not set")
	}
	if _, changed, err = CheckSysctls(ctx, k, n, needs, true, now); err != nil || changed != nil {
		t.Errorf("the second time set changed %v, %v", changed, err)
	}
	if err := k.SetSysctl(ctx, "conn_reuse_mode", "2"); err != nil {
		t.Fatal(err)
	}
	if _, changed, err = CheckSysctls(ctx, k, n, needs, true, now); err != nil || changed != nil {
		t.Errorf("a value that does as well was changed: %v, %v", changed, err)
	}
}

// noSysctls is a kernel whose settings cannot be changed.
type noSysctls struct{ SysctlKernel }

func (k noSysctls) SetSysctl(ctx context.Context, name, value string) error {
	return &kernel.Error{Op: "set " + name, Err: kernel.ErrPermission}
}

func TestSysctlsThatCannotBeSet(t *testing.T) {
	k, n := noSysctls{memory.New()}, newFakeNetwork()
	s := serviceWith(t, "tcp://192.0.2.1:80", "wlc", kernel.Direct, "10.0.0.11:80")
	alarms, changed, err := CheckSysctls(t.Context(), k, n, Needs(&Model{Services: []Service{s}}), true, time.Time{})
	want := "net.ipv4.vs.expire_nodest_conn is 0: clients of a failed server wait until their connections time out, " +
		"instead of connecting again (cannot set it: set expire_nodest_conn: permission denied)"
	if err != nil || changed != nil || len(alarms) != 1 || alarms[0].What != want {
		t.Errorf("%v, %v, %v", alarms, changed, err)
	}
	if _, _, err := CheckSysctls(t.Context(), failing{}, n, nil, true, time.Time{}); !errors.Is(err, kernel.ErrNotLoaded) {
		t.Errorf("without IPVS the error is %v", err)
	}
}

type failing struct{ SysctlKernel }

func (failing) Sysctls(context.Context, ...string) ([]kernel.Sysctl, error) {
	return nil, kernel.ErrNotLoaded
}
