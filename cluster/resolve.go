package cluster

import (
	"fmt"
	"time"

	"lvs/kernel"
	"lvs/plan"
)

// Wanted is what some files want together.
type Wanted struct {
	// Services are in the order of the files. Their servers are in the order of
	// their addresses, so that directors that are filled from the same file hash
	// alike; the kernel lists each one's last server first.
	Services []plan.Service
	// Names are those of services that have one.
	Names map[kernel.ServiceID]string
	// Timeouts are zero where they are to be left as they are.
	Timeouts kernel.Timeouts
	// Sync are the daemons that should run, if SyncGiven; else they are left
	// alone.
	Sync      []kernel.Daemon
	SyncGiven bool

	files  []*File
	places map[kernel.ServiceID]servicePlace
}

// Resolve puts files together: pools and checks may be of another file than the
// service that names them, defaults hold within their own. The error is Faults:
// all mistakes, those that Read has told of these files too. What it does not
// tell is what may be a consequence of those.
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
	var all Faults
	for _, f := range r.faults {
		all = append(all, f.sorted()...)
	}
	if err := all.err(); err != nil {
		return nil, err
	}
	r.out.files, r.out.places = files, r.services
	return &r.out, nil
}

// resolver collects what the files want.
type resolver struct {
	out      Wanted
	pools    map[string]poolPlace
	checks   map[string]checkPlace
	circled  map[*Check]bool // those that were looked at, by circles
	services map[kernel.ServiceID]servicePlace
	timeouts [3]int  // the number of the file that gave each
	daemons  [3]bool // by role
	once     [3]int  // one more than the number of the file that has bgp, overflow, director
	// faults are kept by file.
	files  []*File
	faults []Faults
	words  map[string]string
	told   map[entryFault]bool
	// now is the present file, and file its number.
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

// fileWords are the cluster file's for what the rules name.
func fileWords() map[string]string {
	return map[string]string{
		"engine":          "engine:",
		"nat":             "forward: nat",
		"tunnel":          "forward: tunnel",
		"upper N":         "upper: N",
		"tunnel settings": "tunnel",
		"tunnel port":     "port",
		"tunnel type":     "type:",
		"tunnel checksum": "checksum",
		"remote checksum": "remoteChecksum",
	}
}

// fault keeps a fault in the present file.
func (r *resolver) fault(why, hint string, path ...any) { r.faultIn(r.file, why, hint, path...) }

func (r *resolver) faultIn(file int, why, hint string, path ...any) {
	if list := &r.faults[file]; !list.Full() {
		list.Add(r.files[file].Source.faultAt(why, hint, path...))
	}
}

// where tells where something else stands, as seen from the present file.
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
			r.fault(fmt.Sprintf("there is a pool %s already, %s", plan.Quote(p.Name), r.where(first.file, "pools", p.Name)),
				"a pool stands once in all files that are read together", "pools", p.Name)
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
			r.fault(fmt.Sprintf("the timeout %s is another one %s", t.key, r.where(r.timeouts[i], "timeouts", t.key)), "", "timeouts", t.key)
		default:
			*t.to, r.timeouts[i] = *t.from, r.file
		}
	}
}

func (r *resolver) addSync() {
	r.out.SyncGiven = r.out.SyncGiven || r.now.Sync != nil
	for i, d := range r.now.Sync {
		if d.Role != kernel.Master && d.Role != kernel.Backup {
			continue // refused already
		}
		if r.daemons[d.Role] {
			r.fault(fmt.Sprintf("a second %v: one of each role can run", d.Role), "", "sync", i, "role")
		}
		r.daemons[d.Role] = true
		r.out.Sync = append(r.out.Sync, d)
	}
}
