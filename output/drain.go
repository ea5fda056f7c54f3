package output

import (
	"net/netip"
	"slices"

	"lvs/kernel"
)

// Drain is the progress of a server of a service towards no connections.
type Drain struct {
	Service kernel.ServiceID
	Server  netip.AddrPort
	Forward kernel.Forward
	// Before is the remembered weight. Negative is none.
	Before, Weight   int
	Active, Inactive uint32
	// Clients are the clients bound by persistence. Negative is unknown.
	Clients int64
	State   DrainState
	// Reason is why the server is not drained. Empty if it is.
	Reason string
	// Outage is who drained it, since and until when. Nil if unknown.
	Outage *Outage
}

// DrainState is the state of a server that is drained.
type DrainState string

// The states.
const (
	Serving  DrainState = "serving"   // its weight is not 0
	Draining DrainState = "draining"  // its weight is 0, and something is left
	Drained  DrainState = "drained"   // nothing is left
	Deleted  DrainState = "deleted"   // it was drained, then deleted
	Gone     DrainState = "gone"      // another process deleted it
	TimedOut DrainState = "timed-out" // the wait ended, and something is left
)

// DrainRow is the progress of a server of a service towards no connections.
type DrainRow struct {
	Service      string  `json:"service" doc:"The service's id."`
	Server       string  `json:"server" doc:"The server's id within its service."`
	Forward      *string `json:"forward" doc:"nat, local, tunnel or direct. Null if the server is gone."`
	WeightBefore *int    `json:"weightBefore" doc:"The weight that undrain restores. Null if none is remembered."`
	Weight       *int    `json:"weight" doc:"The weight now. Null if the server is gone."`
	Active       *uint32 `json:"active" doc:"Established connections left. Null if the server is gone."`
	Inactive     *uint32 `json:"inactive" doc:"Connections left in any other state, and all of UDP. Null if it is gone."`
	Clients      *uint64 `json:"clients" doc:"Clients bound to it by persistence. Null if unknown."`

	PersistentConnections *uint64 `json:"persistentConnections" deprecated:"true" doc:"Use clients. Null if unknown."`

	State  string  `json:"state" doc:"The state of the server." enum:"drain"`
	Reason *string `json:"reason" doc:"Why it is not drained. Null if it is."`

	Drained *OutageRow `json:"drained" doc:"By whom and since when it is drained. Null if unknown."`
}

// DrainList writes which servers are drained, by whom, since and until when.
func (p *Printer) DrainList(rows []Drain) error {
	k := drainKind()
	k.plain = []string{"service", "server", "weightBefore", "weight", "active", "state", "by", "since", "until",
		"drainReason"}
	return printList(p, &k, rows, func(d *Drain) any { return drainRow(d) })
}

// Drains writes the progress of servers, in this order unless sorted.
func (p *Printer) Drains(rows []Drain) error {
	k := drainKind()
	return printList(p, &k, rows, func(d *Drain) any { return drainRow(d) })
}

func drainRow(d *Drain) DrainRow {
	row := DrainRow{Service: d.Service.String(), Server: d.Server.String(), State: string(d.State),
		Reason: textOrNull(d.Reason), Drained: d.Outage.row()}
	if d.State != Gone {
		row.Forward, row.Weight, row.Active, row.Inactive = new(d.Forward.String()), &d.Weight, &d.Active, &d.Inactive
	}
	if d.Before >= 0 {
		row.WeightBefore = &d.Before
	}
	if d.Clients >= 0 {
		row.Clients = new(uint64(d.Clients))
		row.PersistentConnections = row.Clients
	}
	return row
}

func drainKind() kind[Drain] {
	number := func(key, help string, of func(*Drain) int64) column[Drain] {
		return column[Drain]{key: key, help: help, number: func(d *Drain) (uint64, bool) {
			n := of(d)
			return uint64(max(n, 0)), n >= 0
		}}
	}
	before := number("weightBefore", "the weight that undrain restores", func(d *Drain) int64 { return int64(d.Before) })
	before.heading, before.aliases = "BEFORE", []string{"before"}
	clients := number("clients", "clients bound by persistence", func(d *Drain) int64 { return d.Clients })
	clients.aliases = []string{"persistentConnections"}
	clients.unknown = func(d *Drain) bool { return d.Clients < 0 }
	// present is number for what is unknown of a server that is gone.
	present := func(key, help string, of func(*Drain) int64) column[Drain] {
		c := number(key, help, func(d *Drain) int64 {
			if d.State == Gone {
				return -1
			}
			return of(d)
		})
		c.unknown = func(d *Drain) bool { return d.State == Gone }
		return c
	}
	k := kind[Drain]{name: "DrainList", columns: []column[Drain]{
		{key: "service", help: "the virtual service",
			text:    func(b []byte, d *Drain) []byte { return d.Service.Append(b) },
			compare: func(a, b *Drain) int { return a.Service.Compare(b.Service) }},
		{key: "server", help: "the real server",
			text:    func(b []byte, d *Drain) []byte { return d.Server.AppendTo(b) },
			compare: func(a, b *Drain) int { return a.Server.Compare(b.Server) }},
		{key: "forward", help: "the forwarding method",
			text: func(b []byte, d *Drain) []byte {
				if d.State == Gone {
					return b
				}
				return append(b, d.Forward.String()...)
			}, unknown: func(d *Drain) bool { return d.State == Gone }},
		before,
		present("weight", "the weight now", func(d *Drain) int64 { return int64(d.Weight) }),
		present("active", "established connections left", func(d *Drain) int64 { return int64(d.Active) }),
		present("inactive", "other connections left, and all of UDP", func(d *Drain) int64 { return int64(d.Inactive) }),
		clients,
		{key: "state", help: "serving, draining, drained, deleted, gone or timed-out",
			text: func(b []byte, d *Drain) []byte { return append(b, d.State...) }},
		{key: "reason", help: "why it is not drained",
			text: func(b []byte, d *Drain) []byte { return append(b, d.Reason...) }},
	}}
	k.plain = slices.DeleteFunc(k.keys(), func(key string) bool { return key == "forward" || key == "inactive" })
	k.columns = append(k.columns, outageColumns(func(d *Drain) *Outage { return d.Outage }, nil)...)
	k.wide = k.keys()
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
