package kerneltest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"time"

	"lvs/kernel"
)

// saved is the table as JSON: a form of this package alone, to carry a table
// from one process of a test to the next.
type saved struct {
	Services    []savedService
	Counted     kernel.Counters
	Timeouts    kernel.Timeouts
	Daemons     map[kernel.Role]kernel.Daemon
	Interfaces  map[string]int
	Sysctls     map[string]string
	Connections []kernel.Connection
	Info        kernel.Info
	Status      []kernel.TableStatus
}

// savedService names its identity apart: kernel.Service would become the text
// of its ID.
type savedService struct {
	ID       kernel.ServiceID
	Config   savedConfig
	Counters kernel.Counters
	Servers  []*kernel.ServerEntry // in the order in which they came
}

type savedConfig struct {
	Scheduler   string
	SchedFlags  kernel.SchedFlags
	Persistence time.Duration
	Netmask     kernel.Netmask
	Engine      string
	OnePacket   bool
}

// Save writes the table, not the hooks, for Load.
func (k *Kernel) Save(w io.Writer) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	t := &k.table
	out := saved{
		Counted: t.counted, Timeouts: t.timeouts, Daemons: t.daemons, Interfaces: t.interfaces,
		Sysctls: t.sysctls, Info: t.info, Status: t.status,
	}
	for _, s := range t.services {
		out.Services = append(out.Services, savedService{ID: s.ServiceID, Config: pack(s.Service), Counters: s.counters, Servers: s.servers})
	}
	slices.SortFunc(out.Services, func(a, b savedService) int { return a.ID.Compare(b.ID) })
	if t.connections != nil {
		out.Connections = slices.Collect(t.connections)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "\t")
	return enc.Encode(out)
}

// Load replaces the table by what Save wrote. An empty input is an empty table.
func (k *Kernel) Load(r io.Reader) error {
	t := New().table
	in := saved{Timeouts: t.timeouts, Interfaces: t.interfaces, Sysctls: t.sysctls, Info: t.info, Status: t.status}
	if err := json.NewDecoder(r).Decode(&in); err != nil && err != io.EOF {
		return fmt.Errorf("kerneltest: load: %w", err)
	}
	t.counted, t.timeouts, t.interfaces, t.sysctls = in.Counted, in.Timeouts, in.Interfaces, in.Sysctls
	t.info, t.status = in.Info, in.Status
	for r, d := range in.Daemons {
		t.daemons[r] = d
	}
	if len(in.Connections) > 0 {
		t.connections = slices.Values(in.Connections)
	}
	for _, from := range in.Services {
		s := &service{Service: from.unpack(), counters: from.Counters, byAddr: map[netip.AddrPort]*kernel.ServerEntry{}}
		for _, e := range from.Servers {
			s.insert(e)
		}
		t.services[from.ID] = s
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.table = t
	return nil
}

func pack(s kernel.Service) savedConfig {
	return savedConfig{s.Scheduler, s.SchedFlags, s.Persistence, s.Netmask, s.Engine, s.OnePacket}
}

func (s savedService) unpack() kernel.Service {
	return kernel.Service{
		ServiceID: s.ID, Scheduler: s.Config.Scheduler, SchedFlags: s.Config.SchedFlags,
		Persistence: s.Config.Persistence, Netmask: s.Config.Netmask, Engine: s.Config.Engine, OnePacket: s.Config.OnePacket,
	}
}
