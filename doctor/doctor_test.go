package doctor

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lvs/kernel"
	"lvs/kernel/memory"
	"lvs/plan"
)

// with returns settings with one sysctl.
func with(name, value string) Settings {
	return Settings{Sysctls: []kernel.Sysctl{{Name: name, Value: value}},
		Timeouts: kernel.Timeouts{TCPFin: 2 * time.Minute}}
}

// entry returns the server 10.0.0.1:80.
func entry(forward kernel.Forward, active, inactive, persistent uint32) kernel.ServerEntry {
	return kernel.ServerEntry{Server: kernel.Server{Addr: netip.MustParseAddrPort("10.0.0.1:80"), Forward: forward},
		Active: active, Inactive: inactive, Persistent: persistent}
}

func id(t *testing.T, s string) kernel.ServiceID {
	t.Helper()
	id, err := kernel.ParseServiceID(s)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestDiagnoses(t *testing.T) {
	web := kernel.Service{ServiceID: id(t, "tcp://192.0.2.10:80"), Persistence: time.Minute}
	plain := kernel.Service{ServiceID: web.ServiceID}
	bound := func(of kernel.Service, s Settings, clients uint32) func() *Diagnosis {
		v := entry(kernel.NAT, 0, 0, clients)
		return func() *Diagnosis { return BoundClients(s, []Server{{of, v}}) }
	}
	dropped := func(cost plan.Cost) func() *Diagnosis {
		return func() *Diagnosis { return DroppedConnections(&cost) }
	}
	const template = kernel.ExpireQuiescentTemplate

	boundOne := &Diagnosis{"bound-clients", Warning, "net.ipv4.vs.expire_quiescent_template is 0",
		"clients bound by persistence keep coming to 10.0.0.1:80 in tcp://192.0.2.10:80 (1 now, " +
			"for at least 1m after the last connection)",
		"sysctl -w net.ipv4.vs.expire_quiescent_template=1"}
	boundTwo := *boundOne
	boundTwo.Why = "clients bound by persistence keep coming to 10.0.0.1:80 in tcp://192.0.2.10:80 (2 now, " +
		"each for at least 1m after the last connection)"
	many := &Diagnosis{"dropped-connections", Warning, "net.ipv4.vs.expire_nodest_conn is 0",
		"packets of 3 connections to deleted servers are dropped for up to 15m (timeout tcp)",
		"sysctl -w net.ipv4.vs.expire_nodest_conn=1 before the deletion ends them at once: TCP is reset, UDP moves"}
	one := *many
	one.Why = "packets of 1 connection to deleted servers are dropped until the connections time out"

	for _, c := range []struct {
		name     string
		diagnose func() *Diagnosis
		want     *Diagnosis
	}{
		{"a bound client", bound(web, with(template, "0"), 1), boundOne},
		{"bound clients", bound(web, with(template, "0"), 2), &boundTwo},
		{"templates expire", bound(web, with(template, "1"), 2), nil},
		{"unknown setting", bound(web, Settings{}, 2), nil},
		{"no clients", bound(web, with(template, "0"), 0), nil},
		{"no persistence", bound(plain, with(template, "0"), 2), nil},

		{"dropped", dropped(plan.Cost{Established: 4, Fates: plan.Fates{plan.Dropped: 3, plan.Reset: 1},
			Within: 15 * time.Minute, Timeout: plan.TCPTimeout}), many},
		{"dropped for an unknown time", dropped(plan.Cost{Established: 1, Fates: plan.Fates{plan.Dropped: 1}}), &one},
		{"reset and moved", dropped(plan.Cost{Established: 4, Fates: plan.Fates{plan.Moved: 3, plan.Reset: 1}}), nil},
		{"nothing is cut", dropped(plan.Cost{Persistent: 9}), nil},
		{"not known", dropped(plan.Cost{Established: 9}), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(c.want, c.diagnose()); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

func TestReadSettings(t *testing.T) {
	k := memory.New()
	if err := k.SetSysctl(t.Context(), kernel.ExpireNodestConn, "1"); err != nil {
		t.Fatal(err)
	}
	s, err := ReadSettings(t.Context(), k)
	if err != nil || s.off(kernel.ExpireNodestConn) || !s.off(kernel.ExpireQuiescentTemplate) || s.off("nosuch") {
		t.Errorf("%v, %+v", err, s)
	}
	if s.Timeouts.TCPFin != 2*time.Minute {
		t.Errorf("the timeouts are %+v", s.Timeouts)
	}
	k.Deny()
	if s, err := ReadSettings(t.Context(), k); err != nil || s.Timeouts != (kernel.Timeouts{}) {
		t.Errorf("without privilege: %v, %+v", err, s)
	}
	k.Heal()
	k.Unload()
	if _, err := ReadSettings(t.Context(), k); err == nil {
		t.Error("without IPVS there is no error")
	}
}

func TestSeverity(t *testing.T) {
	for s, want := range map[Severity]string{Note: "note", Warning: "warning"} {
		t.Run(want, func(t *testing.T) {
			if s.String() != want {
				t.Errorf("%q", s)
			}
		})
	}
}
