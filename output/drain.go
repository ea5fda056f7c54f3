package output

import (
	"net/netip"
	"slices"

	"lvs/kernel"
)

// Drain is how far a server of a service is on its way to no connections.
type Drain struct {
	Service kernel.ServiceID
	Server  netip.AddrPort
	Forward kernel.Forward
	// Before is the weight that is remembered. Negative is none.
	Before, Weight   int
	Active, Inactive uint32
	// Clients are those bound by persistence. Negative is not known.
	Clients int64
	State   DrainState
	// Reason says what keeps it from being drained. Empty is nothing.
	Reason string
}

// DrainState is a word for where a server stands.
type DrainState string

// The states.
const (
	Serving  DrainState = "serving"   // its weight is not 0
	Draining DrainState = "draining"  // its weight is 0, and something is left
	Drained  DrainState = "drained"   // nothing is left
	Deleted  DrainState = "deleted"   // it was drained, and deleted then
	Gone     DrainState = "gone"      // somebody else deleted it
	TimedOut DrainState = "timed-out" // it was waited for, and something is left
)

// DrainRow is a server of a service on its way to no connections.
type DrainRow struct {
	Service               string  `json:"service" doc:"The service's id."`
	Server                string  `json:"server" doc:"The server's id within its service."`
	Forward               string  `json:"forward" doc:"nat, local, tunnel or direct."`
	WeightBefore          *int    `json:"weightBefore" doc:"The weight that undrain restores. Null when none is remembered."`
	Weight                int     `json:"weight" doc:"The weight now."`
	Active                uint32  `json:"active" doc:"Established connections left."`
	Inactive              uint32  `json:"inactive" doc:"Connections in any other state, and all of UDP."`
	PersistentConnections *uint64 `json:"persistentConnections" doc:"Clients bound to it by persistence. Null when not known."`
	State                 string  `json:"state" doc:"Where it stands." enum:"serving,draining,drained,deleted,gone,timed-out"`
	Reason                *string `json:"reason" doc:"What keeps it from being drained. Null when nothing does."`
}

// Drains writes how far servers are, in that order.
func (p *Printer) Drains(rows []Drain) error {
	k := drainKind()
	return printList(p, &k, rows, func(d *Drain) any {
		row := DrainRow{Service: d.Service.String(), Server: d.Server.String(), Forward: d.Forward.String(), Weight: d.Weight,
			Active: d.Active, Inactive: d.Inactive, State: string(d.State), Reason: textOrNull(d.Reason)}
		if d.Before >= 0 {
			row.WeightBefore = &d.Before
		}
		if d.Clients >= 0 {
			row.PersistentConnections = new(uint64(d.Clients))
		}
		return row
	})
}

func drainKind() kind[Drain] {
	number := func(key, help string, of func(*Drain) int64) column[Drain] {
		return column[Drain]{key: key, help: help, number: func(d *Drain) (uint64, bool) {
			n := of(d)
			return uint64(max(n, 0)), n >= 0
		}}
	}
	k := kind[Drain]{name: "DrainList", columns: []column[Drain]{
		{key: "service", help: "the virtual service", canon: canonService,
			text:    func(b []byte, d *Drain) []byte { return d.Service.Append(b) },
			compare: func(a, b *Drain) int { return a.Service.Compare(b.Service) }},
		{key: "server", help: "the real server",
			text:    func(b []byte, d *Drain) []byte { return d.Server.AppendTo(b) },
			compare: func(a, b *Drain) int { return a.Server.Compare(b.Server) }},
		{key: "forward", help: "the forwarding method", text: func(b []byte, d *Drain) []byte { return append(b, d.Forward.String()...) }},
		number("before", "the weight that undrain restores", func(d *Drain) int64 { return int64(d.Before) }),
		number("weight", "the weight now", func(d *Drain) int64 { return int64(d.Weight) }),
		number("active", "established connections left", func(d *Drain) int64 { return int64(d.Active) }),
		number("inactive", "other connections left, and all of UDP", func(d *Drain) int64 { return int64(d.Inactive) }),
		{key: "clients", help: "clients bound by persistence", number: func(d *Drain) (uint64, bool) { return uint64(max(d.Clients, 0)), d.Clients >= 0 },
			unknown: func(d *Drain) bool { return d.Clients < 0 }},
		{key: "state", help: "serving, draining, drained, deleted, gone or timed-out",
			text: func(b []byte, d *Drain) []byte { return append(b, d.State...) }},
		{key: "reason", help: "what keeps it from being drained",
			text: func(b []byte, d *Drain) []byte { return append(b, d.Reason...) }},
	}}
	k.wide = k.keys()
	k.plain = slices.DeleteFunc(k.keys(), func(key string) bool { return key == "forward" || key == "inactive" })
	k.appendName = func(b []byte, d *Drain) []byte {
		return d.Server.AppendTo(append(d.Service.Append(b), ' '))
	}
	k.style = func(d *Drain, key string) Style {
		if key == "state" && d.State == TimedOut {
			return Red
		}
		return NoStyle
	}
	return k
}
