package kernel

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// The reasons why the kernel refuses a request, or cannot be asked. Test with
// errors.Is.
var (
	ErrExists       = errors.New("already exists")
	ErrNoService    = errors.New("no such service")
	ErrNoServer     = errors.New("no such server")
	ErrNoScheduler  = errors.New("no such scheduler or persistence engine")
	ErrNoInterface  = errors.New("no such network interface")
	ErrNoDaemon     = errors.New("the sync daemon is not running")
	ErrNoSysctl     = errors.New("no such setting")
	ErrNoNamespace  = errors.New("no such network namespace")
	ErrInvalid      = errors.New("refused by the kernel as invalid")
	ErrRange        = errors.New("weight or thresholds out of range")
	ErrPermission   = errors.New("permission denied")
	ErrNotLoaded    = errors.New("IPVS is not loaded")
	ErrNotSupported = errors.New("not supported by this kernel")
	ErrNoMemory     = errors.New("the kernel is out of memory")

	// ErrLoopbackDown and ErrMixedFamilies are ErrInvalid with a known cause.
	ErrLoopbackDown error = invalid("refused by the kernel: the network interface lo is down")
	// ErrMixedFamilies: a sync daemon cannot send the connections of a service that has a
	// server of the other family, so the kernel refuses the one while the other is there.
	ErrMixedFamilies error = invalid("refused by the kernel: " +
		"a server of another family than its service excludes sync daemons")
)

// invalid is ErrInvalid with a more precise text.
type invalid string

func (e invalid) Error() string        { return string(e) }
func (e invalid) Is(target error) bool { return target == ErrInvalid }

// UnknownName is ErrNoScheduler where the answer can mean only one of the two names.
type UnknownName struct {
	Engine bool // the name of a persistence engine, not of a scheduler
	Name   string
}

func (e *UnknownName) Error() string {
	if e.Engine {
		return fmt.Sprintf("no such persistence engine %q", e.Name)
	}
	return fmt.Sprintf("no such scheduler %q", e.Name)
}

// Is reports whether target is ErrNoScheduler.
func (e *UnknownName) Is(target error) bool { return target == ErrNoScheduler }

// NoScheduler returns the error for a service of which the kernel does not have the
// scheduler or the persistence engine. Its answer is the same for both, and it looks for the
// scheduler first (ip_vs_add_service). Without an engine, or if Linux has a name and not the
// other, the error is an *UnknownName; else it is ErrNoScheduler: either may be a module
// that is missing.
func NoScheduler(s *Service) error {
	switch {
	case s.Engine == "" || !slices.Contains(Schedulers(), s.Scheduler):
		return &UnknownName{Name: s.Scheduler}
	case !slices.Contains(Engines(), s.Engine):
		return &UnknownName{Engine: true, Name: s.Engine}
	}
	return ErrNoScheduler
}

// Error holds what was tried, on which object, and why it failed.
type Error struct {
	// Op is what the caller asked for, in words that the object can follow: "add
	// service", "list services", "zero the counters of". It names no step within
	// the client.
	Op string
	// Service and Server are zero if the request concerns no single object.
	Service ServiceID
	Server  netip.AddrPort
	// Err wraps a sentinel of this package, or is the system's own error.
	Err error
}

// WithOp returns err with another Op if it is an *Error, or err as it is. A
// command that reads the table before it changes a server reports the change
// that failed (op "edit server"), not the read.
func WithOp(op string, err error) error {
	e, ok := err.(*Error)
	if !ok {
		return err
	}
	return &Error{Op: op, Service: e.Service, Server: e.Server, Err: e.Err}
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
