package importer

import (
	"net/netip"
	"slices"
	"strconv"

	"lvs/kernel"
)

// finish adds the services to the file. Services with the same address are one in the
// kernel: keepalived adds the first, and the servers of the others to it.
func (k *keepalived) finish() {
	if k.over {
		return
	}
	var out []*keepalivedService
	for _, v := range k.services {
		for _, one := range k.byPort(v) {
			out = k.merge(out, one)
		}
	}
	for _, v := range out {
		k.service = v.FileService
		k.healthOf(v)
		k.service = nil
		k.file.Services = append(k.file.Services, *v.FileService)
	}
}

// byPort returns a service, or one for each port of its addresses if servers are the same
// for some of the ports: a server without a port has the service's.
func (k *keepalived) byPort(v *keepalivedService) []*keepalivedService {
	var ports []uint16
	twice := false
	for _, id := range v.Addresses {
		if !slices.Contains(ports, id.Port) {
			ports = append(ports, id.Port)
			twice = twice || len(withoutTwins(v.servers, id.Port)) < len(v.servers)
		}
	}
	if !twice {
		return []*keepalivedService{v}
	}
	k.service = v.FileService
	k.note(v.place, "servers with the same address and port are duplicates: the first of them is used, as in keepalived")
	k.service = nil
	var out []*keepalivedService
	for i, port := range ports {
		one, file := *v, *v.FileService
		one.FileService = &file
		if i > 0 {
			file.Comments = nil
		}
		file.Addresses = nil
		for _, id := range v.Addresses {
			if id.Port == port {
				file.Addresses = append(file.Addresses, id)
			}
		}
		one.servers = withoutTwins(v.servers, port)
		out = append(out, &one)
	}
	return out
}

// withoutTwins returns the servers without those that have the address and port of an
// earlier one, in a service with a port.
func withoutTwins(servers []keepalivedServer, port uint16) []keepalivedServer {
	seen := make(map[string]bool, len(servers))
	var out []keepalivedServer
	for _, s := range servers {
		if at := endpointOf(s.Address, port); !seen[at] {
			seen[at] = true
			out = append(out, s)
		}
	}
	return out
}

// merge adds a service to a list. Its servers go to the services that have some of its
// addresses already.
func (k *keepalived) merge(out []*keepalivedService, v *keepalivedService) []*keepalivedService {
	var own []kernel.ServiceID
	var order []*keepalivedService
	shared := map[*keepalivedService][]kernel.ServiceID{}
	for _, id := range v.Addresses {
		first := k.first[id]
		if first == nil {
			own = append(own, id)
			k.first[id] = v
			continue
		}
		if shared[first] == nil {
			order = append(order, first)
		}
		shared[first] = append(shared[first], id)
	}
	for _, first := range order {
		switch ids := shared[first]; {
		case first == v:
			k.service = v.FileService
			k.note(v.place, "%s in the group twice became one service, as in keepalived", idsText(ids))
			k.service = nil
			continue
		case len(ids) < len(first.Addresses):
			one := k.split(first, ids)
			out = append(out, one)
			k.join(one, v, ids)
		default:
			k.join(first, v, ids)
		}
	}
	v.Addresses = own
	if len(own) > 0 {
		return append(out, v)
	}
	k.file.Comments = append(k.file.Comments, v.Comments...)
	return out
}

// idsText names the first of some services, and the number of the others.
func idsText(ids []kernel.ServiceID) string {
	if len(ids) == 1 {
		return ids[0].String()
	}
	return ids[0].String() + " and " + strconv.Itoa(len(ids)-1) + " more"
}

// split takes addresses out of a service, into one of their own with the same settings.
func (k *keepalived) split(v *keepalivedService, ids []kernel.ServiceID) *keepalivedService {
	one, file := *v, *v.FileService
	one.FileService = &file
	one.servers = slices.Clone(v.servers)
	file.Comments = nil
	file.Addresses = ids
	for _, id := range ids {
		k.first[id] = &one
	}
	v.Addresses = slices.DeleteFunc(v.Addresses, func(id kernel.ServiceID) bool { return k.first[id] != v })
	return &one
}

// join adds the servers of a service to that which has its addresses already.
func (k *keepalived) join(first, v *keepalivedService, ids []kernel.ServiceID) {
	k.service = first.FileService
	k.note(v.place, "%s is a duplicate of line %d: its servers were added to that service, and its settings are "+
		"ignored, as in keepalived", idsText(ids), first.line)
	k.service = nil
	known := map[string]bool{}
	for i := range first.servers {
		known[endpointOf(first.servers[i].Address, ids[0].Port)] = true
	}
	for _, s := range v.servers {
		if !known[endpointOf(s.Address, ids[0].Port)] {
			first.servers = append(first.servers, s)
		}
	}
}

// endpointOf returns an address with the port of its service, if it has none.
func endpointOf(address string, port uint16) string {
	if a, err := netip.ParseAddr(address); err == nil {
		return netip.AddrPortFrom(a, port).String()
	}
	return address
}
