package journal

import (
	"bytes"
	"encoding/json"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"lvs/kernel"
	"lvs/plan"
)

// objectLine is an object in a line. Zero values are left out.
type objectLine struct {
	Service string    `json:"service,omitempty"`
	Server  string    `json:"server,omitempty"`
	Zeroed  bool      `json:"zeroed,omitempty"`
	Before  *settings `json:"before,omitempty"`
	After   *settings `json:"after,omitempty"`
}

// settings are the settings of a service, a server, a daemon or the timeouts.
type settings struct {
	Scheduler  string            `json:"scheduler,omitempty"`
	Flags      kernel.SchedFlags `json:"flags,omitempty"`
	Persistent time.Duration     `json:"persistent,omitempty"` // seconds, as all durations here
	Netmask    kernel.Netmask    `json:"netmask,omitempty"`
	Engine     string            `json:"engine,omitempty"`
	OnePacket  bool              `json:"onePacket,omitempty"`

	Forward kernel.Forward `json:"forward,omitempty"` // the kernel's number, like all numbers here
	Weight  int            `json:"weight,omitempty"`
	Upper   uint32         `json:"upper,omitempty"`
	Lower   uint32         `json:"lower,omitempty"`
	Tunnel  *kernel.Tunnel `json:"tunnel,omitempty"`

	Daemon   *kernel.Daemon `json:"daemon,omitempty"`
	Timeouts *[3]int64      `json:"timeouts,omitempty"` // TCP, after a FIN, UDP
}

// appendObjects appends objects as encoding/json would write them, some twenty
// times faster: a restore may have hundreds of thousands.
func appendObjects(b []byte, objects []plan.Object) []byte {
	b = append(slices.Grow(b, 2+128*len(objects)), '[') // most need less
	for i := range objects {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendObject(b, &objects[i])
	}
	return append(b, ']')
}

func appendObject(b []byte, o *plan.Object) []byte {
	b = append(b, '{')
	if o.Service != (kernel.ServiceID{}) {
		b = append(o.Service.Append(append(b, `"service":"`...)), '"', ',')
	}
	if o.Server.IsValid() {
		b = append(o.Server.AppendTo(append(b, `"server":"`...)), '"', ',')
	}
	if o.Zeroed {
		b = append(b, `"zeroed":true,`...)
	}
	b = appendSide(b, `"before":`, o.BeforeService, o.BeforeServer, o.BeforeDaemon, o.BeforeTimeouts)
	b = appendSide(b, `"after":`, o.AfterService, o.AfterServer, o.AfterDaemon, o.AfterTimeouts)
	if b[len(b)-1] == ',' {
		b = b[:len(b)-1]
	}
	return append(b, '}')
}

func appendSide(b []byte, key string, s *kernel.Service, v *kernel.Server, d *kernel.Daemon,
	t *kernel.Timeouts) []byte {
	if v != nil && v.Tunnel == (kernel.Tunnel{}) { // the fast way for nearly all
		b = append(append(b, key...), '{')
		for _, f := range []struct {
			name  string
			value int64
		}{{`"forward":`, int64(v.Forward)}, {`"weight":`, int64(v.Weight)}, {`"upper":`, int64(v.Upper)},
			{`"lower":`, int64(v.Lower)}} {
			if f.value != 0 {
				b = append(strconv.AppendInt(append(b, f.name...), f.value, 10), ',')
			}
		}
		if b[len(b)-1] == ',' {
			b = b[:len(b)-1]
		}
		return append(b, '}', ',')
	}
	text := settingsOf(s, v, d, t)
	if text == nil {
		return b
	}
	encoded, _ := json.Marshal(text) // numbers and text always encode
	return append(append(append(b, key...), encoded...), ',')
}

func settingsOf(s *kernel.Service, v *kernel.Server, d *kernel.Daemon, t *kernel.Timeouts) *settings {
	switch {
	case s != nil:
		return &settings{Scheduler: s.Scheduler, Flags: s.SchedFlags, Persistent: s.Persistence / time.Second,
			Netmask: s.Netmask, Engine: s.Engine, OnePacket: s.OnePacket}
	case v != nil:
		out := &settings{Forward: v.Forward, Weight: v.Weight, Upper: v.Upper, Lower: v.Lower}
		if v.Tunnel != (kernel.Tunnel{}) {
			out.Tunnel = &v.Tunnel
		}
		return out
	case d != nil:
		return &settings{Daemon: d}
	case t != nil:
		return &settings{Timeouts: &[3]int64{int64(t.TCP / time.Second), int64(t.TCPFin / time.Second),
			int64(t.UDP / time.Second)}}
	}
	return nil
}

func (l *objectLine) object(o *plan.Object) (err error) {
	o.Zeroed = l.Zeroed
	if l.Service != "" {
		if o.Service, err = kernel.ParseServiceID(l.Service); err != nil {
			return err
		}
	}
	if l.Server != "" {
		if o.Server, err = netip.ParseAddrPort(l.Server); err != nil {
			return err
		}
	}
	for _, s := range []struct {
		from     *settings
		service  **kernel.Service
		server   **kernel.Server
		daemon   **kernel.Daemon
		timeouts **kernel.Timeouts
	}{
		{l.Before, &o.BeforeService, &o.BeforeServer, &o.BeforeDaemon, &o.BeforeTimeouts},
		{l.After, &o.AfterService, &o.AfterServer, &o.AfterDaemon, &o.AfterTimeouts},
	} {
		switch {
		case s.from == nil:
		case !s.from.held():
			return errLine
		case s.from.Daemon != nil:
			*s.daemon = s.from.Daemon
		case s.from.Timeouts != nil:
			t := s.from.Timeouts
			*s.timeouts = &kernel.Timeouts{TCP: time.Duration(t[0]) * time.Second,
				TCPFin: time.Duration(t[1]) * time.Second, UDP: time.Duration(t[2]) * time.Second}
		case l.Server != "" && l.Service != "":
			*s.server = s.from.serverAt(o.Server)
		case l.Service != "":
			*s.service = s.from.serviceOf(o.Service)
		default:
			return errLine
		}
	}
	return nil
}

// held reports whether all durations are some that the kernel can have.
func (s *settings) held() bool {
	ok := s.Persistent >= 0 && s.Persistent <= math.MaxUint32
	if s.Timeouts != nil {
		for _, t := range s.Timeouts {
			ok = ok && t >= 0 && t <= math.MaxUint32
		}
	}
	return ok
}

func (s *settings) serviceOf(id kernel.ServiceID) *kernel.Service {
	return &kernel.Service{ServiceID: id, Scheduler: s.Scheduler, SchedFlags: s.Flags,
		Persistence: s.Persistent * time.Second, Netmask: s.Netmask, Engine: s.Engine, OnePacket: s.OnePacket}
}

func (s *settings) serverAt(addr netip.AddrPort) *kernel.Server {
	v := &kernel.Server{Addr: addr, Forward: s.Forward, Weight: s.Weight, Upper: s.Upper, Lower: s.Lower}
	if s.Tunnel != nil {
		v.Tunnel = *s.Tunnel
	}
	return v
}

// parseObjects adds the objects of a list in JSON to those that are there.
func parseObjects(text []byte, to []plan.Object) ([]plan.Object, error) {
	var r objectReader
	rest, ok := bytes.CutPrefix(text, []byte("["))
	if !ok {
		return nil, errLine
	}
	to = slices.Grow(to, bytes.Count(rest, []byte("},{"))+1)
	for !bytes.Equal(rest, []byte("]")) {
		n := objectLen(rest)
		if n == 0 {
			return nil, errLine
		}
		var o plan.Object
		if !r.server(rest[:n], &o) {
			var l objectLine
			if err := json.Unmarshal(rest[:n], &l); err != nil {
				return nil, err
			}
			o = plan.Object{}
			if err := l.object(&o); err != nil {
				return nil, err
			}
		}
		to = append(to, o)
		if rest = rest[n:]; len(rest) > 0 && rest[0] == ',' && len(rest) > 1 && rest[1] == '{' {
			rest = rest[1:]
		} else if !bytes.Equal(rest, []byte("]")) {
			return nil, errLine
		}
	}
	return to, nil
}

// objectLen returns the length of the object in JSON that a text begins with, or zero.
func objectLen(b []byte) int {
	depth, quoted := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
		if depth == 0 {
			return 0
		}
	}
	return 0
}

// objectReader reads servers as appendObject writes them, some thirty times faster than
// encoding/json: nearly all objects are that.
type objectReader struct {
	// text and id are those of the last service: the next server often has the same.
	text []byte
	id   kernel.ServiceID
}

// server reads a server, or returns false if it is another object, or is written
// differently.
func (r *objectReader) server(b []byte, o *plan.Object) bool {
	service, b, ok := quotedAfter(b, `{"service":"`)
	if !ok {
		return false
	}
	addr, b, ok := quotedAfter(b, `,"server":"`)
	if !ok {
		return false
	}
	if !bytes.Equal(service, r.text) || r.text == nil {
		id, err := kernel.ParseServiceID(string(service))
		if err != nil {
			return false
		}
		r.text, r.id = service, id
	}
	var err error
	if o.Server, err = netip.ParseAddrPort(string(addr)); err != nil {
		return false
	}
	o.Service = r.id
	if o.BeforeServer, b, ok = serverAfter(b, `,"before":{`, o.Server); !ok {
		return false
	}
	if o.AfterServer, b, ok = serverAfter(b, `,"after":{`, o.Server); !ok {
		return false
	}
	return len(b) == 1 && b[0] == '}'
}

// quotedAfter returns the text between a prefix and a quotation mark. A text with a
// backslash is left to encoding/json.
func quotedAfter(b []byte, prefix string) (text, rest []byte, ok bool) {
	if rest, ok = bytes.CutPrefix(b, []byte(prefix)); !ok {
		return nil, b, false
	}
	text, rest, ok = bytes.Cut(rest, []byte{'"'})
	return text, rest, ok && !bytes.Contains(text, []byte{'\\'})
}

// serverAfter reads the settings of a server after a prefix; without the prefix there are
// none, which is ok. Settings other than four numbers are not.
func serverAfter(b []byte, prefix string, addr netip.AddrPort) (v *kernel.Server, rest []byte, ok bool) {
	rest, there := bytes.CutPrefix(b, []byte(prefix))
	if !there {
		return nil, b, true
	}
	v = &kernel.Server{Addr: addr}
	for len(rest) > 0 && rest[0] == '"' {
		name, after, _ := bytes.Cut(rest[1:], []byte(`":`))
		n, length := uint64(0), 0
		for length < len(after) && length < 10 && after[length] >= '0' && after[length] <= '9' {
			n = n*10 + uint64(after[length]-'0')
			length++
		}
		if length == 0 || length == len(after) || n > math.MaxUint32 {
			return nil, b, false
		}
		switch {
		case string(name) == "forward" && n <= math.MaxUint8:
			v.Forward = kernel.Forward(n)
		case string(name) == "weight" && n <= math.MaxInt32:
			v.Weight = int(n)
		case string(name) == "upper":
			v.Upper = uint32(n)
		case string(name) == "lower":
			v.Lower = uint32(n)
		default:
			return nil, b, false
		}
		if rest = after[length:]; rest[0] == ',' {
			rest = rest[1:]
		}
	}
	rest, ok = bytes.CutPrefix(rest, []byte("}"))
	return v, rest, ok
}
