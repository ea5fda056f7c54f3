package cluster

import (
	"encoding/json"
	"errors"
	"net/netip"
	"time"

	"lvs/kernel"
)

// journalFormat is the version of a journal's lines. Lines of a later one are
// left alone.
const journalFormat = 1

// line is one line of a journal: an entry, or the end of one. ID or Last comes
// early, so that whoever appends finds the number.
type line struct {
	Format int `json:"format"`
	// ID is an entry's number. An end has Last, the highest number given so far,
	// and Of, the entry that it belongs to.
	ID   uint64 `json:"id,omitempty"`
	Last uint64 `json:"last,omitempty"`
	Of   uint64 `json:"of,omitempty"`

	Time     time.Time    `json:"time,omitzero"`
	User     string       `json:"user,omitempty"`
	UID      int          `json:"uid,omitempty"`
	SudoUser string       `json:"sudoUser,omitempty"`
	Command  string       `json:"command,omitempty"`
	Netns    string       `json:"netns,omitempty"`
	Table    string       `json:"table,omitempty"`
	Undoes   uint64       `json:"undoes,omitempty"`
	Counts   *[3]int      `json:"counts,omitempty"` // added, edited, deleted
	Without  bool         `json:"without,omitempty"`
	Objects  []objectLine `json:"objects,omitempty"`

	Outcome Outcome `json:"outcome,omitempty"`
	Refused []int   `json:"refused,omitempty"`
	Error   string  `json:"error,omitempty"`
}

// objectLine is an object. What is zero is left out.
type objectLine struct {
	Service string    `json:"service,omitempty"`
	Server  string    `json:"server,omitempty"`
	Zeroed  bool      `json:"zeroed,omitempty"`
	Before  *settings `json:"before,omitempty"`
	After   *settings `json:"after,omitempty"`
}

// settings are those of a service, a server, a daemon or the timeouts.
type settings struct {
	Scheduler  string            `json:"scheduler,omitempty"`
	Flags      kernel.SchedFlags `json:"flags,omitempty"`
	Persistent time.Duration     `json:"persistent,omitempty"` // seconds, as all durations here
	Netmask    kernel.Netmask    `json:"netmask,omitempty"`
	Engine     string            `json:"engine,omitempty"`
	OnePacket  bool              `json:"onePacket,omitempty"`

	Forward kernel.Forward `json:"forward,omitempty"` // the kernel's number, as all numbers here
	Weight  int            `json:"weight,omitempty"`
	Upper   uint32         `json:"upper,omitempty"`
	Lower   uint32         `json:"lower,omitempty"`
	Tunnel  *kernel.Tunnel `json:"tunnel,omitempty"`

	Daemon   *kernel.Daemon `json:"daemon,omitempty"`
	Timeouts *[3]int64      `json:"timeouts,omitempty"` // TCP, after a FIN, UDP
}

func (e *Entry) line() line {
	l := line{
		Format: journalFormat, ID: e.ID, Time: e.Time, User: e.User, UID: e.UID, SudoUser: e.SudoUser,
		Command: e.Command, Netns: e.Netns, Table: e.Table, Undoes: e.Undoes, Without: e.Without,
		Counts: &[3]int{e.Counts.Added, e.Counts.Edited, e.Counts.Deleted},
	}
	if !e.Without {
		l.Objects = make([]objectLine, len(e.Objects))
		for i := range e.Objects {
			l.Objects[i] = e.Objects[i].line()
		}
	}
	return l
}

func (o *Object) line() objectLine {
	l := objectLine{Zeroed: o.Zeroed}
	if o.Service != (kernel.ServiceID{}) {
		l.Service = o.Service.String()
	}
	if o.Server.IsValid() {
		l.Server = o.Server.String()
	}
	l.Before = settingsOf(o.BeforeService, o.BeforeServer, o.BeforeDaemon, o.BeforeTimeouts)
	l.After = settingsOf(o.AfterService, o.AfterServer, o.AfterDaemon, o.AfterTimeouts)
	return l
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
		return &settings{Timeouts: &[3]int64{int64(t.TCP / time.Second), int64(t.TCPFin / time.Second), int64(t.UDP / time.Second)}}
	}
	return nil
}

// errLine is a line that is none of a journal, or of one to come.
var errLine = errors.New("no line of this journal")

// parseLine reads a line.
func parseLine(b []byte) (line, error) {
	var l line
	if err := json.Unmarshal(b, &l); err != nil {
		return line{}, err
	}
	if l.Format < 1 || l.Format > journalFormat || (l.ID == 0) == (l.Of == 0) {
		return line{}, errLine
	}
	return l, nil
}

// entry gives what a line says, where it is an entry.
func (l *line) entry() (Entry, error) {
	e := Entry{
		ID: l.ID, Time: l.Time, User: l.User, UID: l.UID, SudoUser: l.SudoUser, Command: l.Command,
		Netns: l.Netns, Table: l.Table, Undoes: l.Undoes, Without: l.Without, End: End{Outcome: Unknown},
		Objects: make([]Object, len(l.Objects)),
	}
	if l.Counts != nil {
		e.Counts = Result{l.Counts[0], l.Counts[1], l.Counts[2]}
	}
	for i := range l.Objects {
		if err := l.Objects[i].object(&e.Objects[i]); err != nil {
			return Entry{}, err
		}
	}
	return e, nil
}

func (l *objectLine) object(o *Object) (err error) {
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
