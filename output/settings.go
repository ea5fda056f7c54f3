package output

import (
	"strconv"
	"strings"
	"time"

	"lvs/kernel"
)

// SettingsRow is the configuration of a service, a server, a sync daemon or the
// timeouts. The keys of the others are null.
type SettingsRow struct {
	Scheduler  *string      `json:"scheduler" doc:"The scheduler. Null for a server."`
	Flags      *[]string    `json:"flags" doc:"The names of the scheduler's flags. Null for a server, or if unknown."`
	Persistent *uint64      `json:"persistent" doc:"Persistence in seconds. Null if off, unknown, or for a server."`
	Netmask    *string      `json:"netmask" doc:"Client mask of persistence. Null if not set, unknown, or for a server."`
	Engine     *string      `json:"engine" doc:"The persistence engine. Null if none, unknown, or for a server."`
	OnePacket  *bool        `json:"onePacket" doc:"Each UDP datagram is scheduled on its own. Null for a server."`
	Forward    *string      `json:"forward" doc:"nat, tunnel or direct. Null for a service."`
	Weight     *int         `json:"weight" doc:"The share of new connections. Null for a service."`
	Upper      *uint32      `json:"upper" doc:"Upper threshold; 0 means no limit. Null if unknown, or for a service."`
	Lower      *uint32      `json:"lower" doc:"Lower threshold; 0 is 3/4 of upper. Null if unknown, or for a service."`
	Tunnel     *TunnelRow   `json:"tunnel" doc:"The encapsulation. Null if not tunnel, unknown, or for a service."`
	Daemon     *DaemonRow   `json:"daemon" doc:"The sync daemon. Null for anything else."`
	Timeouts   *TimeoutsRow `json:"timeouts" doc:"The timeouts. Null for anything else."`
}

// side is the configuration before or after a change. The zero value is none.
type side struct {
	service  *kernel.Service
	server   *kernel.Server
	daemon   *kernel.Daemon
	timeouts *kernel.Timeouts
	public   bool
}

// row returns the configuration for the JSON, and nil if there is none.
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

// setting is a part of a configuration. Its name is its key in the JSON.
type setting struct{ name, value string }

// settings returns the configuration without what has its default.
func (s side) settings() []setting {
	svc, srv := s.service, s.server
	var all []setting
	switch {
	case s.daemon != nil:
		all = daemonSettings(s.daemon)
	case s.timeouts != nil:
		t := s.timeouts
		all = []setting{{"tcp", Duration(t.TCP)}, {"tcpFin", Duration(t.TCPFin)}, {"udp", Duration(t.UDP)}}
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
			all = append(all, setting{"onePacket", "true"})
		}
	}
	return all
}

// daemonSettings leaves out what the kernel chooses.
func daemonSettings(d *kernel.Daemon) []setting {
	all := []setting{{"interface", d.Interface}, {"id", strconv.Itoa(int(d.ID))}}
	if d.Group.IsValid() {
		all = append(all, setting{"group", d.Group.String()})
	}
	return append(all, setting{"port", limit(uint32(d.Port))}, setting{"ttl", limit(uint32(d.TTL))},
		setting{"maxLen", limit(uint32(d.MaxLen))})
}

// limit returns a number as text, and nothing for 0.
func limit(n uint32) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatUint(uint64(n), 10)
}

// appendSettings appends the settings of one side that differ from the other, as
// name=value,name=value without a blank, so that columns stay apart in a pipe.
// A setting that only the other side has is a dash: upper=-
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
