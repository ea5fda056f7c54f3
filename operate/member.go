package operate

import (
	"lvs/kernel"
)

// Member is a server in one of its services.
type Member struct {
	Service kernel.Service
	kernel.ServerEntry
}

// Key returns the name of the member.
func (m *Member) Key() kernel.ServerKey {
	return kernel.ServerKey{Service: m.Service.ServiceID, Server: m.Addr}
}

// Keys returns the names of members.
func Keys(members []Member) []kernel.ServerKey {
	out := make([]kernel.ServerKey, len(members))
	for i := range members {
		out[i] = members[i].Key()
	}
	return out
}

// ServicesOf returns the services of servers, each once.
func ServicesOf(keys []kernel.ServerKey) []kernel.ServiceID {
	var ids []kernel.ServiceID
	seen := map[kernel.ServiceID]bool{}
	for _, key := range keys {
		if !seen[key.Service] {
			seen[key.Service] = true
			ids = append(ids, key.Service)
		}
	}
	return ids
}
