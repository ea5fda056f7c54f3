package output

import (
	"net/netip"
	"strings"

	"lvs/kernel"
	"lvs/plan"
)

// Change is a step that a verb took or, with DryRun, would take.
type Change struct {
	// Op is what is done: a word of kernel.Op, or of another verb ("zero"). It is
	// shown with hyphens: edit-server.
	Op string
	// Service is zero if the change concerns no service.
	Service kernel.ServiceID
	// Server is not valid if the change concerns a service itself.
	Server netip.AddrPort
	// The configuration before and after. Nil before an add and after a delete;
	// all are nil if nothing is configured.
	BeforeService, AfterService *kernel.Service
	BeforeServer, AfterServer   *kernel.Server
	// The same for the table's sync daemons and timeouts.
	BeforeDaemon, AfterDaemon     *kernel.Daemon
	BeforeTimeouts, AfterTimeouts *kernel.Timeouts
	// Cost is what it cuts. Nil is unknown, or nothing that can be cut.
	Cost *plan.Cost
	// DryRun is set if the change was not sent.
	DryRun bool
	// Err is the kernel's refusal.
	Err error
	// Public is set if only what the public table shows is known: see Snapshot.Public.
	Public bool
}

// changeList is the kind of a list of changes.
const changeList = "ChangeList"

// ChangeRow is a step.
type ChangeRow struct {
	Op      string       `json:"op" doc:"What is done." enum:"change"`
	Service *string      `json:"service" doc:"The service's id. Null if it concerns none."`
	Server  *string      `json:"server" doc:"The server's id. Null if the service itself changes."`
	Before  *SettingsRow `json:"before" doc:"The configuration before. Null if there was none."`
	After   *SettingsRow `json:"after" doc:"The configuration after. Null if there is none."`
	Cuts    *CutsRow     `json:"cuts" doc:"The connections it cuts. Null if it deletes nothing, or if unknown."`
	Status  string       `json:"status" doc:"done, planned (a dry run) or refused." enum:"status"`
	Error   *string      `json:"error" doc:"Why it was refused. Null if it was not."`
}

// Changes writes what a verb did or would do, in this order unless sorted.
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
		row.Cuts = cutsRow(c.Cost)
	}
	if c.Err != nil {
		row.Error = new(c.Err.Error())
	}
	return row
}

// Deletes reports whether something is deleted.
func (c *Change) Deletes() bool { return c.side(false) != (side{}) && c.side(true) == (side{}) }

// op returns what is done in one word, the same in every format.
func (c *Change) op() string { return strings.ReplaceAll(c.Op, " ", "-") }

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

func changeKind() kind[Change] {
	k := kind[Change]{name: changeList, columns: []column[Change]{
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
		{key: "before", help: "the changed settings, before", text: func(b []byte, c *Change) []byte {
			return appendSettings(b, c.side(false).settings(), c.side(true).settings())
		}},
		{key: "after", help: "the changed settings, after", text: func(b []byte, c *Change) []byte {
			return appendSettings(b, c.side(true).settings(), c.side(false).settings())
		}},
		{key: "status", help: "done, planned or refused",
			text: func(b []byte, c *Change) []byte { return append(b, c.status()...) }},
		{key: "error", help: "why it was refused", text: func(b []byte, c *Change) []byte {
			if c.Err == nil {
				return b
			}
			return append(b, c.Err.Error()...)
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

// appendChangeName appends what changed, or what was done if that has no name.
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

// changeOf returns the change of an object, without its op.
func changeOf(o *plan.Object) *Change {
	return &Change{
		Service: o.Service, Server: o.Server,
		BeforeService: o.BeforeService, AfterService: o.AfterService,
		BeforeServer: o.BeforeServer, AfterServer: o.AfterServer,
		BeforeDaemon: o.BeforeDaemon, AfterDaemon: o.AfterDaemon,
		BeforeTimeouts: o.BeforeTimeouts, AfterTimeouts: o.AfterTimeouts,
	}
}

// ChangeOf returns the change of an object.
func ChangeOf(o *plan.Object) Change {
	c := changeOf(o)
	before, after := c.side(false), c.side(true)
	verb, noun := "edit", "service"
	switch (side{}) {
	case before:
		verb = "add"
	case after:
		verb = "delete"
	}
	switch {
	case o.Zeroed:
		verb, noun = "zero", ""
	case o.Server.IsValid():
		noun = "server"
	case o.AfterTimeouts != nil:
		verb, noun = "set", "timeouts"
	case o.BeforeDaemon != nil:
		verb, noun = "stop sync", o.BeforeDaemon.Role.String()
	case o.AfterDaemon != nil:
		verb, noun = "start sync", o.AfterDaemon.Role.String()
	}
	c.Op = verb
	if noun != "" {
		c.Op += " " + noun
	}
	return *c
}

// Difference returns what is changed, and the settings that differ on both sides:
// "weight=3" and "weight=0". A side without configuration is "not there".
func (c *Change) Difference() (what, before, after string) {
	text := func(one, other side) string {
		if one == (side{}) {
			return "not there"
		}
		return string(appendSettings(nil, one.settings(), other.settings()))
	}
	return c.object(), text(c.side(false), c.side(true)), text(c.side(true), c.side(false))
}
