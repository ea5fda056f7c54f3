package cluster

import (
	"fmt"
	"net/netip"
	"time"

	"lvs/kernel"
	"lvs/plan"
)

// Wanted is the state that some files define together.
type Wanted struct {
	// Services are in the order of the files. Their servers are in the order of their
	// addresses, so that all directors with the same file hash alike; the kernel lists
	// each service's last server first.
	Services []plan.Service
	// Names are the names of services that have one.
	Names map[kernel.ServiceID]string
	// Timeouts are zero if they are to stay as they are.
	Timeouts kernel.Timeouts
	// Sync are the daemons that should run, if SyncGiven; otherwise all stay as they
	// are.
	Sync      []kernel.Daemon
	SyncGiven bool

	files  []*File
	places map[kernel.ServiceID]servicePlace
	pools  map[string]poolPlace
	checks map[string]checkPlace
}

// Resolve combines files: a service may name pools and checks in other files, and
// defaults are for their own file. The error is Faults: all mistakes, including those
// that Read found in these files, but not what may be a consequence of those.
func Resolve(files ...*File) (*Wanted, error) {
	r := resolver{
		pools:   map[string]poolPlace{},
		checks:  map[string]checkPlace{},
		circled: map[*Check]bool{},
		files:   files,
		faults:  make([]Faults, len(files)),
		words:   fileWords(),
	}
	r.out.Names = map[kernel.ServiceID]string{}
	n := 0
	for i, f := range files {
		if f.Source != nil {
			r.faults[i] = append(r.faults[i], f.Source.faults...)
		}
		n += len(f.Services)
	}
	r.out.Services = make([]plan.Service, 0, n)
	r.services = make(map[kernel.ServiceID]servicePlace, n)
	for i, f := range files {
		r.now, r.file = f, i
		r.addPools()
		r.addChecks()
		r.addOnce()
		r.addTimeouts()
		r.addSync()
	}
	for i, f := range files {
		r.now, r.file = f, i
		r.namedChecks()
		for j := range f.Services {
			r.service(j)
		}
	}
	for i, f := range files {
		r.now, r.file = f, i
		r.role()
	}
	var all Faults
	for _, f := range r.faults {
		all = append(all, f.sorted()...)
	}
	if err := all.err(); err != nil {
		return nil, err
	}
	r.out.files, r.out.places, r.out.pools, r.out.checks = files, r.services, r.pools, r.checks
	return &r.out, nil
}

// resolver combines the files.
type resolver struct {
	out      Wanted
	pools    map[string]poolPlace
	checks   map[string]checkPlace
	circled  map[*Check]bool // checks that circles has visited
	services map[kernel.ServiceID]servicePlace
	timeouts [3]int  // the index of the file that gave each
	daemons  [3]bool // by role
	once     [3]int  // the index plus one of the file that has bgp, overflow, director
	// faults are by file.
	files  []*File
	faults []Faults
	words  map[string]string
	told   map[entryFault]bool
	// meantOfServer is made by serverKey.
	meantOfServer func(word string) string
	// now is the current file, and file its index.
	now  *File
	file int
}

type poolPlace struct {
	file int
	pool *Pool
}

type servicePlace struct {
	file    int
	service int
}

// fileWords returns the cluster file's words for the settings in plan's rules.
func fileWords() map[string]string {
	return map[string]string{
		"engine":           "engine:",
		"persistence time": "for: 1m, or asIs: true",
		"nat":              "forward: nat",
		"tunnel":           "forward: tunnel",
		"upper N":          "upper: N",
		"tunnel settings":  "tunnel",
		"tunnel port":      "port",
		"tunnel type":      "type:",
		"tunnel checksum":  "checksum",
		"remote checksum":  "remoteChecksum",
	}
}

// fault adds a fault in the current file.
func (r *resolver) fault(why, hint string, path ...any) { r.faultIn(r.file, why, hint, path...) }

func (r *resolver) faultIn(file int, why, hint string, path ...any) {
	if list := &r.faults[file]; !list.Full() {
		list.Add(r.files[file].Source.faultAt(why, hint, path...))
	}
}

// where returns the position of something else, as seen from the current file.
func (r *resolver) where(file int, path ...any) string {
	f := r.files[file]
	if f.Source == nil {
		return "above"
	}
	line := f.Source.at(path...).line
	if f == r.now {
		return fmt.Sprintf("in line %d", line)
	}
	return fmt.Sprintf("in %s, line %d", f.Source.Name, line)
}

func (r *resolver) addPools() {
	for i := range r.now.Pools {
		p := &r.now.Pools[i]
		if first, twice := r.pools[p.Name]; twice {
			r.fault(fmt.Sprintf("duplicate pool %s: first %s", plan.Quote(p.Name), r.where(first.file, "pools", p.Name)),
				"define a pool only once in all files that are read together", "pools", p.Name)
			continue
		}
		r.pools[p.Name] = poolPlace{r.file, p}
	}
}

func (r *resolver) addTimeouts() {
	from, to := &r.now.Timeouts, &r.out.Timeouts
	for i, t := range []struct {
		key      string
		from, to *time.Duration
	}{{"tcp", &from.TCP, &to.TCP}, {"tcpFin", &from.TCPFin, &to.TCPFin}, {"udp", &from.UDP, &to.UDP}} {
		switch {
		case *t.from == 0:
		case *t.to != 0 && *t.from != *t.to:
			r.fault(fmt.Sprintf("the timeout %s has another value %s", t.key,
				r.where(r.timeouts[i], "timeouts", t.key)), "", "timeouts", t.key)
		default:
			*t.to, r.timeouts[i] = *t.from, r.file
		}
	}
}

func (r *resolver) addSync() {
	r.out.SyncGiven = r.out.SyncGiven || r.now.Sync != nil
	for i, d := range r.now.Sync {
		if d.Role != kernel.Master && d.Role != kernel.Backup {
			continue // a fault already
		}
		if r.daemons[d.Role] {
			r.fault(fmt.Sprintf("duplicate role %v: only one daemon of each role can run", d.Role), "", "sync", i, "role")
		}
		r.daemons[d.Role] = true
		r.out.Sync = append(r.out.Sync, d)
	}
}

// Place returns where the files define a service or one of its servers, as
// "web.yaml:12". The zero server stands for the service. It returns nothing if the
// object is not in the files, or they were not read from a text.
func (w *Wanted) Place(id kernel.ServiceID, server netip.AddrPort) string {
	at, ok := w.places[id]
	if !ok {
		return ""
	}
	f := w.files[at.file]
	s := &f.Services[at.service]
	path := []any{"services", at.service, "address"}
	if server.IsValid() {
		servers, list := s.Servers, []any{"services", at.service, "servers"}
		for i, other := range w.files {
			for j := range other.Pools {
				if s.Pool != "" && other.Pools[j].Name == s.Pool {
					f, servers, list = w.files[i], other.Pools[j].Servers, []any{"pools", s.Pool}
				}
			}
		}
		path = list
		for j := range servers {
			if covers(servers[j].Address, server, id.Port) {
				path = append(list, j)
				break
			}
		}
	}
	if f.Source == nil {
		return ""
	}
	return fmt.Sprintf("%s:%d", f.Source.Name, f.Source.at(path...).line)
}

// covers reports whether an address or a range includes a server.
func covers(address string, server netip.AddrPort, port uint16) bool {
	r, err := parseServers(address)
	if err != nil || r.portOr(port) != server.Port() {
		return false
	}
	last := r.first
	for range r.count - 1 {
		last = last.Next()
	}
	return !server.Addr().Less(r.first) && !last.Less(server.Addr())
}

// Steps plans the way from a table to the wanted state. Prune also stops sync daemons,
// if the files define which should run.
func (w *Wanted) Steps(have *plan.Table, o plan.Options) plan.Steps {
	s := plan.Steps{Changes: plan.Between(have.Snapshot, w.Services, o)}
	s.PlanTimeouts(have.Timeouts, w.Timeouts)
	s.PlanDaemons(have.Daemons, w.Sync, o.Prune && w.SyncGiven)
	return s
}
