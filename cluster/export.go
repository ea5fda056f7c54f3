package cluster

import (
	"cmp"
	"net/netip"
	"slices"

	"lvs/kernel"
	"lvs/plan"
)

// Export gives the shortest file that makes the table. Timeouts and daemons are
// left out where they are zero or none.
func Export(s *kernel.Snapshot, t kernel.Timeouts, daemons []kernel.Daemon) *File {
	f := &File{Timeouts: t, Sync: daemons, Services: make([]FileService, len(s.Services))}
	e := exporter{scheduler: defaultScheduler, forward: defaultForward}
	e.chooseDefaults(s)
	if e.scheduler != defaultScheduler {
		f.Defaults.Scheduler = e.scheduler
	}
	if e.forward != defaultForward {
		f.Defaults.Forward = e.forward.String()
	}
	for i := range s.Services {
		f.Services[i] = e.service(&s.Services[i])
	}
	return f
}

// exporter knows the file's defaults.
type exporter struct {
	scheduler string
	forward   kernel.Forward
}

// chooseDefaults takes what most services have, where that saves lines.
func (e *exporter) chooseDefaults(s *kernel.Snapshot) {
	schedulers, forwards := map[string]int{}, map[kernel.Forward]int{}
	for i := range s.Services {
		schedulers[s.Services[i].Scheduler]++
		if servers := s.Services[i].Servers; len(servers) > 0 {
			forwards[mostForward(servers, e.forward)]++
		}
	}
	// One line of defaults must save more than one elsewhere.
	e.scheduler = most(schedulers, e.scheduler, 1)
	e.forward = most(forwards, e.forward, 1)
}

// mostForward is how most of the servers are reached.
func mostForward(servers []kernel.ServerEntry, otherwise kernel.Forward) kernel.Forward {
	count := map[kernel.Forward]int{}
	for i := range servers {
		if f := servers[i].Forward; f != kernel.Local {
			count[f]++
		}
	}
	return most(count, otherwise, 0)
}

// most gives the most frequent key; it must be more frequent than otherwise by
// more than margin. Among equals the lowest is taken.
func most[K cmp.Ordered](count map[K]int, otherwise K, margin int) K {
	best, n := otherwise, count[otherwise]+margin
	for k, c := range count {
		if c > n || c == n && best != otherwise && k < best {
			best, n = k, c
		}
	}
	return best
}

func (e *exporter) service(from *kernel.ServiceEntry) FileService {
	plain := plan.PlainService(from.Service)
	s := FileService{
		Addresses:   []kernel.ServiceID{from.ServiceID},
		OnePacket:   plain.OnePacket,
		Persistence: plain.Persistence,
		Engine:      plain.Engine,
		Netmask:     plain.Netmask,
	}
	if plain.Scheduler != e.scheduler {
		s.Scheduler = plain.Scheduler
	}
	if plain.SchedFlags != 0 {
		s.Flags = plain.SchedFlags.Names(plain.Scheduler)
	}
	forward := mostForward(from.Servers, e.forward)
	if forward != e.forward {
		s.Forward = forward.String()
	}
	servers := make([]*kernel.Server, len(from.Servers))
	for i := range from.Servers {
		servers[i] = &from.Servers[i].Server
	}
	slices.SortFunc(servers, func(a, b *kernel.Server) int { return a.Addr.Compare(b.Addr) })
	s.AsIs = holds(plan.CheckService(&plain))
	for _, v := range servers {
		plain := plan.PlainServer(*v)
		s.Servers = append(s.Servers, exportServer(plain, from.ServiceID, forward))
		if plain.Forward != kernel.Local {
			s.AsIs = s.AsIs || holds(plan.CheckNewServer(from.ServiceID, &plain))
		}
	}
	return s
}

// holds tells whether there is something that works nowhere but in the table.
func holds(b []plan.Breach) bool {
	return slices.ContainsFunc(b, func(b plan.Breach) bool { return b.Held })
}

func exportServer(plain kernel.Server, of kernel.ServiceID, forward kernel.Forward) FileServer {
	s := FileServer{Address: plain.Addr.Addr().String(), Upper: plain.Upper, Lower: plain.Lower, Tunnel: plain.Tunnel}
	if plain.Addr.Port() != of.Port {
		s.Address = plain.Addr.String()
	}
	way := plain.Forward
	if way == kernel.Local {
		way = localForward(plain.Addr, of, forward)
	}
	if way != forward {
		s.Forward = way.String()
	}
	if plain.Weight != DefaultWeight {
		s.Weight = &plain.Weight
	}
	return s
}

// localForward chooses a way to a server that is the director itself, which the
// kernel shows as local whichever was asked for: the service's where it can be.
func localForward(a netip.AddrPort, of kernel.ServiceID, forward kernel.Forward) kernel.Forward {
	switch {
	case kernel.FamilyOf(a.Addr()) != of.Family:
		return kernel.Tunneling
	case of.FWMark == 0 && a.Port() != of.Port:
		return kernel.NAT
	}
	return forward
}
