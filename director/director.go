package director

import (
	"context"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"lvs/director/health"
	"lvs/kernel"
	"lvs/operate/state"
	"lvs/plan/journal"
)

// Options are what a director works with.
type Options struct {
	// Kernel is used by one goroutine, the one that calls Run.
	Kernel kernel.Kernel
	// Netns is the name of the network namespace, empty for the program's own. Table is the
	// identity of its table (kernel.Identity).
	Netns, Table string
	// State is the state folder. Without one (an empty Dir) nothing is remembered, and that
	// is an alarm.
	State state.Folder
	// Journal records the changes. Nil records nothing.
	Journal *journal.Journal
	// Describe returns the user and the command line for the journal. Nil is the process's
	// user ID and "lvs director run".
	Describe func() journal.Entry
	// Load reads the cluster files. It is called by Run, and by each Reload, in the
	// goroutine of its caller.
	Load func(ctx context.Context) (*Model, error)
	// Prober makes the checks; report may be called by any goroutine and never waits.
	Prober func(report func(health.Report)) Prober
	// Network shows the director's own way to the servers (Host). Nil: it is not known, and
	// the director never doubts what it sees.
	Network Network
	// Connections is a kernel of its own for passive health, which reads the table of
	// connections in another goroutine. Nil: there is no passive health.
	Connections PassiveKernel
	// RunJob runs the command line of a job of the state folder that is due (RunLater). It
	// is called in a goroutine of its own. Nil refuses jobs.
	RunJob func(ctx context.Context, j state.Job) error
	// Now returns the time. Nil is time.Now.
	Now func() time.Time
	// Version is that of the program.
	Version string
	// Ready is called once, when the first pass over the table is done. Alive is called at
	// least once a second while all is well, for a watchdog. Nil is allowed.
	Ready, Alive func()
}

// ErrNotRunning means that the director does not run yet, or any more.
var ErrNotRunning = errors.New("the director does not run")

// NotOwnedError has the servers that are not the director's. It is an ErrNotOwned.
type NotOwnedError struct{ Servers []kernel.ServerKey }

func (e *NotOwnedError) Error() string {
	text := ErrNotOwned.Error() + ":"
	for _, k := range e.Servers {
		text += " " + k.Server.String() + " of " + k.Service.String()
	}
	return text
}

// Unwrap returns ErrNotOwned.
func (e *NotOwnedError) Unwrap() error { return ErrNotOwned }

// Director keeps a table as the cluster files want it. New returns one.
//
// The goroutine of Run owns the core; every other method sends it a request, or reads what
// it has published.
type Director struct {
	*core
	status   atomic.Pointer[Status]
	mail     *mailbox
	requests chan request
	begun    chan struct{} // closed when Run has begun
	ended    chan struct{} // closed when Run has ended
	loading  sync.Mutex
}

// request is a call that the goroutine of Run carries out.
type request struct {
	do   func(context.Context)
	done chan struct{}
}

var _ Control = (*Director)(nil)

// New returns a director that does not run yet.
func New(o Options) *Director {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Describe == nil {
		o.Describe = func() journal.Entry { return journal.Entry{UID: os.Getuid(), Command: "lvs director run"} }
	}
	d := &Director{core: newCore(o), mail: newMailbox(), requests: make(chan request),
		begun: make(chan struct{}), ended: make(chan struct{})}
	d.status.Store(d.core.snapshot())
	return d
}

// Run reads the files and keeps the table until the context or Leave ends it, or until
// the start fails: because of the files (the error of Load), because another director has
// the table (RunningError), or because the table cannot be read. It can be called once.
func (d *Director) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer close(d.ended)
	unlock, err := d.lock()
	if err != nil {
		return err
	}
	defer unlock()
	model, err := d.o.Load(ctx)
	if err != nil {
		return err
	}
	d.prober = d.o.Prober(d.mail.put)
	if d.o.Network != nil {
		d.doubt.reach = NewReach(d.o.Network)
	}
	d.follow = d.follower(ctx)
	if d.o.Connections != nil {
		d.watch = NewPassiveWatch(d.o.Connections, d.o.Now, d.mail.putSuspects)
	}
	if err := d.begin(ctx, model); err != nil {
		return err
	}
	d.publish()
	probing := make(chan error, 1)
	go func() {
		defer close(probing)
		probing <- d.prober.Run(ctx)
	}()
	watching := d.watchPassive(ctx)
	close(d.begun)
	if d.o.Ready != nil {
		d.o.Ready()
	}
	err = d.loop(ctx, probing)
	cancel()
	for range probing { // until it has ended
	}
	<-watching
	stopped, free := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer free()
	return errors.Join(err, d.stop(stopped))
}

// watchPassive watches until the context ends. The channel is closed then.
func (d *Director) watchPassive(ctx context.Context) <-chan struct{} {
	ended := make(chan struct{})
	if d.watch == nil {
		close(ended)
		return ended
	}
	go func() {
		defer close(ended)
		d.watch.Run(ctx)
	}()
	return ended
}

// follower returns a function that follows the role of one source at a time.
func (d *Director) follower(ctx context.Context) func(*RoleSource) {
	end := func() {}
	return func(s *RoleSource) {
		if end(); s == nil {
			return
		}
		var one context.Context
		one, end = context.WithCancel(ctx)
		go s.Follow(one, d.mail.putRole)
	}
}

// stopTime is how long the end of Run may take.
const stopTime = 5 * time.Second

// loop works until the context ends, the director leaves, or the prober fails.
func (d *Director) loop(ctx context.Context, probing <-chan error) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for !d.leaving {
		role, suspects := d.mail.others()
		if role != nil {
			d.setRole(role.role, role.err)
		}
		if suspects != nil {
			d.suspect(suspects)
		}
		wait := d.work(ctx, d.mail.take())
		d.publish()
		if d.o.Alive != nil {
			d.o.Alive()
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return nil
		case err := <-probing:
			if ctx.Err() != nil {
				return nil // they end with it, and may be first
			}
			return errors.Join(errors.New("the checks have ended"), err)
		case r := <-d.requests:
			r.do(ctx)
			d.publish()
			close(r.done)
		case <-d.mail.came:
		case <-timer.C:
		}
	}
	return nil
}

// publish makes the state visible to Status. It costs nothing if nobody looks.
func (d *Director) publish() {
	if d.news {
		d.news = false
		d.status.Store(d.core.snapshot())
	}
}

// statusTime is how long Status waits for the newest results of checks. On a busy machine a
// pass over a large table takes some tenths of a second.
const statusTime = time.Second

// Status implements Control. Numbers of checks are not published with every result: it
// asks the goroutine of Run for them, and returns what was published last if that is at
// work with the kernel.
func (d *Director) Status() *Status {
	ctx, cancel := context.WithTimeout(context.Background(), statusTime)
	defer cancel()
	_ = d.call(ctx, func(context.Context) { d.news = true })
	return d.status.Load()
}

// call carries out a request in the goroutine of Run.
func (d *Director) call(ctx context.Context, do func(context.Context)) error {
	select {
	case <-d.begun:
	default:
		return ErrNotRunning
	}
	r := request{do, make(chan struct{})}
	select {
	case d.requests <- r:
	case <-d.ended:
		return ErrNotRunning
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-r.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Events implements Control.
func (d *Director) Events(after uint64) (events []Event, missed uint64, more <-chan struct{}) {
	return d.events.after(after)
}

// Reload implements Control.
func (d *Director) Reload(ctx context.Context) error {
	d.loading.Lock()
	defer d.loading.Unlock()
	model, err := d.o.Load(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	bad := d.call(ctx, func(ctx context.Context) {
		if err != nil {
			d.refuse(err)
		} else {
			err = d.load(ctx, model)
		}
	})
	return errors.Join(err, bad)
}

// Leave implements Control.
func (d *Director) Leave(ctx context.Context) error {
	if err := d.call(ctx, func(context.Context) { d.leaving = true }); err != nil {
		return err
	}
	select {
	case <-d.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
