// Package operate carries changes out as a careful operator would: it records them
// before they are made, waits for connections to end, changes weights in small steps,
// and knows how to undo them. The command line and the dashboard use it, and a daemon can.
// It reports data, never sentences: what happens is an Event, what fails is an error
// with its own type.
package operate

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lvs/kernel"
	"lvs/operate/state"
	"lvs/plan"
	"lvs/plan/journal"
)

// Operator changes one table. Its changes are one entry of the journal, however
// many there are.
type Operator struct {
	Kernel kernel.Kernel
	// Netns is the name of the network namespace, empty for the caller's own.
	Netns string
	// Table is the identity of the table (kernel.Identity). If it is empty, nothing is
	// recorded or remembered, and NoTable is the reason.
	Table   string
	NoTable error
	// Journal records the changes. Nil records nothing.
	Journal *journal.Journal
	// Describe returns the user, the command and the entry that the changes undo, for the
	// journal and for jobs. The other fields are filled in.
	Describe func() journal.Entry
	// Reason is why the user does it, in their words. It may be empty.
	Reason string
	// State remembers weights and jobs.
	State state.Folder
	Now   func() time.Time
	// Sleep waits. It returns early, with the context's error, if that ends.
	Sleep func(ctx context.Context, d time.Duration) error
	// Start starts the process that waits for a job, and returns when that process has
	// opened the table. If done is not nil, the time of the job begins when done can be
	// read to its end.
	Start func(j *state.HeldJob, done *os.File) error
	// Tell receives the events. Nil ignores them.
	Tell func(Event)

	// Sent is set once a change may have reached the kernel.
	Sent bool

	written written
}

// Event is something that happens while changes are carried out: one of the types
// below.
type Event any

// The events.
type (
	// Unrecorded means that the journal does not have the whole change. It is sent
	// once. Err is journal.ErrTooLarge if only undo is impossible.
	Unrecorded struct{ Err error }
	// SetAside means that the remembered weights were damaged and are forgotten.
	SetAside struct{ *state.UnreadableError }
	// Unremembered means that the weights of servers cannot be remembered. The servers
	// are drained nevertheless.
	Unremembered struct {
		Err     error
		Servers []Member
	}
	// NotForgotten means that the remembered weights could not be changed.
	NotForgotten struct{ Err error }
	// CalledOff means that a job was canceled, because it has nothing left to do.
	CalledOff struct{ state.Job }
	// Progress is how many of the changes are made.
	Progress struct{ Done, Total int }
	// Deleting has what is cut by the deletions that follow a wait, right before them.
	Deleting struct{ Cost plan.Cost }
	// DrainProgress is the state of the servers that are being drained.
	DrainProgress struct{ Servers []Drain }
	// WaitEnded means that the wait for servers is over. Cut are those that still had
	// connections at the end of the time.
	WaitEnded struct {
		After time.Duration
		Cut   []Drain
	}
	// LeftAlone has the steps that are not taken because the table was changed by
	// someone else during the wait.
	LeftAlone struct{ Steps plan.Steps }
	// Quiesced means that servers to be deleted have the weight 0 and were not deleted,
	// because the work was interrupted.
	Quiesced struct{}
	// Unprivileged means that only what every user can read is known.
	Unprivileged struct{}
)

func (o *Operator) tell(e Event) {
	if o.Tell != nil {
		o.Tell(e)
	}
}

// The kinds of jobs.
const (
	UndrainJob = "undrain" // restores weights
	ConfirmJob = "confirm" // undoes an apply that nobody confirmed
)

// Later starts a process that runs a command line of lvs on this table after a time,
// even if this process ends. state.ThisJob in the arguments stands for the job's ID.
//
// The command should check the table before it acts: others may have changed it
// meanwhile.
func (o *Operator) Later(kind string, wait time.Duration, args ...string) (state.Job, error) {
	j, err := o.promise(kind, wait, nil, args)
	return j, err
}

// LaterAfter is Later, with a time that is counted from the call of begin, or from the end
// of this process, whatever ends it.
func (o *Operator) LaterAfter(kind string, wait time.Duration, args ...string) (j state.Job, begin func(), err error) {
	done, working, err := os.Pipe()
	if err != nil {
		return j, nil, err
	}
	defer done.Close()
	if j, err = o.promise(kind, wait, done, args); err != nil {
		working.Close()
		return j, nil, err
	}
	return j, func() { working.Close() }, nil
}

func (o *Operator) promise(kind string, wait time.Duration, done *os.File, args []string) (state.Job, error) {
	if o.Table == "" {
		return state.Job{}, o.noTable()
	}
	who := journal.Entry{}
	if o.Describe != nil {
		who = o.Describe()
	}
	netns := absoluteNetns(o.Netns)
	j := state.Job{Kind: kind, Table: o.Table, Netns: netns, Wait: wait, Args: args,
		Command: who.Command, User: cmp.Or(who.SudoUser, who.User)}
	if netns != "" {
		j.Args = append(slices.Clip(j.Args), "--netns", netns)
	}
	held, err := o.State.NewJob(o.Now(), j, done != nil)
	if err != nil {
		return j, err
	}
	defer held.File.Close()
	if err := o.Start(held, done); err != nil {
		o.State.CallOff(held.ID)
		return held.Job, err
	}
	return held.Job, nil
}

// absoluteNetns returns the name of a namespace for a process in another folder.
func absoluteNetns(name string) string {
	if strings.Contains(name, "/") {
		if path, err := filepath.Abs(name); err == nil {
			return path
		}
	}
	return name
}
