package memory

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"lvs/kernel"
)

// Kernel is an IPVS table in memory. Make one with New.
type Kernel struct {
	mu    sync.Mutex
	now   func() time.Time
	table table
	hooks hooks
	calls Calls
}

var _ kernel.Kernel = (*Kernel)(nil)

// table is everything that the kernel remembers.
type table struct {
	services map[kernel.ServiceID]*service
	// counted is what all services counted together, also those since deleted.
	counted     kernel.Counters
	timeouts    kernel.Timeouts
	daemons     map[kernel.Role]kernel.Daemon
	interfaces  map[string]int // by name, the MTU
	sysctls     map[string]string
	connections Source
	info        kernel.Info
}

type service struct {
	kernel.Service
	counters kernel.Counters
	// servers are in the order in which they came; the kernel lists them the
	// other way round.
	servers []*kernel.ServerEntry
	byAddr  map[netip.AddrPort]*kernel.ServerEntry
}

// New gives an empty table with the defaults of a fresh network namespace, and
// two interfaces: lo and eth0.
func New() *Kernel {
	return &Kernel{
		now: time.Now,
		table: table{
			services:   map[kernel.ServiceID]*service{},
			timeouts:   kernel.Timeouts{TCP: 15 * time.Minute, TCPFin: 2 * time.Minute, UDP: 5 * time.Minute},
			daemons:    map[kernel.Role]kernel.Daemon{},
			interfaces: map[string]int{"lo": 65536, "eth0": 1500},
			sysctls:    defaultSysctls(),
			info:       kernel.Info{Version: 0x010201, ConnTableSize: 4096},
		},
	}
}

// Close does nothing: the table stays, as the real one does.
func (k *Kernel) Close() error { return nil }

// enter locks the table for one request and tells whether it is answered at
// all. The caller unlocks only when the error is nil.
func (k *Kernel) enter(ctx context.Context, op string, need privilege) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	k.mu.Lock()
	if err := k.hooks.closed(need); err != nil {
		k.mu.Unlock()
		return &kernel.Error{Op: op, Err: err}
	}
	return nil
}
