package doctor

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lvs/kernel"
	"lvs/kernel/memory"
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
		return func() *Diagnosis { return BoundClients(s, of, &v) }
	}
	returns := func(s Settings, going ...kernel.ServerEntry) func() *Diagnosis {
		return func() *Diagnosis { return DroppedReturns(s, going) }
	}
	datagrams := func(s Settings, service string, inactive uint32) func() *Diagnosis {
		v := entry(kernel.Direct, 0, inactive, 0)
		return func() *Diagnosis { return DroppedDatagrams(s, id(t, service), &v) }
	}
	const template, nodest = kernel.ExpireQuiescentTemplate, kernel.ExpireNodestConn

	boundOne := &Diagnosis{"bound-clients", Warning, "net.ipv4.vs.expire_quiescent_template is 0",
		"clients bound by persistence keep coming to 10.0.0.1:80 in tcp://192.0.2.10:80 (1 now)",
		"sysctl -w net.ipv4.vs.expire_quiescent_template=1"}
	boundTwo := *boundOne
	boundTwo.Why = "clients bound by persistence keep coming to 10.0.0.1:80 in tcp://192.0.2.10:80 (2 now)"
	dropped := &Diagnosis{"dropped-returns", Warning, "net.ipv4.vs.expire_nodest_conn is 0",
		"for up to 2m, clients that reuse a port hang on the deleted server",
		"sysctl -w net.ipv4.vs.expire_nodest_conn=1 before the deletion sends them to another server"}
	old := &Diagnosis{"dropped-datagrams", Warning, "net.ipv4.vs.expire_nodest_conn is 0",
		"packets of 3 old connections to 10.0.0.1:80 in udp://192.0.2.10:53 are dropped until the connections time out",
		"sysctl -w net.ipv4.vs.expire_nodest_conn=1 sends them to another server immediately"}
	oldOfMark := *old
	oldOfMark.Why = "packets of 1 old connection to 10.0.0.1:80 in fwmark:7 are dropped until the connections time out"

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

		{"deleted with active connections", returns(with(nodest, "0"), entry(kernel.Direct, 1, 0, 0)), dropped},
		{"deleted with inactive connections", returns(with(nodest, "0"), entry(kernel.Tunneling, 0, 1, 0)), dropped},
		{"one of several", returns(with(nodest, "0"), entry(kernel.NAT, 1, 1, 0), entry(kernel.Direct, 1, 0, 0)), dropped},
		{"NAT sees both directions", returns(with(nodest, "0"), entry(kernel.NAT, 1, 1, 0)), nil},
		{"no connections", returns(with(nodest, "0"), entry(kernel.Direct, 0, 0, 5)), nil},
		{"no servers", returns(with(nodest, "0")), nil},
		{"connections expire", returns(with(nodest, "1"), entry(kernel.Direct, 1, 0, 0)), nil},
		{"unknown whether they expire", returns(Settings{}, entry(kernel.Direct, 1, 0, 0)), nil},

		{"datagrams", datagrams(with(nodest, "0"), "udp://192.0.2.10:53", 3), old},
		{"datagrams of a mark", datagrams(with(nodest, "0"), "fwmark:7", 1), &oldOfMark},
		{"TCP", datagrams(with(nodest, "0"), "tcp://192.0.2.10:53", 3), nil},
		{"no old connections", datagrams(with(nodest, "0"), "udp://192.0.2.10:53", 0), nil},
		{"datagrams expire", datagrams(with(nodest, "1"), "udp://192.0.2.10:53", 3), nil},
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
