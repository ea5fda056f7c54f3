// Package sim is IPVS in memory with traffic that looks like that of a real
// director: several services, a day that takes minutes, bursts, connections
// that pass through their states, a machine that fails and recovers. `lvs top
// --demo` shows it. It is not a model of performance.
//
// Nothing runs in the background: every request first catches up with the clock.
// The traffic depends only on the seed, the clock and the changes to the table,
// and is computed in whole numbers, so that it is the same on every machine.
package sim

import (
	"context"
	"iter"
	"sync"
	"time"

	"lvs/kernel"
	"lvs/kernel/memory"
)

// Kernel is the table with the traffic. Changes act on the traffic: a new weight
// shifts it, and a server of weight 0 empties as its connections end.
type Kernel struct {
	*memory.Kernel

	mu    sync.Mutex
	now   func() time.Time
	start time.Time // when step 0 of the world began
	world *world
}

var _ kernel.Kernel = (*Kernel)(nil)

// Seed is the seed of lvs top --demo and of the screens in its documentation.
const Seed = 1

// warmUp is how long there has been traffic when New returns. maxLate is the longest
// time that is simulated at once: after a longer pause the rest is skipped.
const (
	warmUp  = 6 * time.Minute
	maxLate = 10 * time.Minute
)

// New returns a director that has been running for weeks.
func New(seed uint64, now func() time.Time) *Kernel {
	k := &Kernel{Kernel: memory.New(), now: now, start: now().Add(-warmUp)}
	k.Kernel.Clock(now)
	k.world = newWorld(k.Kernel, seed)
	k.Kernel.SetConnectionSource(k.connections)
	k.catchUp()
	k.world.age()
	return k
}

// catchUp simulates the time until now.
func (k *Kernel) catchUp() {
	k.mu.Lock()
	defer k.mu.Unlock()
	late := k.now().Sub(k.start) - time.Duration(k.world.step)*stepTime
	if late > maxLate {
		k.start = k.start.Add(late - maxLate)
		late = maxLate
	}
	if late >= stepTime {
		k.world.live(int(late / stepTime))
	}
}

// connections iterates over a copy, so that the caller may take its time.
func (k *Kernel) connections(yield func(kernel.Connection) bool) {
	k.mu.Lock()
	list, step := k.world.list(), k.world.step
	k.mu.Unlock()
	for i := range list {
		if !yield(list[i].entry(step)) {
			return
		}
	}
}

// Snapshot implements kernel.Kernel.
func (k *Kernel) Snapshot(ctx context.Context, only ...kernel.ServiceID) (*kernel.Snapshot, error) {
	k.catchUp()
	return k.Kernel.Snapshot(ctx, only...)
}

// PublicSnapshot implements kernel.Kernel.
func (k *Kernel) PublicSnapshot(ctx context.Context) (*kernel.Snapshot, error) {
	k.catchUp()
	return k.Kernel.PublicSnapshot(ctx)
}

// Apply implements kernel.Kernel.
func (k *Kernel) Apply(ctx context.Context, changes []kernel.Change) error {
	k.catchUp()
	return k.Kernel.Apply(ctx, changes)
}

// Zero implements kernel.Kernel.
func (k *Kernel) Zero(ctx context.Context, only ...kernel.ServiceID) error {
	k.catchUp()
	return k.Kernel.Zero(ctx, only...)
}

// Flush implements kernel.Kernel.
func (k *Kernel) Flush(ctx context.Context) error {
	k.catchUp()
	return k.Kernel.Flush(ctx)
}

// Totals implements kernel.Kernel.
func (k *Kernel) Totals(ctx context.Context) (kernel.Stats, error) {
	k.catchUp()
	return k.Kernel.Totals(ctx)
}

// TableStatus implements kernel.Kernel.
func (k *Kernel) TableStatus(ctx context.Context) ([]kernel.TableStatus, error) {
	k.catchUp()
	return k.Kernel.TableStatus(ctx)
}

// Connections implements kernel.Kernel.
func (k *Kernel) Connections(ctx context.Context, from kernel.ConnectionSource) iter.Seq2[*kernel.Connection, error] {
	k.catchUp()
	return k.Kernel.Connections(ctx, from)
}
