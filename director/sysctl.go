package director

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"lvs/doctor"
	"lvs/kernel"
)

// Need is a setting of the kernel on which a part of a model depends.
type Need struct {
	// Name is the sysctl with dots, for example net.ipv4.vs.expire_nodest_conn.
	Name string
	// Want is the value that is set if the file asks for it.
	Want string
	// Enough are other values that do as well. Any is set if all but "0" do.
	Enough []string
	Any    bool
	// Code is that of the alarm, Why what happens without the setting.
	Code, Why string
}

// vs begins the names of IPVS's own settings.
const vs = "net.ipv4.vs."

// met reports whether a value is good enough.
func (n *Need) met(value string) bool {
	if value == n.Want || n.Any && value != "0" {
		return true
	}
	for _, v := range n.Enough {
		if value == v {
			return true
		}
	}
	return false
}

// Needs returns the settings that a model needs, each once, in an order that is always the
// same. Those for checks through the forwarding path are PathNeeds.
func Needs(m *Model) []Need {
	var reset, persistent, tcp, mh bool
	nat := map[kernel.Family]bool{}
	for i := range m.Services {
		s := &m.Services[i]
		overTCP := s.Protocol == kernel.TCP || s.FWMark != 0
		reset = reset || !s.Keep && s.checked()
		persistent = persistent || s.Persistence > 0
		tcp = tcp || overTCP
		mh = mh || overTCP && s.Scheduler == "mh"
		for j := range s.Members {
			if s.Members[j].Forward == kernel.NAT {
				nat[kernel.FamilyOf(s.Members[j].Addr.Addr())] = true
			}
		}
	}
	var out []Need
	add := func(needed bool, n Need) {
		if needed {
			out = append(out, n)
		}
	}
	add(reset, Need{Name: vs + kernel.ExpireNodestConn, Want: "1", Code: "expire-nodest-conn",
		Why: "clients of a failed server wait until their connections time out, instead of connecting again"})
	add(persistent, Need{Name: vs + kernel.ExpireQuiescentTemplate, Want: "1", Code: "expire-quiescent-template",
		Why: "clients that persistence binds to a failed server keep coming to it"})
	add(tcp, Need{Name: vs + kernel.ConnReuseMode, Want: "1", Any: true, Code: "conn-reuse-mode",
		Why: "clients that use a port again keep coming to a failed server"})
	add(mh, Need{Name: vs + kernel.SloppyTCP, Want: "1", Code: "sloppy-tcp",
		Why: "connections of mh services break when another director takes over"})
	add(nat[kernel.IPv4], Need{Name: "net.ipv4.ip_forward", Want: "1", Code: "ip-forward",
		Why: "replies of servers with forward: nat are dropped"})
	add(nat[kernel.IPv6], Need{Name: "net.ipv6.conf.all.forwarding", Want: "1", Enough: []string{"2"},
		Code: "ipv6-forwarding",
		Why:  "replies of IPv6 servers with forward: nat are dropped"})
	return out
}

// checked reports whether a server of the service can fail.
func (s *Service) checked() bool {
	for i := range s.Members {
		if s.Members[i].Check != nil {
			return true
		}
	}
	return s.Passive
}

// SysctlKernel is what CheckSysctls needs of the kernel.
type SysctlKernel interface {
	Sysctls(ctx context.Context, only ...string) ([]kernel.Sysctl, error)
	SetSysctl(ctx context.Context, name, value string) error
}

// Set is a setting that was changed.
type Set struct{ Name, From, To string }

// AlarmStopped is the code of the alarm that the kernel does not update its counters.
const AlarmStopped = "stopped-counters"

// CheckSysctls compares settings with what is needed and returns an alarm for each that is
// not as it should be. With set it changes those, and returns what it changed: then there is
// an alarm only if that fails. A setting that the kernel does not have is left out. What was
// changed stays so when the director stops, because the kernel goes on serving.
func CheckSysctls(ctx context.Context, k SysctlKernel, n Network, needs []Need, set bool, now time.Time) (
	alarms []Alarm, changed []Set, err error) {
	own, err := k.Sysctls(ctx)
	if err != nil {
		return nil, nil, err
	}
	for i := range needs {
		need := &needs[i]
		value, known, err := settingOf(own, n, need.Name)
		if err != nil {
			return alarms, changed, err
		}
		if !known || need.met(value) {
			continue
		}
		var failed error
		if set {
			if failed = setSetting(ctx, k, n, need.Name, need.Want); failed == nil {
				changed = append(changed, Set{need.Name, value, need.Want})
				continue
			}
		}
		alarms = append(alarms, need.alarm(value, failed, now))
	}
	if d := doctor.StoppedCounters(kernel.CountersStopped(own)); d != nil {
		alarms = append(alarms, Alarm{Since: now, Code: d.Code, What: d.What + ": " + d.Why, Fix: d.Fix})
	}
	return alarms, changed, nil
}

func (n *Need) alarm(value string, failed error, now time.Time) Alarm {
	what := fmt.Sprintf("%s is %s: %s", n.Name, value, n.Why)
	if failed != nil {
		what += fmt.Sprintf(" (cannot set it: %v)", failed)
	}
	return Alarm{Since: now, Code: n.Code, What: what, Fix: "sysctl -w " + n.Name + "=" + n.Want}
}

// settingOf returns the value of a setting. known is false if the kernel does not have it.
func settingOf(own []kernel.Sysctl, n Network, name string) (value string, known bool, err error) {
	if short, ok := strings.CutPrefix(name, vs); ok {
		for _, s := range own {
			if s.Name == short {
				return s.Value, true, nil
			}
		}
		return "", false, nil
	}
	value, err = n.Setting(settingFile(name))
	if errors.Is(err, fs.ErrNotExist) {
		return "", false, nil
	}
	return value, err == nil, err
}

func setSetting(ctx context.Context, k SysctlKernel, n Network, name, value string) error {
	if short, ok := strings.CutPrefix(name, vs); ok {
		return k.SetSysctl(ctx, short, value)
	}
	return n.SetSetting(settingFile(name), value)
}

// settingFile returns the name that Network.Setting takes. sysctl(8) writes a dot in the
// name of an interface as a slash.
func settingFile(name string) string {
	swap := strings.NewReplacer(".", "/", "/", ".")
	return swap.Replace(strings.TrimPrefix(name, "net."))
}
