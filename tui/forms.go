package tui

import (
	"fmt"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"lvs/kernel"
	"lvs/output"
)

// addForm opens the form for a new service, or for a new server of a service.
func (m *Model) addForm(inside kernel.ServiceID) tea.Cmd {
	if inside == (kernel.ServiceID{}) {
		m.over = m.serviceForm(nil)
	} else {
		m.over = m.serverForm(inside, nil)
	}
	return nil
}

// editForm opens the form for editing a service or server.
func (m *Model) editForm(t target) tea.Cmd {
	switch {
	case t.v != nil:
		m.over = m.serverForm(t.e.ServiceID, t.v)
	case t.e != nil:
		m.over = m.serviceForm(t.e)
	default:
		return m.onlyServers()
	}
	return nil
}

// option is an option of the command line that has a field in a form.
type option struct{ label, flag, help string }

var serviceOptions = []option{
	{"scheduler", "--scheduler", "scheduling algorithm; Left and Right show those of the kernel"},
	{"flags", "--sched-flags", "flags of the scheduler: sh-fallback, sh-port, mh-fallback, mh-port, flag-1 or none"},
	{"persistent", "--persistent", "how long a client stays with its server: 6m, 1h or none"},
	{"netmask", "--netmask", "persistence for networks instead of single clients: 255.255.255.0, 64 or none"},
	{"engine", "--pe", "persistence engine: sip or none"},
	{"one packet", "--ops", "true: schedule every UDP packet separately"},
}

// serviceForm returns the form for a new service (e is nil) or for service e.
func (m *Model) serviceForm(e *kernel.ServiceEntry) *form {
	values := map[string]string{"scheduler": "wlc", "flags": "none", "persistent": "none", "netmask": "none",
		"engine": "none", "one packet": "false"}
	f := &form{title: "Add a service", do: "Add"}
	name := newField("service", "", "tcp://192.0.2.10:80, udp://[2001:db8::1]:53 or fwmark:7")
	verb := "add"
	if e != nil {
		f.title, f.do, verb = "Edit "+e.ServiceID.String(), "Change", "edit"
		name = newField("service", e.ServiceID.String(), "")
		name.fixed, f.at = true, 1
		values = map[string]string{"scheduler": e.Scheduler, "flags": joined(e.SchedFlags.Names(e.Scheduler)),
			"persistent": "none", "netmask": orNone(e.Netmask.Text(e.Family)), "engine": orNone(e.Engine),
			"one packet": strconv.FormatBool(e.OnePacket)}
		if e.Persistence > 0 {
			values["persistent"] = output.Duration(e.Persistence)
		}
	}
	f.fields = []*field{name}
	for _, o := range serviceOptions {
		x := newField(o.label, values[o.label], o.help)
		switch o.label {
		case "scheduler":
			x.proposals = m.o.Schedulers
		case "one packet":
			x.words = []string{"false", "true"}
		}
		f.fields = append(f.fields, x)
	}
	f.build = func(f *form) ([]string, []line, string) {
		if f.get("service") == "" {
			return nil, nil, "enter a service, such as " + name.help
		}
		args, body := m.given(f, serviceOptions, []string{"service", verb, f.get("service")}, e == nil)
		if e == nil {
			return args, append([]line{m.change("service", "none", f.get("service"))}, body...), ""
		}
		if len(body) == 0 {
			return nil, nil, "no field was changed"
		}
		return args, body, ""
	}
	return f
}

var serverOptions = []option{
	{"weight", "--weight", "weight of the server; with 0 it gets no new connections"},
	{"upper", "--upper", "upper threshold: no new connections at this many; 0 means no limit"},
	{"lower", "--lower", "lower threshold: new connections again below this many"},
	{"tunnel type", "--tun-type", "ipip, gue or gre; only with forwarding method tunnel"},
	{"tunnel port", "--tun-port", "UDP port of gue"},
	{"tunnel flag", "--tun-flags", "nocsum, csum or remcsum; only with forwarding method tunnel"},
}

// serverForm returns the form for a new server of a service (v is nil) or for
// server v.
func (m *Model) serverForm(id kernel.ServiceID, v *kernel.ServerEntry) *form {
	values := map[string]string{"weight": "1", "upper": "0", "lower": "0",
		"tunnel type": "ipip", "tunnel port": "", "tunnel flag": "nocsum"}
	f := &form{title: "Add a server", do: "Add"}
	of := newField("service", id.String(), "")
	of.fixed = true
	name := newField("server", "", "10.0.0.11:80, or 10.0.0.11 for the port of the service")
	forward := newField("forward", "direct", "forwarding method; Left and Right select it")
	forward.words = []string{"direct", "nat", "tunnel"}
	verb := "add"
	f.at = 1
	if v != nil {
		f.title, f.do, verb = "Edit "+v.Addr.String(), "Change", "edit"
		name = newField("server", v.Addr.String(), "")
		name.fixed, f.at = true, 3
		forward.in, forward.was = newInput(v.Forward.String()), v.Forward.String()
		values = map[string]string{"weight": strconv.Itoa(v.Weight),
			"upper": fmt.Sprint(v.Upper), "lower": fmt.Sprint(v.Lower),
			"tunnel type": v.Tunnel.Type.String(), "tunnel port": "", "tunnel flag": v.Tunnel.Flags.String()}
		if v.Tunnel.Port > 0 {
			values["tunnel port"] = fmt.Sprint(v.Tunnel.Port)
		}
	}
	f.fields = []*field{of, name, forward}
	for _, o := range serverOptions {
		x := newField(o.label, values[o.label], o.help)
		switch o.label {
		case "tunnel type":
			x.words = []string{"ipip", "gue", "gre"}
		case "tunnel flag":
			x.words = []string{"nocsum", "csum", "remcsum"}
		}
		f.fields = append(f.fields, x)
	}
	f.build = func(f *form) ([]string, []line, string) {
		if f.get("server") == "" {
			return nil, nil, "enter a server, such as " + name.help
		}
		args := []string{"server", verb, id.String(), f.get("server")}
		var body []line
		if v == nil {
			body = append(body, m.change("server", "none", f.get("server")),
				label(&m.g, "service", 12).add(plain, id.String()))
		}
		if v == nil || f.changed("forward") {
			before := forward.was
			if v == nil {
				before = "none"
			}
			args = append(args, "--"+f.get("forward"))
			body = append(body, m.change("forward", before, f.get("forward")))
		}
		args, more := m.given(f, serverOptions, args, v == nil)
		if body = append(body, more...); len(body) == 0 {
			return nil, nil, "no field was changed"
		}
		if v != nil && f.changed("weight") && f.get("weight") == "0" {
			args = append(args, "--yes") // the dialog asks
		}
		return args, body, ""
	}
	return f
}

// given adds the options whose fields were changed to a command line, and returns
// the changes. fresh is set for a new object, which has no old values.
func (m *Model) given(f *form, options []option, args []string, fresh bool) ([]string, []line) {
	var body []line
	for _, o := range options {
		if !f.changed(o.label) {
			continue
		}
		args = append(args, o.flag+"="+f.get(o.label))
		before := orNone(f.field(o.label).was)
		if fresh {
			body = append(body, label(&m.g, o.label, 12).add(bold, clean(f.get(o.label))))
		} else {
			body = append(body, m.change(o.label, before, f.get(o.label)))
		}
	}
	return args, body
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func joined(words []string) string { return orNone(strings.Join(words, ",")) }
