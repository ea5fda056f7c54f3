// Package operate carries changes out as a careful operator would: it records
// them before they are made, waits for connections to end, goes to weights in
// small steps, and knows the way back. The command line, the dashboard and the
// director use it alike. It reports data, never sentences: what happens on the
// way is an Event, what fails is an error with a type of its own.
package operate

import (
	"context"
	"time"

	"lvs/kernel"
	"lvs/operate/state"
	"lvs/plan/journal"
)

// Operator changes one table. Its changes are one entry of the journal, however
// many there are.
type Operator struct {
	Kernel kernel.Kernel
	// Netns is the network namespace as it was named, empty for the caller's own.
	Netns string
	// Table is the identity of the table (kernel.Identity). If it is empty nothing
	// is recorded and nothing remembered, and NoTable says why.
	Table   string
	NoTable error
	// Journal takes what is changed. Nil records nothing.
	Journal *journal.Journal
	// Describe returns what the journal says of these changes: user, command, the
	// entry that they undo. The rest is filled in. It is called once.
	Describe func() journal.Entry
	// State remembers weights and jobs.
	State state.Folder
	Now   func() time.Time
	// Sleep waits. It ends early with the context's error when that ends.
	Sleep func(ctx context.Context, d time.Duration) error
	// Start starts the process that waits for a job, and returns when that process
	// holds it.
	Start func(state.Job) error
	// Tell takes what happens on the way. Nil ignores it.
	Tell func(Event)

	// Sent is set once a change may have reached the kernel.
	Sent bool

	written written
}

// Event is something that happens while changes are carried out. It is one of
// the types below.
type Event any

// The events.
type (
	// Unrecorded says that the journal does not have all of a change. It comes
	// once. Err is journal.ErrTooLarge if only the way back is missing.
	Unrecorded struct{ Err error }
	// SetAside says that the remembered weights were damaged and are forgotten.
	SetAside struct{ *state.UnreadableError }
	// Unremembered says that the weights of servers cannot be remembered. They
	// are drained all the same.
	Unremembered struct {
		Err     error
		Servers []Member
	}
	// NotForgotten says that what is remembered of weights could not be changed.
	NotForgotten struct{ Err error }
	// CalledOff says that a job has nothing left to do and will not run.
	CalledOff struct{ state.Job }
	// Progress says how many changes of many are made.
	Progress struct{ Done, Total int }
	// Deleting says which servers are about to be deleted from services that
	// stay, with their connections.
	Deleting struct{ Servers []kernel.ServerEntry }
	// DrainProgress says where servers stand that are waited for.
	DrainProgress struct{ Servers []Drain }
	// WaitEnded says that no server is waited for any more. Cut are those that
	// had connections when the time was over.
	WaitEnded struct {
		After time.Duration
		Cut   []Drain
	}
	// LeftAlone says what is not done because the table was changed by someone
	// else during the wait.
	LeftAlone struct{ Steps Steps }
	// Quiesced says that servers that were to go have the weight 0 and are not
	// deleted, because the work was broken off.
	Quiesced struct{}
	// Unprivileged says that only what everyone may read is seen.
	Unprivileged struct{}
)

func (o *Operator) tell(e Event) {
	if o.Tell != nil {
		o.Tell(e)
	}
}
