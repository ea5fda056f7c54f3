package kernel

import (
	"encoding/binary"
	"net/netip"
)

// Orphan reports whether the server of a connection has been deleted.
type Orphan uint8

// The answers.
const (
	OrphanUnknown Orphan = iota // a mark, or an address, or the table cannot be read
	NotOrphaned                 // the table has the server
	Orphaned                    // it does not
)

// Owners finds the servers of a table to which connections belong. It must not be copied.
type Owners struct {
	exact map[ownerPair]bool // service and server, with their ports
	known [16]ownerPair      // some of exact that were asked for, by the last bits of the server's address
	// What most connections do not need is made from table when it is needed.
	table    *Snapshot
	hosts    map[ownerPair]bool // the same as exact, but any port of the server
	anyPort  map[ownerPair]bool // any port of the service too
	services map[ServiceID]bool
	// Servers of firewall marks: by mark, and of all marks.
	ofMark    map[markHost]bool
	ofMarks   map[markServer]bool
	markHosts map[markHost]bool // of servers with port 0, which is every port; Mark is 0
}

type ownerPair struct {
	protocol        Protocol
	service, server netip.AddrPort
}

type markHost struct {
	mark ServiceID
	host netip.Addr
}

type markServer struct {
	family Family
	server netip.AddrPort
}

// NewOwners returns the owners of a table, which must not be changed any more.
func NewOwners(s *Snapshot) *Owners {
	o := &Owners{exact: map[ownerPair]bool{}, table: s}
	for i := range s.Services {
		e := &s.Services[i]
		for j := range e.Servers {
			if e.FWMark == 0 {
				o.exact[ownerPair{e.Protocol, e.AddrPort(), e.Servers[j].Addr}] = true
			}
		}
	}
	return o
}

// index makes what is needed to find others than exact pairs.
func (o *Owners) index() {
	if o.hosts != nil {
		return
	}
	o.hosts, o.anyPort, o.services = map[ownerPair]bool{}, map[ownerPair]bool{}, map[ServiceID]bool{}
	o.ofMark, o.ofMarks, o.markHosts = map[markHost]bool{}, map[markServer]bool{}, map[markHost]bool{}
	for i := range o.table.Services {
		e := &o.table.Services[i]
		o.services[e.ServiceID] = true
		for j := range e.Servers {
			o.add(e.ServiceID, e.Servers[j].Addr)
		}
	}
}

func (o *Owners) add(id ServiceID, server netip.AddrPort) {
	host := netip.AddrPortFrom(server.Addr(), 0)
	if id.FWMark == 0 {
		o.hosts[ownerPair{id.Protocol, id.AddrPort(), host}] = true
		o.anyPort[ownerPair{id.Protocol, netip.AddrPortFrom(id.Addr, 0), host}] = true
		return
	}
	o.ofMark[markHost{id, server.Addr()}] = true
	if server.Port() == 0 {
		o.markHosts[markHost{MarkID(0, id.Family), server.Addr()}] = true
	} else {
		o.ofMarks[markServer{id.Family, server}] = true
	}
}

const (
	ftpPort = 21
	// quiescedPort replaces the server's port in a template that binds no longer, and
	// before Linux 7 the service's port too (ip_vs_check_template).
	quiescedPort = 65535
)

// Orphaned reports whether the server of a connection is not in the table. A connection
// of an address that a firewall mark may have too is OrphanUnknown if only the mark has
// the server.
func (o *Owners) Orphaned(c *Connection) Orphan {
	if o.hasExact(ownerPair{c.Protocol, c.Virtual, c.Server}) {
		return NotOrphaned
	}
	o.index()
	host := netip.AddrPortFrom(c.Server.Addr(), 0)
	every := netip.AddrPortFrom(c.Virtual.Addr(), 0)
	of := func(service netip.AddrPort) bool { return o.hosts[ownerPair{c.Protocol, service, host}] }
	switch {
	case c.Protocol == 0:
		return orphanUnless(o.ofMark[markHost{markOf(c), c.Server.Addr()}])
	case c.Template() && c.Virtual.Port() == quiescedPort:
		return orphanUnless(o.anyPort[ownerPair{c.Protocol, every, host}])
	case c.Template():
		// Without a port: a service of every port, or FTP.
		return orphanUnless(of(c.Virtual) || c.Virtual.Port() == 0 && of(netip.AddrPortFrom(every.Addr(), ftpPort)))
	case c.Server.Port() == 0 && c.Server.Addr() == c.Virtual.Addr():
		return NotOrphaned // cache_bypass: it never had a server
	case of(every):
		return NotOrphaned
	case c.Protocol == TCP && c.Virtual.Port() != ftpPort && of(netip.AddrPortFrom(every.Addr(), ftpPort)):
		return NotOrphaned // a data connection of FTP
	}
	family := FamilyOf(c.Client.Addr())
	if o.ofMarks[markServer{family, c.Server}] || o.markHosts[markHost{MarkID(0, family), c.Server.Addr()}] {
		if o.services[AddressID(c.Protocol, c.Virtual)] {
			return OrphanUnknown
		}
		return NotOrphaned
	}
	return Orphaned
}

// hasExact reports whether exact has a pair. Most connections have one of a few.
func (o *Owners) hasExact(pair ownerPair) bool {
	host := pair.server.Addr().As16()
	known := &o.known[host[15]&15]
	if *known == pair {
		return true
	}
	if !o.exact[pair] {
		return false
	}
	*known = pair
	return true
}

func orphanUnless(owned bool) Orphan {
	if owned {
		return NotOrphaned
	}
	return Orphaned
}

// markOf returns the service of a mark's template, which has the mark in place of the
// virtual address (ip_vs_sched_persist).
func markOf(c *Connection) ServiceID {
	b := c.Virtual.Addr().AsSlice()
	if len(b) < 4 {
		return ServiceID{}
	}
	return MarkID(binary.BigEndian.Uint32(b), FamilyOf(c.Client.Addr()))
}

// Of reports whether a connection is, or was, one of a server of a service. For a
// firewall mark the table of connections has no mark but in templates: a connection to
// the server counts.
func (c *Connection) Of(k ServerKey) bool {
	if c.Server.Addr() != k.Server.Addr() {
		return false
	}
	everyPort := k.Server.Port() == 0 || k.Service.FWMark == 0 && k.Service.Port == 0
	sameServer := c.Server == k.Server || c.Template() || everyPort
	if k.Service.FWMark != 0 {
		return sameServer && (c.Protocol != 0 || markOf(c) == k.Service)
	}
	return sameServer && c.Protocol == k.Service.Protocol && c.Virtual.Addr() == k.Service.Addr &&
		(c.Virtual.Port() == k.Service.Port || k.Service.Port == 0 || c.Template())
}
