package doctor

import (
	"fmt"
	"slices"

	"lvs/kernel"
	"lvs/plan"
)

// Server is a server in one of its services.
type Server struct {
	Service kernel.Service
	kernel.ServerEntry
}

// WeightZero diagnoses servers that are about to get the weight 0, or have it: who keeps
// coming to them all the same. Every verb that sets a weight to 0 prints it.
func WeightZero(s Settings, servers []Server) []*Diagnosis {
	var out []*Diagnosis
	if d := BoundClients(s, servers); d != nil {
		out = append(out, d)
	}
	if d := ReusedPorts(s, servers); d != nil {
		out = append(out, d)
	}
	return out
}

// BoundClients diagnoses clients that persistence binds to servers: they keep coming, in
// spite of weight 0. It returns nil if there are none.
func BoundClients(s Settings, servers []Server) *Diagnosis {
	if !s.off(kernel.ExpireQuiescentTemplate) {
		return nil
	}
	bound := slices.DeleteFunc(slices.Clone(servers), func(v Server) bool {
		return v.Service.Persistence == 0 || v.Persistent == 0
	})
	if len(bound) == 0 {
		return nil
	}
	var clients uint64
	least := bound[0].Service.Persistence
	for i := range bound {
		clients += uint64(bound[i].Persistent)
		least = min(least, bound[i].Service.Persistence)
	}
	each := "each "
	if clients == 1 {
		each = ""
	}
	return &Diagnosis{
		Code: "bound-clients", Severity: Warning, What: sysctlIsOff(kernel.ExpireQuiescentTemplate),
		Why: fmt.Sprintf("clients bound by persistence keep coming to %s "+
			"(%d now, %sfor at least %s after the last connection)",
			serversText(bound), clients, each, plan.DurationText(least)),
		Fix: setSysctl(kernel.ExpireQuiescentTemplate),
	}
}

// ReusedPorts diagnoses a conn_reuse_mode of 0: clients that use the port of an earlier
// connection again go to its server, in spite of weight 0. It returns nil if that cannot
// happen. Other settings have the same effect in fewer cases: ReturnFix.
func ReusedPorts(s Settings, servers []Server) *Diagnosis {
	var left []Server
	var connections uint64
	for i := range servers {
		v := &servers[i]
		n := uint64(v.Active) + uint64(v.Inactive)
		because, ok := kernel.ReturnPath(s.Sysctls, &v.Service, v.Forward)
		if ok && n > 0 && because == (kernel.Sysctl{Name: kernel.ConnReuseMode, Value: "0"}) {
			left = append(left, *v)
			connections += n
		}
	}
	if len(left) == 0 {
		return nil
	}
	return &Diagnosis{
		Code: "reused-ports", Severity: Warning, What: sysctlIsOff(kernel.ConnReuseMode),
		Why: fmt.Sprintf("clients that use the port of an old connection again keep coming to %s (%s now)",
			serversText(left), count(connections, "connection")),
		Fix: ReturnFix(kernel.Sysctl{Name: kernel.ConnReuseMode, Value: "0"}, left[0].Forward),
	}
}

// ReturnFix returns the command that closes the way back which a setting leaves open
// (kernel.ReturnPath).
func ReturnFix(because kernel.Sysctl, f kernel.Forward) string {
	switch {
	case because.Name != kernel.ConnReuseMode:
		return setSysctl(because.Name)
	case f != kernel.NAT:
		return sysctlTo(because.Name, "3")
	}
	return setSysctl(because.Name)
}

// SyncedConnections diagnoses a drain on a director that gets connections from another
// one: they count here, and new ones come there. It returns nil if there is no backup
// daemon.
func SyncedConnections(s Settings) *Diagnosis {
	if !slices.ContainsFunc(s.Daemons, func(d kernel.Daemon) bool { return d.Role == kernel.Backup }) {
		return nil
	}
	return &Diagnosis{
		Code: "synced-connections", Severity: Note, What: "a backup sync daemon runs",
		Why: "connections of the other director count here, too, and weights are not synchronized",
		Fix: "drain the server on the other director, too",
	}
}

// serversText returns the first server in its service, and how many others there are.
func serversText(all []Server) string {
	text := fmt.Sprintf("%v in %v", all[0].Addr, all[0].Service.ServiceID)
	if len(all) > 1 {
		text += " and " + count(uint64(len(all)-1), "other server")
	}
	return text
}
