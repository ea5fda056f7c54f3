package contract

import (
	"net/netip"

	"lvs/kernel"
)

// id reads a service's text form.
func id(s string) kernel.ServiceID {
	out, err := kernel.ParseServiceID(s)
	if err != nil {
		panic(err)
	}
	return out
}

// service is one with the scheduler rr and nothing else.
func service(s string) kernel.Service {
	return kernel.Service{ServiceID: id(s), Scheduler: "rr"}
}

// server is one of weight 1 by NAT and nothing else.
func server(s string) kernel.Server {
	return kernel.Server{Addr: netip.MustParseAddrPort(s), Weight: 1}
}

func add(s kernel.Service) kernel.Change { return kernel.Change{Op: kernel.AddService, Service: s} }

func edit(s kernel.Service) kernel.Change { return kernel.Change{Op: kernel.EditService, Service: s} }

func remove(s kernel.Service) kernel.Change {
	return kernel.Change{Op: kernel.DeleteService, Service: kernel.Service{ServiceID: s.ServiceID}}
}

func addServer(s kernel.Service, v kernel.Server) kernel.Change {
	return kernel.Change{Op: kernel.AddServer, Service: kernel.Service{ServiceID: s.ServiceID}, Server: v}
}

func editServer(s kernel.Service, v kernel.Server) kernel.Change {
	return kernel.Change{Op: kernel.EditServer, Service: kernel.Service{ServiceID: s.ServiceID}, Server: v}
}

func removeServer(s kernel.Service, v kernel.Server) kernel.Change {
	return kernel.Change{
		Op: kernel.DeleteServer, Service: kernel.Service{ServiceID: s.ServiceID}, Server: kernel.Server{Addr: v.Addr},
	}
}

// entry is a service without traffic as the table shows it; the servers are
// given in the table's order, the newest first.
func entry(s kernel.Service, servers ...kernel.Server) kernel.ServiceEntry {
	e := kernel.ServiceEntry{Service: s, Servers: []kernel.ServerEntry{}}
	for _, v := range servers {
		e.Servers = append(e.Servers, kernel.ServerEntry{Server: v})
	}
	return e
}
