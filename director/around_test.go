package director

import (
	"strings"
	"testing"
	"time"

	"lvs/director/health"
	"lvs/kernel"
)

// TestRoleOfDirector lets the sync daemons follow the role.
func TestRoleOfDirector(t *testing.T) {
	w := newWorld(t, serviceOf(1, 1))
	w.model.Settings.RoleAuto = true
	w.model.Wanted.SyncGiven = true
	w.model.Wanted.Sync = []kernel.Daemon{
		{Role: kernel.Master, Interface: "eth0", ID: 1}, {Role: kernel.Backup, Interface: "eth0", ID: 1}}
	running := func() (text string) {
		t.Helper()
		all, err := w.mem.Daemons(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range all {
			text += d.Role.String() + " "
		}
		return text
	}
	w.begin()
	w.want("not known yet", running(), "")
	for _, c := range []struct {
		role Role
		want string
	}{{RoleBackup, "backup "}, {RoleActive, "master "}, {RoleFault, "backup "}} {
		w.d.setRole(c.role, nil)
		w.work()
		w.want(string(c.role), running(), c.want)
		w.want("status", w.d.snapshot().Role, string(c.role))
	}
	if n := len(w.events(EventRole)); n != 3 {
		t.Errorf("%d events", n)
	}
}

// TestTimeouts sets the timeouts of the files, again if somebody changes them.
func TestTimeouts(t *testing.T) {
	w := newWorld(t, serviceOf(1, 1))
	w.model.Wanted.Timeouts = kernel.Timeouts{UDP: 77 * time.Second}
	w.begin()
	for range 2 {
		have, err := w.mem.Timeouts(t.Context())
		if err != nil || have.UDP != 77*time.Second || have.TCP != 15*time.Minute {
			t.Fatalf("%+v, %v", have, err)
		}
		if err := w.mem.SetTimeouts(t.Context(), kernel.Timeouts{UDP: time.Minute}); err != nil {
			t.Fatal(err)
		}
		w.pass(11 * time.Second)
	}
}

// TestSysctls sets what failed servers need if the file asks for it.
func TestSysctls(t *testing.T) {
	for _, c := range []struct{ sysctl, value, alarms string }{
		{"check", "0", "expire-nodest-conn"}, {"set", "1", ""},
	} {
		t.Run(c.sysctl, func(t *testing.T) {
			w := newWorld(t, serviceOf(1, 1, 2))
			w.model.Settings.Sysctl = c.sysctl
			w.begin()
			w.up(1, 2)
			got, err := w.mem.Sysctls(t.Context(), kernel.ExpireNodestConn)
			if err != nil || got[0].Value != c.value {
				t.Errorf("%v, %v", got, err)
			}
			var codes []string
			for _, a := range w.d.alarms.list() {
				codes = append(codes, a.Code)
			}
			w.want("alarms", strings.Join(codes, " "), c.alarms)
			resets(t, w)
			w.pass(11 * time.Second)
			if a := w.d.alarms.list(); len(a) > 0 {
				t.Errorf("alarms %+v", a)
			}
		})
	}
}

// TestSuspects masks servers whose connections stay half open, if the file asks for it.
func TestSuspects(t *testing.T) {
	s := serviceOf(1, 1, 2, 3)
	s.Passive, s.MaxMasked = true, 1
	w := newWorld(t, s)
	w.begin()
	w.up(1, 2, 3)
	w.d.suspect(map[kernel.ServerKey]time.Time{keyOf(1, 1): w.now, keyOf(1, 2): w.now})
	w.work()
	w.want("suspects", w.weights(1, 1, 2, 3), "0 10 10")
	if n := len(w.prober.asked); n != 2 {
		t.Errorf("%d checks were asked", n)
	}
	w.d.suspect(nil)
	w.work()
	w.want("over", w.weights(1, 1, 2, 3), "10 10 10")
}

// TestPathOfDirector brings the services of checks with via: path into the table, and takes
// them out at the end.
func TestPathOfDirector(t *testing.T) {
	s := serviceOf(1, 1)
	s.Members[0].Check.Path = true
	w := newWorld(t, s)
	net := newFakeNetwork()
	net.link("eth1", "10.0.0.254")
	net.way("10.0.0.1", "10.0.0.254", "eth1")
	net.way("192.0.2.1", "10.0.0.254", "eth1")
	w.o.Network = net
	w.begin()
	services := func() (n int) {
		t.Helper()
		table, err := w.mem.Services(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return len(table.Services)
	}
	if n := services(); n != 1 { // the service itself waits
		t.Errorf("%d services", n)
	}
	for key, p := range w.prober.probes {
		if p.Mark&^PathMarks != PathMark || p.Addr.Addr() != serviceID(1).Addr {
			t.Errorf("probe %+v", p)
		}
		w.prober.report(health.Report{Key: key, State: health.State{Verdict: health.Up, Since: w.now}})
	}
	w.work()
	w.want("up", w.weights(1, 1), "10")
	if n := len(w.d.snapshot().Services); n != 1 {
		t.Errorf("%d services are shown", n)
	}
	if err := w.d.stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := services(); n != 1 {
		t.Errorf("%d services at the end", n)
	}
}
