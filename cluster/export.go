package cluster

import (
	"bytes"
	"cmp"
	"net/netip"
	"slices"

	"lvs/kernel"
	"lvs/plan"
)

// Export returns the shortest file that results in the table. Zero timeouts are left
// out, and so are daemons if there are none. The servers of a service are in the order
// in which they were added, the opposite of the kernel's: apply adds them in the order
// of the file, so that the kernel's order is the same again.
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

// exporter has the defaults of the exported file.
type exporter struct {
	scheduler string
	forward   kernel.Forward
}

// chooseDefaults makes the most frequent values the defaults if that saves text.
func (e *exporter) chooseDefaults(s *kernel.Snapshot) {
	schedulers, forwards := map[string]int{}, map[kernel.Forward]int{}
	for i := range s.Services {
		schedulers[s.Services[i].Scheduler]++
		if servers := s.Services[i].Servers; len(servers) > 0 {
			forwards[mostForward(servers, e.forward)]++
		}
	}
	// A line of defaults must save more than one other.
	e.scheduler = most(schedulers, e.scheduler, 1)
	e.forward = most(forwards, e.forward, 1)
}

// mostForward returns the forwarding method of most of the servers.
func mostForward(servers []kernel.ServerEntry, otherwise kernel.Forward) kernel.Forward {
	count := map[kernel.Forward]int{}
	for i := range servers {
		if f := servers[i].Forward; f != kernel.Local {
			count[f]++
		}
	}
	return most(count, otherwise, 0)
}

// most returns the most frequent key; its count must be higher than that of otherwise
// by more than margin. Among equals it returns the lowest.
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
	s.AsIs = holds(plan.CheckService(&plain))
	for i := range slices.Backward(from.Servers) {
		plain := plan.PlainServer(from.Servers[i].Server)
		s.Servers = append(s.Servers, exportServer(plain, from.ServiceID, forward))
		if plain.Forward != kernel.Local {
			s.AsIs = s.AsIs || holds(plan.CheckNewServer(from.ServiceID, &plain))
		}
	}
	return s
}

// holds reports whether the kernel accepts one of the settings although it does not
// work.
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

// localForward returns a forwarding method for a server that is the director itself,
// which the kernel shows as local whatever was set: the service's if possible.
func localForward(a netip.AddrPort, of kernel.ServiceID, forward kernel.Forward) kernel.Forward {
	switch {
	case kernel.FamilyOf(a.Addr()) != of.Family:
		return kernel.Tunneling
	case of.FWMark == 0 && a.Port() != of.Port:
		return kernel.NAT
	}
	return forward
}

// ShareDefaults makes the most frequent settings of services and servers the defaults
// if that saves text.
func ShareDefaults(f *File) {
	spreadForward(f)
	schedulers := map[string]int{}
	for i := range f.Services {
		schedulers[f.Services[i].Scheduler]++
	}
	scheduler := most(schedulers, defaultScheduler, 1)
	for i := range f.Services {
		leaveOut(&f.Services[i].Scheduler, scheduler)
	}
	f.Defaults.Scheduler = scheduler
	leaveOut(&f.Defaults.Scheduler, defaultScheduler)
}

func spreadForward(f *File) {
	services := map[string]int{}
	for i := range f.Services {
		s := &f.Services[i]
		s.Forward = SharedForward(s)
		for j := range s.Servers {
			leaveOut(&s.Servers[j].Forward, s.Forward)
		}
		services[s.Forward]++
	}
	delete(services, "") // these have no servers
	forward := most(services, defaultForward.String(), 1)
	for i := range f.Services {
		leaveOut(&f.Services[i].Forward, forward)
	}
	f.Defaults.Forward = forward
	leaveOut(&f.Defaults.Forward, defaultForward.String())
}

// SharedForward returns the forwarding method of most of a service's servers, or the
// service's own if it has no servers.
func SharedForward(s *FileService) string {
	servers := map[string]int{}
	for j := range s.Servers {
		servers[s.Servers[j].Forward]++
	}
	return most(servers, s.Forward, 0)
}

// leaveOut empties a word that is the default.
func leaveOut(word *string, byDefault string) {
	if *word == byDefault {
		*word = ""
	}
}

// SpreadChecks gives a service the checks that most of its servers have, and servers
// with other checks their own. checks has one list for each server. If a server has
// no checks, all others get their own.
func SpreadChecks(s *FileService, checks [][]Check) {
	keys, count := make([]string, len(checks)), map[string]int{}
	for i, list := range checks {
		var b bytes.Buffer
		writeJSON(&b, checksDocument(list))
		keys[i] = b.String()
		count[keys[i]]++
	}
	none := slices.ContainsFunc(checks, func(list []Check) bool { return len(list) == 0 })
	shared := most(count, "", 0)
	for i, list := range checks {
		if none || keys[i] != shared {
			s.Servers[i].Check = list
		} else {
			s.Health.Check = list
		}
	}
}
