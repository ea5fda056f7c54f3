package cluster

import (
	"fmt"
	"net/netip"

	"lvs/kernel"
)

// Place tells where the files say what a service is, or a server of it, as
// "web.yaml:12". The zero server is none. Empty is nowhere: the object is not in
// the files, or those were not read from a text.
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

// covers tells whether an address, or a range, stands for a server.
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
