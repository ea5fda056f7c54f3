package plan

import (
	"context"
	"errors"
	"time"

	"lvs/kernel"
)

// Cost is how many current connections and clients a change affects, and how.
type Cost struct {
	// Established is the number of active connections that are cut: their packets
	// are no longer forwarded.
	Established uint64
	// Other is the number of inactive connections that are cut: closing or not yet
	// established ones of TCP and SCTP, and all of UDP.
	Other uint64
	// Persistent is the number of clients that lose the server that persistence binds
	// them to. They get another one with their next connection, but Stranded of them
	// do not, because the service has none.
	Persistent, Stranded uint64
	// Fates is what happens to the connections: Established + Other of them. They are
	// zero if it is not known, because the settings could not be read.
	Fates Fates
	// Within is the longest time for which packets of the dropped connections are
	// dropped, counted from the last packet that was forwarded, and Timeout the timeout
	// that ends it. They are zero if nothing is dropped, or the timeouts are not known.
	Within  time.Duration
	Timeout Timeout
}

// Fates counts connections by Fate.
type Fates [fates]uint64

// Fate is what a connection's client meets when the server of the connection was
// deleted (measured on Linux 6.1 and 7.2, the same for NAT, direct routing and
// tunnels; docs/decisions/0018-deletion.md).
type Fate uint8

// The fates.
const (
	// Dropped: its packets are dropped until the entry times out, which they do not
	// delay. After that it is Reset, Moved or Refused.
	Dropped Fate = iota
	// Reset: its next packet is answered with a TCP reset or an SCTP abort.
	Reset
	// Moved: its next packet goes to another server.
	Moved
	// Refused: its next packet is answered with ICMP port unreachable.
	Refused
	// Ended: Reset if it is of TCP, otherwise Moved or Refused. The table does not have
	// the protocol of a firewall mark's connections.
	Ended

	fates = iota
)

// Timeout is one of the kernel's timeouts for connections.
type Timeout uint8

// The timeouts. The first three can be set.
const (
	NoTimeout     Timeout = iota
	TCPTimeout            // of established TCP connections
	TCPFinTimeout         // of TCP connections after a FIN
	UDPTimeout
	TimeWaitTimeout // of closed TCP connections
	SCTPTimeout

	Timeouts // how many there are
)

func (t Timeout) String() string {
	return [...]string{"", "tcp", "tcp-fin", "udp", "time-wait", "sctp"}[t]
}

// Timeouts that cannot be set (ip_vs_proto_tcp.c, ip_vs_proto_sctp.c).
const (
	timeWait        = 2 * time.Minute
	sctpEstablished = 15 * time.Minute
	sctpOther       = time.Minute
)

// Add adds another cost.
func (c *Cost) Add(d Cost) {
	c.Established += d.Established
	c.Other += d.Other
	c.Persistent += d.Persistent
	c.Stranded += d.Stranded
	for i := range d.Fates {
		c.Fates[i] += d.Fates[i]
	}
	if d.Within > c.Within {
		c.Within, c.Timeout = d.Within, d.Timeout
	}
}

// Connections is the number of connections that are cut.
func (c *Cost) Connections() uint64 { return c.Established + c.Other }

// Known reports whether it is known what happens to the connections.
func (c *Cost) Known() bool { return c.Fates != Fates{} || c.Connections() == 0 }

// None reports whether nothing is affected.
func (c Cost) None() bool { return c == Cost{} }

// Sum adds costs.
func Sum(costs []Cost) (total Cost) {
	for i := range costs {
		total.Add(costs[i])
	}
	return total
}

// Rules are the settings that decide what happens to connections whose server is
// deleted. The zero value is unknown.
type Rules struct {
	// Release is net.ipv4.vs.expire_nodest_conn: such connections end at once. It is not
	// known unless Known is set.
	Release, Known bool
	Timeouts       kernel.Timeouts
}

// RulesOf returns the rules that settings make.
func RulesOf(sysctls []kernel.Sysctl, timeouts kernel.Timeouts) Rules {
	r := Rules{Timeouts: timeouts}
	r.Release, r.Known = kernel.Switch(sysctls, kernel.ExpireNodestConn)
	return r
}

// ReadRules reads the settings. What needs more privilege stays unknown.
func ReadRules(ctx context.Context, k interface {
	Sysctls(context.Context, ...string) ([]kernel.Sysctl, error)
	Timeouts(context.Context) (kernel.Timeouts, error)
}) (Rules, error) {
	sysctls, err := k.Sysctls(ctx, kernel.ExpireNodestConn)
	if err != nil && !errors.Is(err, kernel.ErrPermission) {
		return Rules{}, err
	}
	timeouts, err := k.Timeouts(ctx)
	if err != nil && !errors.Is(err, kernel.ErrPermission) {
		return Rules{}, err
	}
	return RulesOf(sysctls, timeouts), nil
}

// Costs returns the cost of each change, from the counts in the table. Only a
// deletion has a cost: an edit keeps all connections.
func Costs(table *kernel.Snapshot, changes []kernel.Change, rules Rules) []Cost {
	out := make([]Cost, len(changes))
	var left *remains
	for i := range changes {
		c := &changes[i]
		if KindOf(c.Op) != Deleting {
			continue
		}
		if left == nil {
			left = remaining(table, changes)
		}
		e := left.before[c.Service.ServiceID]
		if e == nil {
			continue
		}
		around := left.around(e.ServiceID)
		if c.Op == kernel.DeleteServer {
			if v := e.Server(c.Server.Addr); v != nil {
				out[i] = costOf(e.ServiceID, v, around, rules)
			}
			continue
		}
		for j := range e.Servers {
			out[i].Add(costOf(e.ServiceID, &e.Servers[j], around, rules))
		}
	}
	return out
}

// surroundings are what is left around a deleted server.
type surroundings struct {
	// others: the service has another server that accepts new connections.
	others bool
	// deaf: no service of this family is left, so that IPVS does not see its packets,
	// and the director itself answers them.
	deaf bool
}

// costOf returns the cost of deleting a server.
func costOf(id kernel.ServiceID, v *kernel.ServerEntry, around surroundings, rules Rules) Cost {
	c := Cost{Established: uint64(v.Active), Other: uint64(v.Inactive), Persistent: uint64(v.Persistent)}
	if !around.others {
		c.Stranded = c.Persistent
	}
	if !rules.Known && !around.deaf {
		return c
	}
	if !rules.Release && !around.deaf {
		c.Fates[Dropped] = c.Connections()
		if c.Fates[Dropped] > 0 {
			c.Within, c.Timeout = longest(id, v, rules.Timeouts)
		}
		return c
	}
	c.Fates[fateOf(id, around)] += c.Other
	if id.FWMark != 0 {
		c.Fates[Reset] += c.Established // UDP is never active
	} else {
		c.Fates[fateOf(id, around)] += c.Established
	}
	return c
}

// fateOf returns what happens to an inactive connection of a service whose entry is
// gone.
func fateOf(id kernel.ServiceID, around surroundings) Fate {
	switch {
	case id.FWMark != 0:
		return Ended
	case id.Protocol != kernel.UDP:
		return Reset
	case around.others:
		return Moved
	}
	return Refused
}

// longest returns the longest time that the kernel keeps the connections of a server
// after their last packet.
func longest(id kernel.ServiceID, v *kernel.ServerEntry, t kernel.Timeouts) (within time.Duration, which Timeout) {
	atLeast := func(d time.Duration, name Timeout) {
		if d > within {
			within, which = d, name
		}
	}
	switch {
	case t == (kernel.Timeouts{}):
	case id.Protocol == kernel.SCTP && v.Active > 0:
		atLeast(sctpEstablished, SCTPTimeout)
	case id.Protocol == kernel.SCTP:
		atLeast(sctpOther, SCTPTimeout)
	case id.Protocol == kernel.UDP:
		atLeast(t.UDP, UDPTimeout)
	default:
		if v.Active > 0 {
			atLeast(t.TCP, TCPTimeout)
		}
		if v.Inactive > 0 {
			atLeast(t.TCPFin, TCPFinTimeout)
			atLeast(timeWait, TimeWaitTimeout)
			if id.FWMark != 0 {
				atLeast(t.UDP, UDPTimeout)
			}
		}
	}
	return within, which
}

// remains is what changes leave of a table.
type remains struct {
	before   map[kernel.ServiceID]*kernel.ServiceEntry
	deleted  map[kernel.ServiceID]bool
	capacity map[kernel.ServiceID]int // by how much it changes
	services map[kernel.Family]int    // left
}

// remaining returns what changes leave of a table.
func remaining(table *kernel.Snapshot, changes []kernel.Change) *remains {
	r := &remains{before: table.Index(), deleted: map[kernel.ServiceID]bool{}, capacity: map[kernel.ServiceID]int{},
		services: map[kernel.Family]int{}}
	for i := range table.Services {
		r.services[table.Services[i].Family]++
	}
	count := func(id kernel.ServiceID, weight, by int) {
		if weight > 0 {
			r.capacity[id] += by
		}
	}
	for i := range changes {
		c := &changes[i]
		id := c.Service.ServiceID
		old := 0
		if v := r.before[id].Server(c.Server.Addr); v != nil {
			old = v.Weight
		}
		switch c.Op {
		case kernel.AddService:
			r.services[id.Family]++
		case kernel.DeleteService:
			if r.before[id] != nil && !r.deleted[id] {
				r.deleted[id] = true
				r.services[id.Family]--
			}
		case kernel.AddServer:
			count(id, c.Server.Weight, 1)
		case kernel.EditServer:
			count(id, old, -1)
			count(id, c.Server.Weight, 1)
		case kernel.DeleteServer:
			count(id, old, -1)
		}
	}
	return r
}

// left returns how many servers of a service accept new connections.
func (r *remains) left(id kernel.ServiceID) int {
	e := r.before[id]
	if e == nil || r.deleted[id] {
		return 0
	}
	return e.Capacity() + r.capacity[id]
}

func (r *remains) around(id kernel.ServiceID) surroundings {
	return surroundings{others: r.left(id) > 0, deaf: r.services[id.Family] <= 0}
}
