package memory

import (
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"slices"

	"lvs/kernel"
)

// saved is the table as JSON, in a private format. It carries a table from one
// process of a test to the next.
type saved struct {
	Services    []savedService
	Counted     kernel.Counters
	Pending     []pending
	Timeouts    kernel.Timeouts
	Daemons     map[kernel.Role]kernel.Daemon
	Interfaces  map[string]int
	Sysctls     map[string]string
	Connections []kernel.Connection
	Info        kernel.Info
}

type savedService struct {
	Config   kernel.Service
	Counters kernel.Counters
	Servers  []*kernel.ServerEntry // in the order in which they were added
}

// Save writes the table for Load. It does not write the hooks.
func (k *Kernel) Save(w io.Writer) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	t := &k.table
	out := saved{
		Counted: t.counted, Pending: t.pending, Timeouts: t.timeouts, Daemons: t.daemons, Interfaces: t.interfaces,
		Sysctls: t.sysctls, Info: t.info,
	}
	for _, s := range t.services {
		out.Services = append(out.Services, savedService{Config: s.Service, Counters: s.counters, Servers: s.servers})
	}
	slices.SortFunc(out.Services, func(a, b savedService) int { return a.Config.Compare(b.Config.ServiceID) })
	if t.connections != nil {
		out.Connections = slices.Collect(t.connections)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "\t")
	return enc.Encode(out)
}

// Load replaces the table by one that Save wrote. An empty input is an empty table.
func (k *Kernel) Load(r io.Reader) error {
	t := New().table
	in := saved{Timeouts: t.timeouts, Interfaces: t.interfaces, Sysctls: t.sysctls, Info: t.info}
	if err := json.NewDecoder(r).Decode(&in); err != nil && err != io.EOF {
		return fmt.Errorf("load the table: %w", err)
	}
	t.counted, t.timeouts, t.interfaces, t.sysctls = in.Counted, in.Timeouts, in.Interfaces, in.Sysctls
	t.pending, t.info = in.Pending, in.Info
	for r, d := range in.Daemons {
		t.daemons[r] = d
	}
	if len(in.Connections) > 0 {
		t.connections = slices.Values(in.Connections)
	}
	for _, from := range in.Services {
		s := &service{Service: from.Config, counters: from.Counters, byAddr: map[netip.AddrPort]*kernel.ServerEntry{}}
		for _, e := range from.Servers {
			s.insert(e)
		}
		t.services[from.Config.ServiceID] = s
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.table = t
	return nil
}
