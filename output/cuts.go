package output

import (
	"fmt"
	"strings"
	"time"

	"lvs/kernel"
	"lvs/plan"
)

// CutsRow is what a deletion does to connected clients.
type CutsRow struct {
	Established uint64 `json:"established" doc:"Established connections that are cut."`
	Other       uint64 `json:"other" doc:"Connections in any other state that are cut, and all of UDP."`
	Clients     uint64 `json:"clients" doc:"Clients that lose the server to which persistence binds them."`
	Persistent  uint64 `json:"persistent" deprecated:"true" doc:"Use clients."`

	Stranded     uint64  `json:"stranded" doc:"Those of clients for which the service has no other server."`
	Dropped      *uint64 `json:"dropped" doc:"Connections whose packets are dropped for a time. Null if unknown."`
	Reset        *uint64 `json:"reset" doc:"Connections that are reset with the client's next packet. Null if unknown."`
	Moved        *uint64 `json:"moved" doc:"UDP connections that go to another server at once. Null if unknown."`
	Refused      *uint64 `json:"refused" doc:"UDP connections that are refused: no server is left. Null if unknown."`
	ResetOrMoved *uint64 `json:"resetOrMoved" doc:"Those of marks: reset if TCP, else moved. Null if unknown."`
	DroppedFor   *uint64 `json:"droppedFor" doc:"For how many seconds at most. Null if none are dropped, or unknown."`
	Timeout      *string `json:"timeout" doc:"What ends that: tcp, tcp-fin, udp, time-wait, sctp. Null if nothing."`
	Sysctl       *string `json:"sysctl" doc:"The sysctl that, if 1, ends dropped connections at once. Null if none."`
}

// Text returns the row as CostText does.
func (r *CutsRow) Text() string {
	if r == nil {
		return ""
	}
	c := plan.Cost{Established: r.Established, Other: r.Other, Persistent: r.Clients, Stranded: r.Stranded}
	for fate, n := range map[plan.Fate]*uint64{plan.Dropped: r.Dropped, plan.Reset: r.Reset, plan.Moved: r.Moved,
		plan.Refused: r.Refused, plan.Ended: r.ResetOrMoved} {
		if n != nil {
			c.Fates[fate] = *n
		}
	}
	if r.DroppedFor != nil && r.Timeout != nil {
		c.Within = time.Duration(*r.DroppedFor) * time.Second
		for t := range plan.Timeouts {
			if t.String() == *r.Timeout {
				c.Timeout = t
			}
		}
	}
	return CostText(&c)
}

func cutsRow(c *plan.Cost) *CutsRow {
	row := &CutsRow{Established: c.Established, Other: c.Other, Clients: c.Persistent, Persistent: c.Persistent,
		Stranded: c.Stranded}
	if c.Known() {
		f := c.Fates
		row.Dropped, row.Reset, row.Moved = &f[plan.Dropped], &f[plan.Reset], &f[plan.Moved]
		row.Refused, row.ResetOrMoved = &f[plan.Refused], &f[plan.Ended]
	}
	if c.Within > 0 {
		row.DroppedFor, row.Timeout = new(uint64(c.Within/time.Second)), new(c.Timeout.String())
	}
	if c.Fates[plan.Dropped] > 0 {
		row.Sysctl = new("net.ipv4.vs." + kernel.ExpireNodestConn)
	}
	return row
}

// CostText returns what a change does to connections: "cuts 1,252 connections (1,243
// active): dropped for up to 15m (tcp); moves 88 clients bound by persistence". It is
// empty if nothing is cut.
func CostText(c *plan.Cost) string {
	if c == nil {
		return ""
	}
	var parts []string
	if n := c.Connections(); n > 0 {
		text := "cuts " + counted(n, "connection")
		if c.Established > 0 {
			text += " (" + Grouped(c.Established) + " active)"
		}
		if fates := fatesText(c); fates != "" {
			text += ": " + fates
		}
		parts = append(parts, text)
	}
	if n := c.Persistent - c.Stranded; n > 0 {
		parts = append(parts, "moves "+counted(n, "client")+" bound by persistence")
	}
	if c.Stranded > 0 {
		parts = append(parts, "leaves "+counted(c.Stranded, "client")+" bound by persistence without a server")
	}
	return strings.Join(parts, "; ")
}

// fatesText returns what happens to the connections of a cost, with their numbers if it
// is not the same for all.
func fatesText(c *plan.Cost) string {
	names := [len(c.Fates)]string{
		plan.Dropped: "dropped" + untilText(c),
		plan.Reset:   "reset",
		plan.Moved:   "moved to other servers",
		plan.Refused: "refused",
		plan.Ended:   "ended at once (TCP is reset, UDP moves)",
	}
	var parts []string
	for fate, n := range c.Fates {
		switch n {
		case 0:
		case c.Connections():
			return names[fate]
		default:
			parts = append(parts, Grouped(n)+" "+names[fate])
		}
	}
	return strings.Join(parts, ", ")
}

// untilText returns how long packets are dropped.
func untilText(c *plan.Cost) string {
	if c.Within == 0 {
		return " until they time out"
	}
	return fmt.Sprintf(" for up to %s (%v)", plan.DurationText(c.Within), c.Timeout)
}
