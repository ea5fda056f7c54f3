package kernel

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// The reasons why the kernel, or the way to it, says no. Test with errors.Is.
var (
	ErrExists       = errors.New("exists already")
	ErrNoService    = errors.New("no such service")
	ErrNoServer     = errors.New("no such server")
	ErrNoScheduler  = errors.New("no such scheduler or persistence engine")
	ErrNoInterface  = errors.New("no such network interface")
	ErrNoDaemon     = errors.New("the sync daemon does not run")
	ErrNoSysctl     = errors.New("no such setting")
	ErrNoNamespace  = errors.New("no such network namespace")
	ErrInvalid      = errors.New("refused by the kernel as invalid")
	ErrRange        = errors.New("weight or thresholds out of range")
	ErrPermission   = errors.New("permission denied")
	ErrNotLoaded    = errors.New("IPVS is not loaded")
	ErrNotSupported = errors.New("not supported by this kernel")
	ErrNoMemory     = errors.New("the kernel is out of memory")
)

// Error says what was tried, on what, and why it failed.
type Error struct {
	// Op is the attempt in words: "add service", "list".
	Op string
	// Service and Server are zero where the attempt concerned none.
	Service ServiceID
	Server  netip.AddrPort
	// Err wraps a sentinel of this package, or is the system's own error.
	Err error
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	if e.Service != (ServiceID{}) {
		b.WriteByte(' ')
		b.WriteString(e.Service.String())
	}
	if e.Server.IsValid() {
		b.WriteByte(' ')
		b.WriteString(e.Server.String())
	}
	return b.String() + ": " + e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// Refusal is a change that the kernel did not take.
type Refusal struct {
	// Index is the change's place in the slice given to Apply.
	Index int
	Err   *Error
}

// Refusals is Apply's error when the kernel took part of the changes only, in
// ascending order of Index.
type Refusals []Refusal

func (r Refusals) Error() string {
	if len(r) == 1 {
		return r[0].Err.Error()
	}
	return fmt.Sprintf("%v (and %d more refusals)", r[0].Err, len(r)-1)
}

// Unwrap lets errors.Is and errors.As look into each refusal.
func (r Refusals) Unwrap() []error {
	out := make([]error, len(r))
	for i := range r {
		out[i] = r[i].Err
	}
	return out
}
