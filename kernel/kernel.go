// Package kernel is the thin layer over the Linux kernel's IP Virtual Server
// (IPVS): plain types, one client, one codec. It knows what the kernel can hold,
// and nothing about files, output or commands; those are in the packages that
// import it.
//
// The types build on every platform. Only Open needs Linux.
//
// Sources of facts: the kernel's include/uapi/linux/ip_vs.h (attributes,
// flags), net/netfilter/ipvs/ip_vs_ctl.c (refusals) and ip_vs_conn.c (/proc).
package kernel

import (
	"context"
	"iter"
	"strconv"
)

// Kernel is IPVS as the other packages see it. *Client is the real kernel and
// memory.Kernel one in memory; both pass the suite in kernel/contract.
//
// Errors are an *Error around a sentinel of this package. A Kernel may be used by
// one goroutine at a time.
type Kernel interface {
	// Info returns the version and the size of the connection table.
	Info(ctx context.Context) (Info, error)
	// Snapshot reads the whole table, or only the named services. If one of them
	// is missing, the error is ErrNoService.
	Snapshot(ctx context.Context, only ...ServiceID) (*Snapshot, error)
	// PublicSnapshot reads the part of the table that needs no privilege. See
	// Snapshot.Public.
	PublicSnapshot(ctx context.Context) (*Snapshot, error)
	// Services is Snapshot without servers, for callers that read the servers of
	// one service after another.
	Services(ctx context.Context, only ...ServiceID) (*Snapshot, error)
	// Servers reads the servers of a service, in the kernel's order. It reuses the
	// memory of into, which may be nil. A service that does not exist has none.
	Servers(ctx context.Context, of ServiceID, into []ServerEntry) ([]ServerEntry, error)

	// Apply sends the changes in order, in batches. A refused change does not stop
	// those after it; the error is then Refusals. Nothing is sent if one of the
	// changes names an impossible service or server (ErrInvalid). After any other
	// error it is not known how many of the changes were made.
	Apply(ctx context.Context, changes []Change) error
	// Zero sets the counters of the named services and their servers to zero, or
	// all counters if none is named.
	Zero(ctx context.Context, only ...ServiceID) error
	// Flush deletes every service, and their connections with them.
	Flush(ctx context.Context) error

	Timeouts(ctx context.Context) (Timeouts, error)
	SetTimeouts(ctx context.Context, t Timeouts) error

	// Interfaces returns the names of the network interfaces of this namespace,
	// which a sync daemon can use.
	Interfaces(ctx context.Context) ([]string, error)
	// Daemons returns the running sync daemons, master first.
	Daemons(ctx context.Context) ([]Daemon, error)
	StartDaemon(ctx context.Context, d Daemon) error
	StopDaemon(ctx context.Context, r Role) error

	// Connections iterates over the connection table in the kernel's order, each
	// entry once, as Listing does. The value is reused: copy what is needed beyond a
	// step. At most one error comes, at the end.
	Connections(ctx context.Context, from ConnectionSource) iter.Seq2[*Connection, error]
	// Totals returns the counters and rates of all services together.
	Totals(ctx context.Context) (Stats, error)
	// TableStatus returns the state of the hash tables. Before Linux 7 the error is
	// ErrNotSupported.
	TableStatus(ctx context.Context) ([]TableStatus, error)
	// Sysctls returns the settings of this namespace, sorted by name: all, or those
	// named. It leaves out what the kernel does not have.
	Sysctls(ctx context.Context, only ...string) ([]Sysctl, error)
	SetSysctl(ctx context.Context, name, value string) error

	Close() error
}

func appendUint(b []byte, n uint64) []byte { return strconv.AppendUint(b, n, 10) }

// Options configure Open.
type Options struct {
	// Netns is a network namespace: a name as in ip netns, a path, or pid:N.
	// Empty is the namespace of the caller.
	Netns string
	// Alone declares that no other goroutine has to run while the client waits for
	// the kernel. Reads then bypass the Go scheduler, which saves 5 to 20 % of the
	// time for 1,000 services. With other goroutines the whole process would block
	// when a read has to wait: IPVS locks its table while it loads a scheduler's
	// module.
	Alone bool
}
