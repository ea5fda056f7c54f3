package cluster

import (
	"cmp"
	"net/netip"
	"path/filepath"
	"strings"

	"lvs/kernel"
)

// Kept is what a director needs of a service besides its place in the table.
type Kept struct {
	Name string
	// Health are the settings as the file has them: zero fields stand for the director's
	// defaults. Its checks are those of Members.
	Health ServiceHealth
	// Members are in the order of the service's servers.
	Members []Member
	// Fallback gets the traffic while the service is down. Nil is none.
	Fallback *kernel.Server
}

// Member is what a director needs of a server besides its place in the table.
type Member struct {
	Tier int
	// Checks must all pass. No check in them has a Ref, and paths are absolute: relative
	// ones start at the directory of the file that has the check. Servers may share them.
	Checks []Check
}

// Kept returns what a director needs of Services[i]: its own checks of a server come before
// those of the service, and these before the defaults of the file.
func (w *Wanted) Kept(i int) Kept {
	id := w.Services[i].ServiceID
	at := w.places[id]
	f := w.files[at.file]
	s := &f.Services[at.service]
	k := Kept{Name: s.Name, Health: s.Health}
	shared := s.Health.Check
	if len(shared) == 0 {
		shared = f.Defaults.Check
	}
	shared = w.lookUp(f, shared)
	servers, in := s.Servers, f
	if s.Pool != "" {
		p := w.pools[s.Pool]
		servers, in = p.pool.Servers, w.files[p.file]
	}
	for j := range servers {
		m := Member{Tier: servers[j].Tier, Checks: shared}
		if own := servers[j].Check; len(own) > 0 {
			m.Checks = w.lookUp(in, own)
		}
		addresses, _ := parseServers(servers[j].Address) // Resolve returns its faults
		for range addresses.count {
			k.Members = append(k.Members, m)
		}
	}
	if s.Health.Fallback != "" {
		v, _ := fallbackServer(f, s, id.Port)
		k.Fallback = &v
	}
	return k
}

// Director returns the settings of the director, with absolute paths. Without the key it
// returns the zero value.
func (w *Wanted) Director() (d Director) {
	for _, f := range w.files {
		if f.Director == nil {
			continue
		}
		d = *f.Director
		if path, ok := strings.CutPrefix(d.Role, fileRole); ok {
			d.Role = fileRole + f.beside(path)
		}
		d.Hook.Command = f.program(d.Hook.Command)
	}
	return d
}

// MinLeft returns the percentages of the services that have minLeft.
func (w *Wanted) MinLeft() map[kernel.ServiceID]int {
	out := map[kernel.ServiceID]int{}
	for _, f := range w.files {
		for i := range f.Services {
			if n := f.Services[i].Health.MinLeft.N; n > 0 {
				for _, id := range f.Services[i].Addresses {
					out[id] = n
				}
			}
		}
	}
	return out
}

// ClusterName returns the name of the cluster: the first one in the files, or nothing.
func (w *Wanted) ClusterName() string {
	name := ""
	for _, f := range w.files {
		name = cmp.Or(name, f.Name)
	}
	return name
}

// lookUp returns checks of a file with those that they name in place of the names.
func (w *Wanted) lookUp(f *File, checks []Check) []Check {
	if len(checks) == 0 {
		return nil
	}
	out := make([]Check, len(checks))
	for i, c := range checks {
		from := f
		if c.Ref != "" {
			p := w.checks[c.Ref]
			c, from = *p.check, w.files[p.file]
		}
		c.Of = w.lookUp(from, c.Of)
		c.File = from.beside(c.File)
		c.Command = from.program(c.Command)
		out[i] = c
	}
	return out
}

// beside returns the absolute path of a path that starts at the file's directory if it is
// relative.
func (f *File) beside(path string) string {
	if path == "" || f.Source == nil || filepath.IsAbs(path) {
		return path
	}
	path = filepath.Join(filepath.Dir(f.Source.Name), path)
	if whole, err := filepath.Abs(path); err == nil { // an error means that there is no working directory
		return whole
	}
	return path
}

// program returns a command with the path of its program. A name without a slash is left to
// the search path.
func (f *File) program(command []string) []string {
	if len(command) == 0 || !strings.Contains(command[0], "/") {
		return command
	}
	return append([]string{f.beside(command[0])}, command[1:]...)
}

// fallbackServer returns the server that a service falls back to.
func fallbackServer(f *File, s *FileService, port uint16) (kernel.Server, error) {
	from, err := parseServers(s.Health.Fallback)
	v := kernel.Server{Weight: DefaultWeight, Forward: f.forward(s)}
	v.Addr = netip.AddrPortFrom(from.first, from.portOr(port))
	return v, err
}
