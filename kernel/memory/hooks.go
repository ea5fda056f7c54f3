package memory

import (
	"time"

	"lvs/kernel"
)

// hooks are the faults that a test can inject.
type hooks struct {
	refuse    func(kernel.Change) error
	denied    bool
	unloaded  bool
	oldKernel bool
	readings  func(n int) Reading
	read      int // readings of the connection table since Unsettle
}

type privilege bool

// What every user may do, and what needs CAP_NET_ADMIN.
const (
	anyone privilege = false
	admin  privilege = true
)

func (h *hooks) closed(need privilege) error {
	switch {
	case h.unloaded:
		return kernel.ErrNotLoaded
	case h.denied && need == admin:
		return kernel.ErrPermission
	}
	return nil
}

// Calls counts requests.
type Calls struct {
	Applies int // calls of Apply
	Changes int // changes in all of them, including refused ones
}

// Calls returns the requests since New.
func (k *Kernel) Calls() Calls {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.calls
}

// Refuse calls f with every change that the kernel would make. If f returns an
// error, the change is refused for that reason. A nil f ends it. f must not use
// the kernel.
func (k *Kernel) Refuse(f func(kernel.Change) error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.hooks.refuse = f
}

// Deny makes every request that needs a privilege fail with ErrPermission.
func (k *Kernel) Deny() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.hooks.denied = true
}

// Unload makes every request fail with ErrNotLoaded, as without the ip_vs module.
func (k *Kernel) Unload() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.hooks.unloaded = true
}

// Heal reverts Deny and Unload. The table is unchanged.
func (k *Kernel) Heal() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.hooks.denied, k.hooks.unloaded = false, false
}

// Age removes what Linux 6.1 lacks: the status of the hash tables, the limit of
// connections, and the processors that update counters.
func (k *Kernel) Age() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.hooks.oldKernel = true
	newer := []string{"conn_lfactor", kernel.ConnMax, kernel.EstCPUList, "est_nice", "svc_lfactor"}
	for _, name := range newer {
		delete(k.table.sysctls, name)
	}
}

// Reading is one reading of the connection table: what the kernel lists.
type Reading struct {
	Connections []kernel.Connection
	// Resized is the new number of buckets, if the table is resized after the first
	// Before entries were listed; 0 if it is not.
	Resized uint32
	Before  int
}

// Unsettle makes the connection table change while it is read: f returns what the n-th
// reading lists, from 0. As in the real kernel it may leave out entries and have others
// twice. A nil f ends it.
func (k *Kernel) Unsettle(f func(n int) Reading) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.hooks.readings, k.hooks.read = f, 0
}

// Readings returns how often the connection table was read since Unsettle.
func (k *Kernel) Readings() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.hooks.read
}

// Clock sets the source of the time in snapshots.
func (k *Kernel) Clock(now func() time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.now = now
}

// Interface adds a network interface for sync daemons, or changes its MTU.
func (k *Kernel) Interface(name string, mtu int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.table.interfaces[name] = mtu
}
