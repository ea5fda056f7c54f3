package director

import (
	"context"
	"errors"

	"lvs/director/health"
	"lvs/kernel"
)

// ErrNotOwned means that the files of the director do not have a server that was named. The
// error around it names the server.
var ErrNotOwned = errors.New("the director does not have this server")

// Control is what the socket needs of a director. *Director has it, and tests have a small
// one of their own. Its methods may be called by several goroutines at once.
type Control interface {
	// Status returns the newest state. It never waits for the kernel.
	Status() *Status
	// Events returns the events after an ID, oldest first, and a channel that is closed when
	// there is a newer one. Only the newest events are kept; missed is how
	// many after the ID are not.
	Events(after uint64) (events []Event, missed uint64, more <-chan struct{})
	// Decide carries out a decision and returns the servers as they are then. It fails as a
	// whole if a server is not one of the director's (ErrNotOwned).
	Decide(ctx context.Context, d Decision) ([]ServerStatus, error)
	// Check asks all checks of some servers now and returns the servers after the answers.
	Check(ctx context.Context, servers []kernel.ServerKey) ([]ServerStatus, error)
	// Reload reads the files again. The error is cluster.Faults, or why a file could not be
	// read; then nothing has changed.
	Reload(ctx context.Context) error
	// RunLater takes over a job of the state folder: it is run when it is due.
	RunLater(ctx context.Context, id string) error
	// Leave prepares the end of this director: it hands over to another one, as far as
	// there is one, waits until traffic has left or the context ends, and ends Run.
	Leave(ctx context.Context) error
}

// Prober asks the checks. *health.Engine is one, and tests have one with results of their
// own.
type Prober interface {
	// Set replaces the probes that are asked. Probes that stay keep their state. known
	// returns the state that a new one begins with, if there is one from before.
	Set(probes []health.Probe, known func(health.Key) (health.State, bool))
	// Ask asks probes now, besides their own times.
	Ask(keys ...health.Key)
	// Stats returns the numbers of results, of late probes and of local lacks.
	Stats() (done, late, local uint64)
	// Run asks until the context ends, and then ends all probes that are under way. Reports
	// go to the function that the prober was made with.
	Run(ctx context.Context) error
}
