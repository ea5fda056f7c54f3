package output

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"lvs/kernel"
	"lvs/plan"
)

// Change is a step that a verb took or, with DryRun, would take.
type Change struct {
	// Op is what is done: the words of kernel.Op, or another verb's ("zero").
	// They are shown with hyphens: edit-server.
	Op string
	// Service is zero where the change concerns no service.
	Service kernel.ServiceID
	// Server is not valid where the change concerns a service itself.
	Server netip.AddrPort
	// The configuration before and after. Nil before an add and after a delete;
	// all are nil where nothing is configured.
	BeforeService, AfterService *kernel.Service
	BeforeServer, AfterServer   *kernel.Server
	// The same for the table's sync daemons and timeouts.
	BeforeDaemon, AfterDaemon     *kernel.Daemon
	BeforeTimeouts, AfterTimeouts *kernel.Timeouts
	// Cost is what it cuts. Nil is unknown, or nothing that can be cut.
	Cost *plan.Cost
	// DryRun is set when the change was not sent.
	DryRun bool
	// Err is the kernel's refusal.
	Err error
	// Public is set where no more is known than Snapshot.Public tells.
	Public bool
}

// ChangeRow is a step.
type ChangeRow struct {
	Op      string       `json:"op" doc:"What is done." enum:"add-service,edit-service,delete-service,add-server,edit-server,delete-server,zero,set-timeouts,start-sync-master,start-sync-backup,stop-sync-master,stop-sync-backup"`
	Service *string      `json:"service" doc:"The service's id. Null when it concerns none."`
	Server  *string      `json:"server" doc:"The server's id. Null when the service itself changes."`
	Before  *SettingsRow `json:"before" doc:"The configuration before. Null when there was none."`
	After   *SettingsRow `json:"after" doc:"The configuration after. Null when there is none."`
	Cuts    *CutsRow     `json:"cuts" doc:"What it cuts of the connections there were. Null when it deletes nothing, or when that was not counted."`
	Status  string       `json:"status" doc:"done, planned (a dry run) or refused." enum:"done,planned,refused"`
	Error   *string      `json:"error" doc:"Why it was refused. Null otherwise."`
}

// CutsRow is what a deletion does to those who are connected.
type CutsRow struct {
	Established uint64 `json:"established" doc:"Established connections that are cut."`
	Other       uint64 `json:"other" doc:"Connections in any other state that are cut."`
	Persistent  uint64 `json:"persistent" doc:"Clients that lose the server they were bound to by persistence."`
}

// SettingsRow is the configuration of a service, a server, a sync daemon or the
// timeouts. What belongs to another of them is null.
type SettingsRow struct {
	Scheduler  *string      `json:"scheduler" doc:"The scheduler's name. Null for a server."`
	Flags      *[]string    `json:"flags" doc:"The scheduler's flags, by name. Null for a server, or when not known."`
	Persistent *uint64      `json:"persistent" doc:"Seconds a client stays with its server. Null when off, not known, or for a server."`
	Netmask    *string      `json:"netmask" doc:"Groups clients for persistence. Null when each stands by itself, not known, or for a server."`
	Engine     *string      `json:"engine" doc:"The persistence engine. Null when none, not known, or for a server."`
	OnePacket  *bool        `json:"onePacket" doc:"Every UDP datagram is scheduled anew. Null for a server."`
	Forward    *string      `json:"forward" doc:"nat, tunnel or direct. Null for a service."`
	Weight     *int         `json:"weight" doc:"The share of new connections. Null for a service."`
	Upper      *uint32      `json:"upper" doc:"No new connections at this many; 0 is no limit. Null for a service, or when not known."`
	Lower      *uint32      `json:"lower" doc:"New connections again below this many; 0 is three quarters of upper. Null for a service, or when not known."`
	Tunnel     *TunnelRow   `json:"tunnel" doc:"The encapsulation. Null when forward is not tunnel, not known, or for a service."`
	Daemon     *DaemonRow   `json:"daemon" doc:"The sync daemon. Null for anything else."`
	Timeouts   *TimeoutsRow `json:"timeouts" doc:"The timeouts. Null for anything else."`
}

// Changes writes what a verb did or would do, in that order.
func (p *Printer) Changes(rows []Change) error {
	k := changeKind()
	return printList(p, &k, rows, func(c *Change) any { return c.row() })
}

func (c *Change) row() ChangeRow {
	row := ChangeRow{Op: c.op(), Status: c.status(), Before: c.side(false).row(), After: c.side(true).row()}
	if c.Service != (kernel.ServiceID{}) {
		row.Service = new(c.Service.String())
	}
	if c.Server.IsValid() {
		row.Server = new(c.Server.String())
	}
	if c.Cost != nil {
		row.Cuts = &CutsRow{c.Cost.Established, c.Cost.Other, c.Cost.Persistent}
	}
	if c.Err != nil {
		row.Error = new(c.Err.Error())
	}
	return row
}

// op is one word, the same in every format.
func (c *Change) op() string { return strings.ReplaceAll(c.Op, " ", "-") }

// side is the configuration before or after.
type side struct {
	service  *kernel.Service
	server   *kernel.Server
	daemon   *kernel.Daemon
	timeouts *kernel.Timeouts
	public   bool
}

func (c *Change) side(after bool) side {
	if after {
		return side{c.AfterService, c.AfterServer, c.AfterDaemon, c.AfterTimeouts, c.Public}
	}
	return side{c.BeforeService, c.BeforeServer, c.BeforeDaemon, c.BeforeTimeouts, c.Public}
}

func (c *Change) status() string {
	switch {
	case c.Err != nil:
		return "refused"
	case c.DryRun:
		return "planned"
	}
	return "done"
}

func (s side) row() *SettingsRow {
	svc, srv := s.service, s.server
	switch {
	case s.daemon != nil:
		return &SettingsRow{Daemon: new(daemonRow(s.daemon))}
	case s.timeouts != nil:
		return &SettingsRow{Timeouts: new(timeoutsRow(s.timeouts))}
	case srv != nil && s.public:
		return &SettingsRow{Forward: new(srv.Forward.String()), Weight: &srv.Weight}
	case srv != nil:
		return &SettingsRow{Forward: new(srv.Forward.String()), Weight: &srv.Weight,
			Upper: &srv.Upper, Lower: &srv.Lower, Tunnel: tunnelRow(srv)}
	case svc != nil && s.public:
		return &SettingsRow{Scheduler: &svc.Scheduler, OnePacket: &svc.OnePacket}
	case svc != nil:
		return &SettingsRow{Scheduler: &svc.Scheduler, Flags: new(svc.SchedFlags.Names(svc.Scheduler)),
			Persistent: secondsOrNull(svc.Persistence), Netmask: textOrNull(svc.Netmask.Text(svc.Family)),
			Engine: textOrNull(svc.Engine), OnePacket: &svc.OnePacket}
	}
	return nil
}

func tunnelRow(s *kernel.Server) *TunnelRow {
	if s.Forward != kernel.Tunneling {
		return nil
	}
	row := &TunnelRow{Type: s.Tunnel.Type.String(),
		Checksum:       s.Tunnel.Flags&kernel.Checksum != 0,
		RemoteChecksum: s.Tunnel.Flags&kernel.RemoteChecksum != 0}
	if s.Tunnel.Type == kernel.GUE {
		row.Port = &s.Tunnel.Port
	}
	return row
}

func textOrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func secondsOrNull(d time.Duration) *uint64 {
	if d == 0 {
		return nil
	}
	return new(wholeSeconds(d))
}

func changeKind() kind[Change] {
	k := kind[Change]{name: "ChangeList", columns: []column[Change]{
		{key: "op", help: "what is done", text: func(b []byte, c *Change) []byte { return append(b, c.op()...) }},
		{key: "service", help: "the virtual service", canon: canonService, text: func(b []byte, c *Change) []byte {
			if c.Service == (kernel.ServiceID{}) {
				return b
			}
			return c.Service.Append(b)
		}, compare: func(a, b *Change) int { return a.Service.Compare(b.Service) }},
		{key: "server", help: "the real server", text: func(b []byte, c *Change) []byte {
			if !c.Server.IsValid() {
				return b
			}
			return c.Server.AppendTo(b)
		}, compare: func(a, b *Change) int { return a.Server.Compare(b.Server) }},
		{key: "before", help: "the settings that change, before", text: func(b []byte, c *Change) []byte {
			return appendSettings(b, c.side(false).settings(), c.side(true).settings())
		}},
		{key: "after", help: "the settings that change, after", text: func(b []byte, c *Change) []byte {
			return appendSettings(b, c.side(true).settings(), c.side(false).settings())
		}},
		{key: "status", help: "done, planned or refused", text: func(b []byte, c *Change) []byte { return append(b, c.status()...) }},
		{key: "error", help: "why it was refused", text: func(b []byte, c *Change) []byte {
			if c.Err == nil {
				return b
			}
			return appendClean(b, c.Err.Error())
		}},
	}}
	k.plain = []string{"op", "service", "server", "before", "after", "status"}
	k.wide = k.keys()
	k.appendName = appendChangeName
	k.style = func(c *Change, key string) Style {
		if c.Err != nil && key == "status" {
			return Red
		}
		return NoStyle
	}
	return k
}

// appendChangeName names what changed, or what was done where that is nothing
// with a name.
func appendChangeName(b []byte, c *Change) []byte {
	if c.Service == (kernel.ServiceID{}) {
		return append(b, c.op()...)
	}
	b = c.Service.Append(b)
	if c.Server.IsValid() {
		b = c.Server.AppendTo(append(b, ' '))
	}
	return b
}

type setting struct{ name, value string }

// settings lists one side's configuration, defaults left out.
func (s side) settings() []setting {
	svc, srv := s.service, s.server
	var all []setting
	switch {
	case s.daemon != nil:
		all = daemonSettings(s.daemon)
	case s.timeouts != nil:
		t := s.timeouts
		all = []setting{{"tcp", Duration(t.TCP)}, {"tcpfin", Duration(t.TCPFin)}, {"udp", Duration(t.UDP)}}
	case srv != nil && s.public:
		all = []setting{{"forward", srv.Forward.String()}, {"weight", strconv.Itoa(srv.Weight)}}
	case srv != nil:
		all = []setting{
			{"forward", srv.Forward.String()}, {"weight", strconv.Itoa(srv.Weight)},
			{"upper", limit(srv.Upper)}, {"lower", limit(srv.Lower)},
		}
		if srv.Forward == kernel.Tunneling {
			all = append(all, setting{"tunnel", string(appendTunnelText(nil, srv.Tunnel))})
		}
	case svc != nil:
		all = []setting{
			{"scheduler", svc.Scheduler}, {"flags", strings.Join(svc.SchedFlags.Names(svc.Scheduler), "+")},
			{"netmask", svc.Netmask.Text(svc.Family)}, {"engine", svc.Engine},
		}
		if svc.Persistence != 0 {
			all = append(all, setting{"persistent", Duration(svc.Persistence)})
		}
		if svc.OnePacket {
			all = append(all, setting{"onepacket", "true"})
		}
	}
	return all
}

// daemonSettings leaves out what is the kernel's to choose.
func daemonSettings(d *kernel.Daemon) []setting {
	all := []setting{{"interface", string(appendClean(nil, d.Interface))}, {"id", strconv.Itoa(int(d.ID))}}
	if d.Group.IsValid() {
		all = append(all, setting{"group", d.Group.String()})
	}
	return append(all, setting{"port", limit(uint32(d.Port))}, setting{"ttl", limit(uint32(d.TTL))},
		setting{"maxlen", limit(uint32(d.MaxLen))})
}

func limit(n uint32) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatUint(uint64(n), 10)
}

// appendSettings writes one side where it differs from the other, as
// name=value,name=value without a blank, so that a pipe's columns stay apart.
// What is set on the other side alone is named with a dash: upper=-
func appendSettings(b []byte, side, other []setting) []byte {
	start := len(b)
	write := func(name, value string) {
		if len(b) > start {
			b = append(b, ',')
		}
		if value == "" {
			value = "-"
		}
		b = append(append(append(b, name...), '='), value...)
	}
	for _, s := range side {
		if s.value != valueOf(other, s.name) {
			write(s.name, s.value)
		}
	}
	for _, o := range other {
		if len(side) > 0 && o.value != "" && !hasName(side, o.name) {
			write(o.name, "")
		}
	}
	return b
}

func valueOf(all []setting, name string) string {
	for _, s := range all {
		if s.name == name {
			return s.value
		}
	}
	return ""
}

func hasName(all []setting, name string) bool {
	for _, s := range all {
		if s.name == name {
			return true
		}
	}
	return false
}
