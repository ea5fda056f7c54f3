package kernel

import (
	"context"
	"iter"
	"strconv"
)

// Kernel is what the other rooms see of IPVS. *Client is the real one,
// memory.Kernel an in-memory one; both pass the suite in memory.
//
// Errors are *Error around a sentinel of this package. A Kernel may be used by
// one goroutine at a time.
type Kernel interface {
	// Info asks for the version and the size of the connection table.
	Info(ctx context.Context) (Info, error)
	// Snapshot reads the whole table, or just the services named. A named one
	// that is missing is ErrNoService.
	Snapshot(ctx context.Context, only ...ServiceID) (*Snapshot, error)
	// PublicSnapshot reads what needs no privilege. See Snapshot.Public.
	PublicSnapshot(ctx context.Context) (*Snapshot, error)
	// Services is Snapshot without servers, for who reads those one service
	// after the other.
	Services(ctx context.Context, only ...ServiceID) (*Snapshot, error)
	// Servers reads the servers of a service, in the kernel's order, into the
	// memory of a list that is no longer needed, or nil. A service that is gone
	// has none.
	Servers(ctx context.Context, of ServiceID, into []ServerEntry) ([]ServerEntry, error)

	// Apply sends the changes in order, in batches. A refused change does not
	// stop those after it; the error is then Refusals. Nothing is sent when one
	// of them names no possible service or server (ErrInvalid). Any other error
	// means that it is not known how many of the changes were made.
	Apply(ctx context.Context, changes []Change) error
	// Zero sets the counters of the named service and its servers to zero, or
	// all counters when none is named.
	Zero(ctx context.Context, only ...ServiceID) error
	// Flush deletes every service. Connections die with them.
	Flush(ctx context.Context) error

	Timeouts(ctx context.Context) (Timeouts, error)
	SetTimeouts(ctx context.Context, t Timeouts) error

	// Interfaces names the network interfaces of this namespace: those that a
	// sync daemon can use.
	Interfaces(ctx context.Context) ([]string, error)
	// Daemons lists the running sync daemons, master first.
	Daemons(ctx context.Context) ([]Daemon, error)
	StartDaemon(ctx context.Context, d Daemon) error
	StopDaemon(ctx context.Context, r Role) error

	// Connections walks the connection table in the kernel's order. The value
	// is reused: what is kept beyond a step must be copied. At most one error
	// comes, at the end.
	Connections(ctx context.Context, from ConnectionSource) iter.Seq2[*Connection, error]
	// Totals are the counters and rates of all services together.
	Totals(ctx context.Context) (Stats, error)
	// TableStatus describes the hash tables. ErrNotSupported before Linux 7.
	TableStatus(ctx context.Context) ([]TableStatus, error)
	// Sysctls lists the settings of this namespace by name.
	Sysctls(ctx context.Context) ([]Sysctl, error)
	SetSysctl(ctx context.Context, name, value string) error

	Close() error
}

func appendUint(b []byte, n uint64) []byte { return strconv.AppendUint(b, n, 10) }
