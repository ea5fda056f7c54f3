package memory

import (
	"time"

	"lvs/kernel"
)

// hooks are the faults that a test can switch on.
type hooks struct {
	refuse    func(kernel.Change) error
	denied    bool
	unloaded  bool
	oldKernel bool
}

type privilege bool

// What everyone may do, and what needs CAP_NET_ADMIN.
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

// Calls counts what was asked of the kernel.
type Calls struct {
	Applies int // calls of Apply
	Changes int // changes in all of them, the refused ones too
}

// Calls gives the counts since New.
func (k *Kernel) Calls() Calls {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.calls
}

// Refuse asks f about every change that the kernel would take. An error of f
// is the reason of the refusal. Nil ends it. f must not use the kernel.
func (k *Kernel) Refuse(f func(kernel.Change) error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.hooks.refuse = f
}

// Deny makes everything that needs a privilege end in ErrPermission.
func (k *Kernel) Deny() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.hooks.denied = true
}

// Unload makes everything end in ErrNotLoaded, as without the ip_vs module.
func (k *Kernel) Unload() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.hooks.unloaded = true
}

// Heal ends what Deny and Unload began. The table is as it was.
func (k *Kernel) Heal() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.hooks.denied, k.hooks.unloaded = false, false
}

// Age takes away what Linux before 7 lacks: the status of the hash tables.
func (k *Kernel) Age() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.hooks.oldKernel = true
}

// Clock sets where snapshots take their time from.
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
