// Package memory is IPVS in memory: a kernel.Kernel with the refusals, defaults
// and order of the real one, for tests and for the dashboard's demo. It forwards
// no packets; Traffic sets what it counts.
//
// The suite in kernel/contract runs against it and against the real kernel, so
// that both answer alike.
package memory

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"lvs/kernel"
)

// Kernel is an IPVS table in memory. New returns one.
type Kernel struct {
	mu    sync.Mutex
	now   func() time.Time
	table table
	hooks hooks
	calls Calls
}

var _ kernel.Kernel = (*Kernel)(nil)

// table is the state of the kernel.
type table struct {
	services map[kernel.ServiceID]*service
	// counted is what all services counted together, including deleted ones.
	counted kernel.Counters
	// pending is what was counted while the counters are not updated
	// (kernel.CountersStopped), to be added when they are again.
	pending     []pending
	timeouts    kernel.Timeouts
	daemons     map[kernel.Role]kernel.Daemon
	interfaces  map[string]int // the MTU by name
	sysctls     map[string]string
	connections Source
	info        kernel.Info
}

type service struct {
	kernel.Service
	counters kernel.Counters
	// servers are in the order in which they were added; the kernel lists them in
	// reverse order.
	servers []*kernel.ServerEntry
	byAddr  map[netip.AddrPort]*kernel.ServerEntry
}

// pending is what a server counted that its counters do not show yet.
type pending struct {
	Service kernel.ServiceID
	Server  netip.AddrPort
	Add     kernel.Counters
}

// New returns an empty table with the defaults of a new network namespace and two
// interfaces: lo and eth0.
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

// Close does nothing: the table stays, as it does in the real kernel.
func (k *Kernel) Close() error { return nil }

// enter locks the table for one request, or returns why it is refused. The caller
// unlocks the table only if the error is nil.
func (k *Kernel) enter(ctx context.Context, op string, need privilege) error {
	return k.enterService(ctx, op, kernel.ServiceID{}, need)
}

// enterService is enter for a request that concerns one service.
func (k *Kernel) enterService(ctx context.Context, op string, id kernel.ServiceID, need privilege) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	k.mu.Lock()
	if err := k.hooks.closed(need); err != nil {
		k.mu.Unlock()
		return &kernel.Error{Op: op, Service: id, Err: err}
	}
	return nil
}
