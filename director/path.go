package director

import (
	"cmp"
	"encoding/binary"
	"hash/fnv"
	"maps"
	"net/netip"
	"slices"
	"time"

	"lvs/director/health"
	"lvs/kernel"
	"lvs/plan"
)

// A check with via: path goes the way of the clients: to the virtual address, and by IPVS to
// the one server that is meant. The connection carries a firewall mark (SO_MARK), and the
// table has a service of that mark with that server alone. IPVS looks for a service of the
// mark before one of the address (ip_vs_service_find), for packets of this machine as well
// (the hooks at LOCAL_OUT). See docs/decisions/0028-path-checks.md.

// The firewall marks of the director: those from PathMark to PathMark|PathMarks.
const (
	PathMark  = 0x4c560000
	PathMarks = 0xffff
)

// IsPath reports whether a service has one of the director's marks, and so is there for
// checks with via: path only.
func IsPath(id kernel.ServiceID) bool { return id.FWMark&^PathMarks == PathMark }

// pathServer is what one of these services leads to.
type pathServer struct {
	family  kernel.Family // of the virtual addresses
	addr    netip.Addr
	forward kernel.Forward
	tunnel  kernel.Tunnel
}

// Paths is what checks with via: path need.
type Paths struct {
	// Model is the model with the services of the marks at its end, and with probes that go
	// this way. It shares what is not changed with the one that it was made from.
	Model *Model
	// Needs are settings without which answers do not come back. They are checked, or set,
	// with those of Needs.
	Needs []Need
	// Direct are the checks that ask the servers directly instead, because this way cannot
	// work, each with the reason.
	Direct []DirectCheck

	// servers and sources are those of each mark.
	servers, sources map[uint32]netip.Addr
}

// same reports whether two ways to carry out one model do not differ.
func (p *Paths) same(o *Paths) bool {
	return maps.Equal(p.servers, o.servers) && maps.Equal(p.sources, o.sources) &&
		slices.EqualFunc(p.Direct, o.Direct, func(a, b DirectCheck) bool {
			return a.Server == b.Server && a.Kind == b.Kind && a.Why == b.Why
		})
}

// DirectCheck is a check with via: path that asks its server directly, and why.
type DirectCheck struct {
	Server kernel.ServerKey
	Kind   health.Kind
	Why    PathFault
	// Need is the setting that is missing, for FaultSetting.
	Need *Need
}

// PathFault is why a check cannot go the way of the clients.
type PathFault string

// The faults.
const (
	FaultMark    PathFault = "mark"    // the service is a firewall mark: it has no address to ask
	FaultKind    PathFault = "kind"    // the check asks nothing over TCP or UDP
	FaultSource  PathFault = "source"  // this machine has no address of its own to ask from
	FaultSetting PathFault = "setting" // answers would be dropped
	FaultMarks   PathFault = "marks"   // there are more servers than marks
)

// Server returns the server that a probe with a mark asks. It is invalid for other marks.
func (p *Paths) Server(mark uint32) netip.Addr {
	if p == nil {
		return netip.Addr{}
	}
	return p.servers[mark]
}

// NewPaths sends the checks with via: path of a model the way of the clients.
func NewPaths(m *Model, n Network) *Paths {
	b := pathBuilder{net: newSameNetwork(n), marks: pathMarks(m), virtual: map[netip.Addr]bool{},
		needed: map[string]bool{}, out: &Paths{servers: map[uint32]netip.Addr{}, sources: map[uint32]netip.Addr{}}}
	for i := range m.Services {
		if s := &m.Services[i]; s.FWMark == 0 {
			b.virtual[s.Addr] = true
		}
	}
	model := *m
	model.Services = slices.Clone(m.Services)
	for i := range model.Services {
		b.service(&model.Services[i])
	}
	model.Services = append(model.Services, b.services()...)
	b.out.Model = &model
	return b.out
}

// pathMarks gives each server of a check with via: path a mark. It depends on the servers
// alone, so that two directors, and one before and after a restart, choose the same marks.
// A server whose mark is taken gets the next one.
func pathMarks(m *Model) map[pathServer]uint32 {
	var all []pathServer
	for i := range m.Services {
		s := &m.Services[i]
		for j := range s.Members {
			if s.FWMark == 0 && s.Members[j].Check.path() {
				all = append(all, s.pathServer(&s.Members[j]))
			}
		}
	}
	slices.SortFunc(all, pathServer.compare)
	all = slices.Compact(all)
	out, taken := make(map[pathServer]uint32, len(all)), map[uint32]bool{}
	for _, p := range all[:min(len(all), PathMarks)] {
		mark := p.hash()
		for taken[mark] || mark == 0 {
			mark = (mark + 1) & PathMarks
		}
		taken[mark] = true
		out[p] = PathMark | mark
	}
	return out
}

func (s *Service) pathServer(m *Member) pathServer {
	return pathServer{s.Family, m.Addr.Addr(), m.Forward, m.Tunnel}
}

func (p pathServer) compare(o pathServer) int {
	return cmp.Or(cmp.Compare(p.family, o.family), p.addr.Compare(o.addr), cmp.Compare(p.forward, o.forward),
		cmp.Compare(p.tunnel.Type, o.tunnel.Type), cmp.Compare(p.tunnel.Port, o.tunnel.Port),
		cmp.Compare(p.tunnel.Flags, o.tunnel.Flags))
}

func (p pathServer) hash() uint32 {
	h := fnv.New32a()
	b := binary.BigEndian.AppendUint16(p.addr.AsSlice(), uint16(p.family))
	b = append(b, byte(p.forward), byte(p.tunnel.Type), byte(p.tunnel.Flags))
	_, _ = h.Write(binary.BigEndian.AppendUint16(b, p.tunnel.Port))
	return h.Sum32() & PathMarks
}

// path reports whether one of the probes goes the way of the clients.
func (c *Check) path() bool {
	if c == nil || len(c.Of) == 0 {
		return c != nil && c.Path
	}
	return slices.ContainsFunc(c.Of, func(part Check) bool { return part.path() })
}

// pathBuilder makes Paths.
type pathBuilder struct {
	net     Network
	marks   map[pathServer]uint32
	virtual map[netip.Addr]bool
	needed  map[string]bool
	out     *Paths
}

func (b *pathBuilder) service(s *Service) {
	cloned := false
	for j := range s.Members {
		if !s.Members[j].Check.path() {
			continue
		}
		if !cloned {
			s.Members, cloned = slices.Clone(s.Members), true
		}
		m := &s.Members[j]
		source, direct := b.way(s, m)
		check := b.check(s, m, m.Check, source, direct)
		m.Check = &check
	}
}

// way returns the address from which a server is asked, or why it is asked directly.
func (b *pathBuilder) way(s *Service, m *Member) (netip.Addr, DirectCheck) {
	direct := DirectCheck{Server: kernel.ServerKey{Service: s.ServiceID, Server: m.Addr}}
	if s.FWMark != 0 {
		direct.Why = FaultMark
		return netip.Addr{}, direct
	}
	if b.marks[s.pathServer(m)] == 0 {
		direct.Why = FaultMarks
		return netip.Addr{}, direct
	}
	way, err := b.net.Way(m.Addr.Addr())
	source := b.source(s, m, &way)
	if err != nil || !source.IsValid() {
		direct.Why = FaultSource
		return netip.Addr{}, direct
	}
	for _, need := range b.returnNeeds(s, m, &way) {
		if !b.needed[need.Name] {
			b.needed[need.Name] = true
			b.out.Needs = append(b.out.Needs, need)
		}
		if direct.Why == "" {
			direct.Why, direct.Need = FaultSetting, &need
		}
	}
	return source, direct
}

// source returns the address to ask from. It is no virtual address, because a server may
// have that itself. With NAT it is an address outside the servers' network if there is one,
// best one that faces the clients: then the answer needs the server's route back to this
// machine, as answers to clients do. Otherwise it is that of the route to the server.
func (b *pathBuilder) source(s *Service, m *Member, way *Way) netip.Addr {
	link, _ := b.net.Link(way.Interface)
	all, _ := b.net.Addresses()
	candidates := slices.Concat([]netip.Addr{way.Source}, link.Addresses, all)
	if m.Forward == kernel.NAT {
		outer := slices.DeleteFunc(all, func(a netip.Addr) bool { return slices.Contains(link.Addresses, a) })
		candidates = slices.Concat(b.outward(), outer, candidates)
	}
	for _, a := range candidates {
		if a.IsValid() && !b.virtual[a] && kernel.FamilyOf(a) == s.Family && !a.IsLinkLocalUnicast() && !a.IsLoopback() {
			return a
		}
	}
	return netip.Addr{}
}

// outward returns the addresses of the interfaces of default routes.
func (b *pathBuilder) outward() (out []netip.Addr) {
	ways, _ := b.net.DefaultWays()
	for i := range ways {
		link, _ := b.net.Link(ways[i].Interface)
		out = append(out, link.Addresses...)
	}
	return out
}

// check returns a check whose probes go the way of the clients if they are to and can.
func (b *pathBuilder) check(s *Service, m *Member, c *Check, source netip.Addr, direct DirectCheck) Check {
	out := *c
	if len(c.Of) > 0 {
		out.Of = make([]Check, len(c.Of))
		for i := range c.Of {
			out.Of[i] = b.check(s, m, &c.Of[i], source, direct)
		}
		return out
	}
	if !c.Path {
		return out
	}
	direct.Kind = c.Kind
	switch c.Kind {
	case health.ICMP, health.Exec, health.File:
		direct.Why, direct.Need = FaultKind, nil
	}
	if direct.Why != "" {
		b.out.Direct = append(b.out.Direct, direct)
		return out
	}
	mark := b.marks[s.pathServer(m)]
	b.out.servers[mark], b.out.sources[mark] = m.Addr.Addr(), source
	out.Addr = netip.AddrPortFrom(s.Addr, c.Addr.Port())
	out.Mark = mark
	if !out.Source.IsValid() {
		out.Source = source
	}
	return out
}

// services returns the services of the marks that are used, in the order of their marks.
func (b *pathBuilder) services() []Service {
	var out []Service
	for p, mark := range b.marks {
		if !b.out.servers[mark].IsValid() {
			continue
		}
		// Port 0 keeps the port of the packet, which is that of the server.
		v := kernel.Server{Addr: netip.AddrPortFrom(p.addr, 0), Forward: p.forward, Tunnel: p.tunnel, Weight: 1}
		k := kernel.Service{ServiceID: kernel.MarkID(mark, p.family), Scheduler: "rr"}
		out = append(out, Service{
			Service: plan.Service{Service: k, Servers: []kernel.Server{v}}, Members: []Member{{Server: v}},
			Down: 1, Up: 1, OnAllDown: "withdraw", MaxMasked: 0, Keep: true,
		})
	}
	slices.SortFunc(out, func(a, b Service) int { return a.ServiceID.Compare(b.ServiceID) })
	return out
}

// pathWhy is what the alarm about a missing setting says.
const pathWhy = "answers to checks with via: path are dropped, so these checks ask the servers directly"

// returnNeeds returns the settings that are missing for an answer to come back. With direct
// routing and tunnels it comes from the virtual address. If this machine has that address
// itself, IPv4 drops the packet as a martian one (fib_validate_source) unless accept_local is
// set; and with strict rp_filter unless it came in by the very interface that has the
// address. IPv6 has no such test.
func (b *pathBuilder) returnNeeds(s *Service, m *Member, way *Way) (missing []Need) {
	if s.Family != kernel.IPv4 || m.Forward == kernel.NAT {
		return nil
	}
	if virtual, err := b.net.Way(s.Addr); err != nil || !virtual.Local {
		return nil
	}
	if b.largest(way.Interface, "accept_local") == "0" {
		missing = append(missing, Need{Name: confName(way.Interface, "accept_local"), Want: "1",
			Code: "accept-local-" + way.Interface, Why: pathWhy})
	}
	link, err := b.net.Link(way.Interface)
	here := err == nil && slices.Contains(link.Addresses, s.Addr)
	if b.largest(way.Interface, "rp_filter") == "1" && !here {
		missing = append(missing, Need{Name: confName(way.Interface, "rp_filter"), Want: "2",
			Code: "rp-filter-" + way.Interface, Why: pathWhy})
	}
	return missing
}

// largest returns the value of a setting that is in force for an interface: the larger one
// of its own and that of all (IN_DEV_MAXCONF, IN_DEV_ORCONF).
func (b *pathBuilder) largest(link, name string) string {
	own, _ := b.net.Setting("ipv4/conf/" + link + "/" + name)
	all, _ := b.net.Setting("ipv4/conf/all/" + name)
	return max(own, all)
}

// confName returns the sysctl of an interface as sysctl(8) writes it: a dot in the name of
// the interface is a slash.
func confName(link, name string) string {
	b := []byte(link)
	for i := range b {
		if b[i] == '.' {
			b[i] = '/'
		}
	}
	return "net.ipv4.conf." + string(b) + "." + name
}

// AlarmPath is the code of the alarm about checks that ask servers directly.
const AlarmPath = "path"

// Alarm returns the alarm about the checks that cannot go the way of the clients for another
// reason than a setting, which has an alarm of its own. ok is false if there are none.
func (p *Paths) Alarm(now time.Time) (a Alarm, ok bool) {
	for _, d := range p.Direct {
		if d.Why != FaultSetting {
			return Alarm{Since: now, Code: AlarmPath, Fix: pathFixes[d.Why], What: "check " + string(d.Kind) + " of " +
				d.Server.Server.String() + " of " + d.Server.Service.String() + " with via: path asks the server directly: " +
				pathFaults[d.Why]}, true
		}
	}
	return Alarm{}, false
}

var pathFaults = map[PathFault]string{
	FaultMark:   "a firewall mark has no address to ask",
	FaultKind:   "it asks nothing over TCP or UDP",
	FaultSource: "this machine has no address of its own, besides virtual ones, to ask from",
	FaultMarks:  "there are more servers than marks",
}

var pathFixes = map[PathFault]string{
	FaultMark:   "remove via: path, or check a service of the same servers that has an address",
	FaultKind:   "remove via: path, or use a check over TCP or UDP",
	FaultSource: "give an interface of this machine an address of the family of the virtual address",
	FaultMarks:  "remove via: path from some checks",
}
