package plan

import (
	"fmt"
	"net/netip"
	"strings"
	"unicode"

	"lvs/kernel"
)

// Breach is a rule that the settings of a service or a server break. The kernel
// would answer only "invalid argument", and stop at the first; or it would accept
// settings that then do not work.
type Breach struct {
	// Key is the setting at fault, as the cluster file calls it.
	Key string
	// Held is set if the kernel accepts the setting although it does not work.
	Held bool
	// why and fix have the names of settings in braces: {persistent}.
	why, fix string
}

// Why returns what is wrong. words maps names of settings to what the user calls
// them; a setting without an entry keeps its name.
func (b *Breach) Why(words map[string]string) string { return inWords(b.why, words) }

// Fix returns what to do about it, or nothing if there is no short answer.
func (b *Breach) Fix(words map[string]string) string { return inWords(b.fix, words) }

func inWords(s string, words map[string]string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(s, "{")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		name, after, _ := strings.Cut(rest, "}")
		if word, known := words[name]; known {
			name = word
		}
		b.WriteString(name)
		s = after
	}
}

// breaches collects the breaches of one object.
type breaches []Breach

func (b *breaches) add(key, fix, why string, args ...any) {
	*b = append(*b, Breach{Key: key, why: fmt.Sprintf(why, args...), fix: fix})
}

// held marks the last breach as Held.
func (b breaches) held() { b[len(b)-1].Held = true }

// CheckService returns all breaches of a service.
func CheckService(s *kernel.Service) []Breach {
	var b breaches
	if s.FWMark == 0 && s.Port == 0 && s.Persistence == 0 {
		b.add("address", "add {persistent}, or a port number", "port 0 (every port) needs persistence")
		b.held()
	}
	if s.Engine != "" && s.Persistence == 0 {
		b.add("persistent", "add {persistence time}", "a persistence engine ({engine} %s) needs persistence", s.Engine)
		b.held()
	}
	if s.Persistence > kernel.MaxPersistence {
		b.add("persistent", "use at most 31d", "{persistent} %s overflows the kernel's clock",
			DurationText(s.Persistence))
		b.held()
	}
	if !s.Netmask.Whole(s.Family) && s.Persistence == 0 {
		b.add("netmask", "add {persistent}, or leave out {netmask}",
			"a netmask groups clients for persistence, and persistence is off")
	}
	if s.OnePacket && s.FWMark == 0 && s.Protocol != kernel.UDP {
		b.add("onePacket", "leave out {onePacket}",
			"one-packet scheduling ({onePacket}) works for UDP and firewall marks only, not for %v", s.Protocol)
	}
	if s.Scheduler == "" {
		b.add("scheduler", "use one of {schedulers}", "the scheduler's name is empty")
	}
	b.checkName("scheduler", "scheduler", s.Scheduler)
	b.checkName("persistent", "persistence engine", s.Engine)
	return b
}

// checkName adds a breach if no kernel module can have such a name.
func (b *breaches) checkName(key, what, name string) {
	if len(name) > kernel.MaxName {
		b.add(key, "", "invalid %s %s: want at most %d characters", what, Quote(name), kernel.MaxName)
	} else if strings.ContainsFunc(name, neverInName) {
		b.add(key, "", "invalid %s %s: want ASCII characters without spaces", what, Quote(name))
	}
}

func neverInName(r rune) bool {
	return r > unicode.MaxASCII || !unicode.IsGraphic(r) || r == ' '
}

// CheckNewServer returns all breaches of a server that is to be added to a service.
func CheckNewServer(id kernel.ServiceID, s *kernel.Server) []Breach {
	var b breaches
	addr := s.Addr.Addr()
	switch {
	case addr.IsUnspecified() || addr.IsMulticast() || addr == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		b.add("address", "use the address of one host", "this is not a unicast address")
	case addr.Is4In6():
		b.add("address", "write "+addr.Unmap().String(), "this is an IPv4 address in IPv6 form")
	}
	if id.FWMark == 0 && s.Forward != kernel.NAT && s.Addr.Port() != id.Port {
		b.add("address", "leave out the port, or use {nat}",
			"%v forwarding cannot change the port: packets keep the service's port %d", s.Forward, id.Port)
		b.held()
	}
	return append(b, CheckServer(id, s)...)
}

func familyName(f kernel.Family) string {
	if f == kernel.IPv6 {
		return "IPv6"
	}
	return "IPv4"
}

// CheckServer returns all breaches of a server's settings.
func CheckServer(id kernel.ServiceID, s *kernel.Server) []Breach {
	var b breaches
	if f := kernel.FamilyOf(s.Addr.Addr()); f != id.Family && s.Forward != kernel.Tunneling {
		b.add("address", fmt.Sprintf("use {tunnel}, or a server with an %s address", familyName(id.Family)),
			"an %s service reaches an %s server only through a tunnel", familyName(id.Family), familyName(f))
	}
	switch {
	case s.Lower > 0 && s.Upper == 0:
		b.add("lower", fmt.Sprintf("add {upper N} with N at least %d", s.Lower),
			"a lower threshold (%d) needs an upper threshold", s.Lower)
	case s.Lower > s.Upper:
		b.add("lower", fmt.Sprintf("set {lower} to at most %d", s.Upper),
			"the lower threshold %d is higher than the upper threshold %d", s.Lower, s.Upper)
	}
	b.checkTunnel(s)
	return b
}

func (b *breaches) checkTunnel(s *kernel.Server) {
	t := s.Tunnel
	if s.Forward != kernel.Tunneling {
		if t != (kernel.Tunnel{}) {
			b.add("tunnel", "add {tunnel}, or leave out {tunnel settings}",
				"tunnel settings have no effect with %v forwarding", s.Forward)
		}
		return
	}
	switch {
	case t.Type == kernel.GUE && t.Port == 0:
		b.add("tunnel", "add {tunnel port}, such as 6080", "a gue tunnel needs a UDP port")
	case t.Type != kernel.GUE && t.Port != 0:
		b.add("tunnel", "leave out {tunnel port}, or use {tunnel type} gue",
			"only gue tunnels have a port, %v tunnels do not", t.Type)
	}
	if t.Flags == kernel.RemoteChecksum && t.Type != kernel.GUE {
		b.add("tunnel", "use {tunnel checksum}", "{remote checksum} works for gue tunnels only, not for %v", t.Type)
		b.held()
	}
}
