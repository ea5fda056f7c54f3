package journal

import (
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
