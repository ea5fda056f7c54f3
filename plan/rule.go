package plan

import (
	"fmt"
	"strings"
	"unicode"

	"lvs/kernel"
)

// Breach is a rule that a service or a server does not keep. The kernel would
// say only "invalid argument", and at the first; or it would take what then does
// not work.
type Breach struct {
	// Key is the setting that is at fault, as the cluster file calls it.
	Key string
	// Held tells that the kernel holds such a thing, although it does not work.
	Held bool
	// why and cure have the names of settings in braces: {persistent}.
	why, cure string
}

// Why says what is wrong, in words that name settings as given; a setting
// without words is named by itself.
func (b *Breach) Why(words map[string]string) string { return inWords(b.why, words) }

// Cure says what helps. It is empty where nothing short does.
func (b *Breach) Cure(words map[string]string) string { return inWords(b.cure, words) }

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

// breaches collects them.
type breaches []Breach

func (b *breaches) add(key, cure, why string, args ...any) {
	*b = append(*b, Breach{Key: key, why: fmt.Sprintf(why, args...), cure: cure})
}

// held marks the last one.
func (b breaches) held() { b[len(b)-1].Held = true }

// CheckService tells all that is wrong with a service.
func CheckService(s *kernel.Service) []Breach {
	var b breaches
	if s.FWMark == 0 && s.Port == 0 && s.Persistence == 0 {
		b.add("address", "add {persistent}, or name a port", "port 0 (every port) needs persistence")
		b.held()
	}
	if s.Engine != "" && s.Persistence == 0 {
		b.add("persistent", "add {persistent}", "a persistence engine ({engine} %s) needs persistence", s.Engine)
	}
	if s.Persistence > kernel.MaxPersistence {
		b.add("persistent", "31 days are the longest", "a persistence of %s overflows in the kernel's clock", DurationText(s.Persistence))
		b.held()
	}
	if !s.Netmask.Whole(s.Family) && s.Persistence == 0 {
		b.add("netmask", "add {persistent}, or leave out {netmask}", "a netmask groups clients for persistence, which is off")
	}
	if s.OnePacket && s.FWMark == 0 && s.Protocol != kernel.UDP {
		b.add("onePacket", "leave out {onePacket}", "one-packet scheduling ({onePacket}) is for UDP and firewall marks, not for %v", s.Protocol)
	}
	if s.Scheduler == "" {
		b.add("scheduler", "the schedulers are {schedulers}", "the scheduler has no name")
	}
	b.checkName("scheduler", "scheduler", s.Scheduler)
	b.checkName("persistent", "persistence engine", s.Engine)
	return b
}

// checkName refuses what cannot be the name of a kernel module's part.
func (b *breaches) checkName(key, what, name string) {
	if len(name) > kernel.MaxName {
		b.add(key, "", "%s %s: the name is longer than %d characters", what, Quote(name), kernel.MaxName)
	} else if strings.ContainsFunc(name, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsGraphic(r) || r == ' ' }) {
		b.add(key, "", "%s %s: the name has characters that no name has", what, Quote(name))
	}
}

// CheckNewServer tells all that is wrong with a server that is to be added to a
// service.
func CheckNewServer(id kernel.ServiceID, s *kernel.Server) []Breach {
	var b breaches
	addr := s.Addr.Addr()
	if addr.IsUnspecified() || addr.IsMulticast() {
		b.add("address", "a server has a unicast address", "packets cannot be sent to one server by that address")
	}
	if id.FWMark == 0 && s.Forward != kernel.NAT && s.Addr.Port() != id.Port {
		b.add("address", "leave out the port, or use {nat}",
			"%v forwarding cannot change the port: it stays %d, the service's", s.Forward, id.Port)
		b.held()
	}
	return append(b, CheckServer(id, s)...)
}

// CheckServer tells all that is wrong with a server's settings.
func CheckServer(id kernel.ServiceID, s *kernel.Server) []Breach {
	var b breaches
	if f := kernel.FamilyOf(s.Addr.Addr()); f != id.Family && s.Forward != kernel.Tunneling {
		b.add("address", "use {tunnel}, or a server of the service's family",
			"an %v server of an %v service is reached by tunnel only", f, id.Family)
	}
	switch {
	case s.Lower > 0 && s.Upper == 0:
		b.add("lower", fmt.Sprintf("add {upper N} with N at least %d", s.Lower), "a lower threshold of %d needs an upper one", s.Lower)
	case s.Lower > s.Upper:
		b.add("lower", fmt.Sprintf("make {lower} at most %d", s.Upper), "the lower threshold %d is above the upper %d", s.Lower, s.Upper)
	}
	b.checkTunnel(s)
	return b
}

func (b *breaches) checkTunnel(s *kernel.Server) {
	t := s.Tunnel
	if s.Forward != kernel.Tunneling {
		if t != (kernel.Tunnel{}) {
			b.add("tunnel", "add {tunnel}, or leave out {tunnel settings}", "tunnel options have no meaning with %v forwarding", s.Forward)
		}
		return
	}
	switch {
	case t.Type == kernel.GUE && t.Port == 0:
		b.add("tunnel", "add {tunnel port}, such as 6080", "a gue tunnel needs a UDP port")
	case t.Type != kernel.GUE && t.Port != 0:
		b.add("tunnel", "leave out {tunnel port}, or use {tunnel type} gue", "a port belongs to gue tunnels, not to %v", t.Type)
	}
	if t.Flags == kernel.RemoteChecksum && t.Type != kernel.GUE {
		b.add("tunnel", "use {tunnel checksum}", "{remote checksum} belongs to gue tunnels, not to %v", t.Type)
		b.held()
	}
}
