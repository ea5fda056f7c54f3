package commands

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"time"

	"lvs/plan"
	"lvs/plan/journal"
)

// journalTime is how long a change waits for its journal: for others who write
// to it, and for a disk that does not answer.
const journalTime = 2 * time.Second

// record writes into the journal what is about to be changed, and gives what is
// to be called with the outcome. It comes right before the first message to the
// kernel: whatever happens after that, lvs undo finds the way back.
//
// A journal that cannot be written is no reason not to change anything: it is
// told once, and done does nothing.
func (a *App) record(ctx context.Context, objects []plan.Object) (done func(error)) {
	nothing := func(error) {}
	if a.Identity == nil || len(objects) == 0 || a.written.broken {
		return nothing
	}
	table, err := a.Identity(a.global.netns)
	if err != nil {
		a.unrecorded(err)
		return nothing
	}
	e := journal.Entry{
		Time: a.Now(), Command: shellLine(a.Name, a.args), Netns: a.global.netns, Table: table,
		Undoes: a.undoes, Objects: objects, SudoUser: a.Env("SUDO_USER"),
	}
	e.User, e.UID = currentUser()
	j := &journal.Journal{Dir: a.stateDir()}
	w := &a.written
	entry := w.entry
	id, err := inTime(ctx, func(ctx context.Context) (id uint64, err error) {
		if entry != 0 {
			id, err = entry, j.More(ctx, entry, objects)
		} else {
			id, err = j.Begin(ctx, e)
		}
		if err != nil {
			j.Close()
		}
		return id, err
	})
	if err != nil {
		a.unrecorded(err)
	}
	if err != nil && !errors.Is(err, journal.ErrTooLarge) {
		w.broken = true
		return nothing
	}
	w.entry = id
	return func(failure error) {
		w.add(failure, objects)
		end := w.end()
		_, err := inTime(ctx, func(ctx context.Context) (uint64, error) {
			defer j.Close()
			return id, j.End(ctx, id, end)
		})
		if err != nil {
			a.unrecorded(err)
		}
	}
}

// unfinished writes that a command which wanted to do more was broken off: an undo
// that was is none.
func (a *App) unfinished(ctx context.Context, cause error) {
	a.written.unknown, a.written.problem = true, oneLine(cause.Error())
	a.writeEnd(ctx)
}

// finished takes back unfinished: a command that does its work in two parts says
// so between them, in case it is killed there.
func (a *App) finished(ctx context.Context) {
	a.written.unknown, a.written.problem = false, ""
	a.writeEnd(ctx)
}

func (a *App) writeEnd(ctx context.Context) {
	w := &a.written
	if w.entry == 0 || w.broken {
		return
	}
	end := w.end()
	j := &journal.Journal{Dir: a.stateDir()}
	_, err := inTime(ctx, func(ctx context.Context) (uint64, error) {
		defer j.Close()
		return w.entry, j.End(ctx, w.entry, end)
	})
	if err != nil {
		a.unrecorded(err)
	}
}

// inTime gives up waiting where the journal does not answer, and leaves it to
// whoever hangs in it. The end of the command is no reason not to write how it
// ended.
func inTime(ctx context.Context, do func(context.Context) (uint64, error)) (uint64, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), journalTime)
	defer cancel()
	type answer struct {
		id  uint64
		err error
	}
	got := make(chan answer, 1)
	go func() {
		id, err := do(ctx)
		got <- answer{id, err}
	}()
	select {
	case a := <-got:
		return a.id, a.err
	case <-ctx.Done():
		return 0, errors.New("it does not answer")
	}
}

// unrecorded tells once that the journal has not got everything.
func (a *App) unrecorded(err error) {
	if a.written.told {
		return
	}
	a.written.told = true
	if errors.Is(err, journal.ErrTooLarge) {
		a.note("the change is too large for the journal: %s undo cannot take it back", a.Name)
		return
	}
	if path := (*fs.PathError)(nil); !errors.As(err, &path) {
		a.note("not in the journal, in %s: %v", a.stateDir(), err)
		return
	}
	a.note("not in the journal: %v", err)
}

// currentUser is who runs the program, as the kernel knows it. A user without a
// name has a number.
func currentUser() (name string, uid int) {
	uid = os.Getuid()
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username, uid
	}
	return strconv.Itoa(uid), uid
}
