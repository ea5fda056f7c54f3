package cluster

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"lvs/kernel"
	"lvs/plan"
)

// service resolves one entry of the present file, which may have several
// addresses.
func (r *resolver) service(i int) {
	s := &r.now.Services[i]
	if r.now.Source.spoiled("services", i) && !r.now.Source.spoiledIn("servers", "services", i) {
		r.claim(s, i)
		return
	}
	common := kernel.Service{
		Scheduler:   cmp.Or(s.Scheduler, r.now.Defaults.Scheduler, defaultScheduler),
		Persistence: s.Persistence,
		Engine:      s.Engine,
		Netmask:     s.Netmask,
		OnePacket:   s.OnePacket,
	}
	common.SchedFlags = r.flags(common.Scheduler, s.Flags, i)
	r.useChecks(s.Health.Check, "services", i, "check")
	for j := range s.Servers {
		if c := s.Servers[j].Check; len(c) > 0 {
			r.useChecks(c, "services", i, "servers", j, "check")
		}
	}
	servers, ok := r.servers(s, i)
	free := r.claim(s, i)
	if !ok {
		return
	}
	for k, id := range s.Addresses {
		if !free[k] {
			continue
		}
		one := plan.Service{Service: common}
		one.ServiceID = id
		for _, b := range plan.CheckService(&one.Service) {
			if b.Held && s.AsIs {
				continue
			}
			path := []any{"services", i, b.Key}
			if b.Key == "address" {
				path = append(path, k)
			}
			r.fault(fmt.Sprintf("service %v: %s", id, b.Why(r.words)), b.Fix(r.words), path...)
		}
		one.Servers = r.serversOf(&servers, id)
		if !servers.spoiled {
			r.health(s, i, &one)
		}
		r.out.Services = append(r.out.Services, one)
		if s.Name != "" {
			r.out.Names[id] = s.Name
		}
	}
}

// claim tells for each address whether it is this service's alone.
func (r *resolver) claim(s *FileService, i int) []bool {
	free := make([]bool, len(s.Addresses))
	for k, id := range s.Addresses {
		if id == (kernel.ServiceID{}) {
			continue // refused already
		}
		if first, twice := r.services[id]; twice {
			r.fault(fmt.Sprintf("the address %v has a service already, %s", id, r.where(first.file, "services", first.service, "address")),
				"an address stands once in all files that are read together", "services", i, "address", k)
			continue
		}
		r.services[id] = servicePlace{r.file, i}
		free[k] = true
	}
	return free
}

func (r *resolver) flags(scheduler string, names []string, i int) (flags kernel.SchedFlags) {
	for k, name := range names {
		one, err := kernel.ParseSchedFlags(scheduler, name)
		switch {
		case err != nil:
			r.fault(err.Error(), "", "services", i, "flags", k)
		case strings.Contains(name, ","):
			r.fault("each flag is an element of the list", "write ["+strings.ReplaceAll(name, ",", ", ")+"]", "services", i, "flags", k)
		}
		flags |= one
	}
	return flags
}

// serverList are a service's servers before they take its port.
type serverList struct {
	from    []FileServer
	file    int
	path    []any // of the list
	forward kernel.Forward
	total   int
	asIs    bool
	// spoiled lists have servers that could not be read.
	spoiled bool
}

// servers finds the list, in the service itself or in a pool. It is false where
// there is none, or a faulty one.
func (r *resolver) servers(s *FileService, i int) (serverList, bool) {
	l := serverList{from: s.Servers, file: r.file, path: []any{"services", i, "servers"}, total: len(s.Servers), asIs: s.AsIs}
	l.forward = r.forward(s)
	if s.Pool != "" {
		p, ok := r.pools[s.Pool]
		if !ok {
			if _, err := parseServers(s.Pool); err == nil {
				r.fault("servers is a list of servers, or the name of a pool, not one address", "write ["+listed(s.Pool)+"]", "services", i, "servers")
				return l, false
			}
			r.unknown("pool", s.Pool, slices.Sorted(maps.Keys(r.pools)), "services", i, "servers")
			return l, false
		}
		l.from, l.file, l.path = p.pool.Servers, p.file, []any{"pools", p.pool.Name}
	}
	source := r.files[l.file].Source
	l.spoiled = source.spoiled(l.path...)
	for j := range l.from {
		if l.spoiled && source.spoiled(append(slices.Clone(l.path), j)...) {
			l.from = slices.Clone(l.from)
			l.from[j].Address = "" // left out by serversOf
			continue
		}
		if source != nil && strings.IndexByte(l.from[j].Address, '-') < 0 {
			continue // one, which was read before
		}
		servers, err := parseServers(l.from[j].Address)
		if err != nil { // of a file that was not read
			r.faultIn(l.file, err.Error(), "", l.at(j, "address")...)
			return l, false
		}
		l.total += servers.count - 1
	}
	l.total += len(l.from) - len(s.Servers)
	return l, true
}

// listed is an address as an element of a list: what has brackets needs quotes.
func listed(address string) string {
	if strings.ContainsAny(address, "[]") {
		return `"` + address + `"`
	}
	return address
}

func (l *serverList) at(j int, key string) []any { return append(slices.Clone(l.path), j, key) }

func forwardOf(s string) kernel.Forward {
	f, _ := kernel.ParseForward(s) // one of the known, or refused already
	return f
}

// serversOf gives the servers for one address, in the order of theirs.
func (r *resolver) serversOf(l *serverList, id kernel.ServiceID) []kernel.Server {
	out := make([]kernel.Server, 0, l.total)
	for j := range l.from {
		from := &l.from[j]
		if from.Address == "" {
			continue
		}
		v := kernel.Server{Weight: DefaultWeight, Forward: l.forward, Upper: from.Upper, Lower: from.Lower, Tunnel: from.Tunnel}
		if from.Weight != nil {
			v.Weight = *from.Weight
		}
		if from.Forward != "" {
			v.Forward = forwardOf(from.Forward)
		}
		servers, _ := parseServers(from.Address) // read before
		port := servers.portOr(id.Port)
		v.Addr = netip.AddrPortFrom(servers.first, port)
		for _, b := range plan.CheckNewServer(id, &v) {
			if b.Held && l.asIs {
				continue
			}
			r.faultOnce(l, j, b.Key, "", fmt.Sprintf("server %v: %s", v.Addr, b.Why(r.words)), b.Fix(r.words))
		}
		for range servers.count {
			out = append(out, v)
			v.Addr = netip.AddrPortFrom(v.Addr.Addr().Next(), port)
		}
	}
	compare := func(a, b kernel.Server) int { return a.Addr.Compare(b.Addr) }
	if !slices.IsSortedFunc(out, compare) {
		slices.SortStableFunc(out, compare)
	}
	for j := 1; j < len(out); j++ {
		if out[j].Addr == out[j-1].Addr {
			r.twice(l, id, out[j].Addr)
		}
	}
	return out
}

// twice finds the entries that stand for the same server.
func (r *resolver) twice(l *serverList, id kernel.ServiceID, addr netip.AddrPort) {
	first := -1
	for j := range l.from {
		if !covers(l.from[j].Address, addr, id.Port) {
			continue
		}
		if first < 0 {
			first = j
			continue
		}
		r.faultOnce(l, j, "address", addr.Addr().String(), fmt.Sprintf("server %v is in the list of %v already, %s", addr, id, r.where(l.file, l.at(first, "address")...)),
			"give it once, with the sum of the weights")
	}
}

// faultOnce keeps a fault of an entry of a list. That of a pool is one, and told
// for the first service that uses it. About tells apart what has the same cure.
func (r *resolver) faultOnce(l *serverList, j int, key, about, why, cure string) {
	told := entryFault{l.file, fmt.Sprint(l.path...), j, key, about, cure}
	if r.told[told] {
		return
	}
	if r.told == nil {
		r.told = map[entryFault]bool{}
	}
	r.told[told] = true
	r.faultIn(l.file, why, cure, l.at(j, key)...)
}

// entryFault is what is wrong with an entry of a list of servers.
type entryFault struct {
	file             int
	list             string
	entry            int
	key, about, cure string
}
