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

// service resolves one service of the current file, which may have several addresses.
func (r *resolver) service(i int) {
	s := &r.now.Services[i]
	bad := r.spoiledService(i)
	common := kernel.Service{
		Scheduler:   cmp.Or(s.Scheduler, r.now.Defaults.Scheduler, defaultScheduler),
		Persistence: s.Persistence,
		Engine:      s.Engine,
		Netmask:     s.Netmask,
		OnePacket:   s.OnePacket,
	}
	if !bad.has("scheduler", "flags") {
		common.SchedFlags = r.flags(common.Scheduler, s.Flags, i)
	}
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
			if b.Held && s.AsIs || bad.has(b.Key) || bad.has(dependsOn(b.Key)...) {
				continue
			}
			path := []any{"services", i, b.Key}
			if b.Key == "address" {
				path = append(path, k)
			}
			r.fault(fmt.Sprintf("service %v: %s", id, b.Why(r.words)), b.Fix(r.words), path...)
		}
		one.Servers = r.serversOf(&servers, id, bad.has("address", "forward"))
		if !servers.spoiled {
			r.health(s, i, &one)
			r.ports(s, i, &servers, &one)
		}
		r.out.Services = append(r.out.Services, one)
		if s.Name != "" {
			r.out.Names[id] = s.Name
		}
	}
}

// spoiledService returns the keys of a service, and of the defaults, that were not read.
func (r *resolver) spoiledService(i int) spoiledKeys {
	source := r.now.Source
	if source == nil || len(source.faults) == 0 {
		return spoiledKeys{}
	}
	t := newTables()
	bad := source.spoiledKeys(t.service.meant, "services", i)
	bad.keys = append(bad.keys, source.spoiledKeys(t.defaults.meant, "defaults").keys...)
	return bad
}

// dependsOn returns the other keys that a breach of a key may be a consequence of.
func dependsOn(key string) []string {
	switch key {
	case "address":
		return []string{"persistent", "forward"}
	case "netmask":
		return []string{"persistent", "address"}
	case "onePacket":
		return []string{"address"}
	case "lower":
		return []string{"upper"}
	case "tunnel":
		return []string{"forward"}
	}
	return nil
}

// claim reports for each address whether no other service has it.
func (r *resolver) claim(s *FileService, i int) []bool {
	free := make([]bool, len(s.Addresses))
	for k, id := range s.Addresses {
		if id == (kernel.ServiceID{}) {
			continue // a fault already
		}
		if first, twice := r.services[id]; twice {
			r.fault(fmt.Sprintf("duplicate address %v: first %s", id,
				r.where(first.file, "services", first.service, "address")),
				"use an address only once in all files that are read together", "services", i, "address", k)
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
			r.fault("invalid flag "+plan.Quote(name)+": want one flag in each element of the list",
				"write ["+strings.ReplaceAll(name, ",", ", ")+"]", "services", i, "flags", k)
		}
		flags |= one
	}
	return flags
}

// serverList is a list of servers, without the ports that they get from a service.
type serverList struct {
	from    []FileServer
	file    int
	path    []any // of the list
	forward kernel.Forward
	total   int
	asIs    bool
	// spoiled is set if some servers could not be read.
	spoiled bool
}

// servers returns the list, of the service itself or of a pool. It returns false if
// there is none, or a faulty one.
func (r *resolver) servers(s *FileService, i int) (serverList, bool) {
	l := serverList{from: s.Servers, file: r.file, path: []any{"services", i, "servers"}, total: len(s.Servers),
		asIs: s.AsIs}
	l.forward = r.now.forward(s)
	if s.Pool != "" {
		p, ok := r.pools[s.Pool]
		if !ok {
			if _, err := parseServers(s.Pool); err == nil {
				r.fault("invalid servers "+plan.Quote(s.Pool)+": want a list of servers, or the name of a pool",
					"write ["+listed(s.Pool)+"]", "services", i, "servers")
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
		if l.spoiled {
			if bad := source.spoiledKeys(r.serverKey(), append(slices.Clone(l.path), j)...); bad.has("address") {
				l.from = slices.Clone(l.from)
				l.from[j].Address = "" // serversOf skips it
				continue
			}
		}
		if source != nil && strings.IndexByte(l.from[j].Address, '-') < 0 {
			continue // a single address that Read has checked
		}
		servers, err := parseServers(l.from[j].Address)
		if err != nil { // of a file that a program made
			r.faultIn(l.file, err.Error(), "", l.at(j, "address")...)
			return l, false
		}
		l.total += servers.count - 1
	}
	l.total += len(l.from) - len(s.Servers)
	return l, true
}

// serverKey returns what a word in a server is read as.
func (r *resolver) serverKey() func(string) string {
	if r.meantOfServer == nil {
		r.meantOfServer = newTables().server.meant
	}
	return r.meantOfServer
}

// listed returns an address as an element of a list: one with brackets needs quotes.
func listed(address string) string {
	if strings.ContainsAny(address, "[]") {
		return `"` + address + `"`
	}
	return address
}

func (l *serverList) at(j int, key string) []any { return append(slices.Clone(l.path), j, key) }

// forward returns the forwarding method of a service's servers without their own.
func (f *File) forward(s *FileService) kernel.Forward {
	return forwardOf(cmp.Or(s.Forward, f.Defaults.Forward, defaultForward.String()))
}

func forwardOf(s string) kernel.Forward {
	f, _ := kernel.ParseForward(s) // other words are faults already
	return f
}

// serversOf returns the servers for one address of a service, in the order of the file:
// apply adds them in this order, and schedulers go by it. unsure is set if the address or
// the forwarding method of the service may not be what was meant.
func (r *resolver) serversOf(l *serverList, id kernel.ServiceID, unsure bool) []kernel.Server {
	out := make([]kernel.Server, 0, l.total)
	for j := range l.from {
		from := &l.from[j]
		if from.Address == "" {
			continue
		}
		v := kernel.Server{Weight: DefaultWeight, Forward: l.forward, Upper: from.Upper, Lower: from.Lower,
			Tunnel: from.Tunnel}
		if from.Weight != nil {
			v.Weight = *from.Weight
		}
		if from.Forward != "" {
			v.Forward = forwardOf(from.Forward)
		}
		servers, _ := parseServers(from.Address) // parsed before without an error
		port := servers.portOr(id.Port)
		v.Addr = netip.AddrPortFrom(servers.first, port)
		var bad spoiledKeys
		if l.spoiled {
			bad = r.files[l.file].Source.spoiledKeys(r.serverKey(), append(slices.Clone(l.path), j)...)
		}
		for _, b := range plan.CheckNewServer(id, &v) {
			about := append(dependsOn(b.Key), b.Key)
			if b.Held && l.asIs || bad.has(about...) || unsure && slices.Contains(about, "forward") {
				continue
			}
			r.faultOnce(l, j, b.Key, "", fmt.Sprintf("server %v: %s", v.Addr, b.Why(r.words)), b.Fix(r.words))
		}
		for range servers.count {
			out = append(out, v)
			v.Addr = netip.AddrPortFrom(v.Addr.Addr().Next(), port)
		}
	}
	for _, addr := range repeated(out) {
		r.twice(l, id, addr)
	}
	return out
}

// repeated returns the addresses that a list has more than once, sorted.
func repeated(servers []kernel.Server) []netip.AddrPort {
	compare := func(a, b kernel.Server) int { return a.Addr.Compare(b.Addr) }
	if !slices.IsSortedFunc(servers, compare) {
		servers = slices.SortedFunc(slices.Values(servers), compare)
	}
	var out []netip.AddrPort
	for i := 1; i < len(servers); i++ {
		if servers[i].Addr == servers[i-1].Addr {
			out = append(out, servers[i].Addr)
		}
	}
	return out
}

// twice adds the faults of entries that define the same server.
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
		r.faultOnce(l, j, "address", addr.Addr().String(),
			fmt.Sprintf("duplicate server %v of %v: first %s", addr, id, r.where(l.file, l.at(first, "address")...)),
			"list it once, with the sum of the weights")
	}
}

// faultOnce adds a fault of an entry of a list. A fault in a pool is added once, for
// the first service that uses it. about distinguishes faults with the same hint.
func (r *resolver) faultOnce(l *serverList, j int, key, about, why, hint string) {
	told := entryFault{l.file, fmt.Sprint(l.path...), j, key, about, hint}
	if r.told[told] {
		return
	}
	if r.told == nil {
		r.told = map[entryFault]bool{}
	}
	r.told[told] = true
	r.faultIn(l.file, why, hint, l.at(j, key)...)
}

// entryFault identifies a fault of an entry of a list of servers.
type entryFault struct {
	file             int
	list             string
	entry            int
	key, about, hint string
}
