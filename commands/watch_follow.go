package commands

import (
	"context"
	"errors"
	"syscall"
	"time"

	"lvs/kernel"
	"lvs/output"
)

// watcher looks at a table again and again and tells what is different.
type watcher struct {
	app *App
	// ids are the services to watch, in canonical order. Empty is the whole table.
	ids      []kernel.ServiceID
	interval time.Duration
	// count is after how many intervals it ends. Zero is never.
	count          uint64
	rates, initial bool
	meters         meters
	stream         *output.EventStream

	last *look
	next time.Time
	// public is set once privilege turned out to be missing.
	public bool
	// failure is why the table cannot be read at present. Nil is that it can.
	failure error
	// gone is set where IPVS was unloaded and has not been opened since.
	gone bool
}

// begin looks for the first time. Here every failure is the end.
func (w *watcher) begin(ctx context.Context) (err error) {
	if w.last, _, err = w.settled(ctx); err != nil {
		return err
	}
	w.next = w.app.Now()
	if w.rates {
		for range w.meters.read(w.last) { // there is nothing to compare it with yet
		}
		if err := w.checkEstimation(ctx); err != nil {
			return err
		}
	}
	if w.initial {
		nothing := &look{Snapshot: &kernel.Snapshot{Public: w.last.Public}}
		if err := w.tell(w.last.Time, nothing.changesTo(w.last), true); err != nil {
			return err
		}
	}
	return w.stream.Flush()
}

// follow looks after each interval until the last one, or for ever.
func (w *watcher) follow(ctx context.Context) error {
	for n := uint64(0); w.count == 0 || n < w.count; n++ {
		if err := w.wait(ctx); err != nil {
			return err
		}
		if err := w.step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// wait sleeps until the next look is due. A machine too slow for the interval
// leaves looks out rather than do nothing else.
func (w *watcher) wait(ctx context.Context) error {
	now := w.app.Now()
	if w.next = w.next.Add(w.interval); !w.next.After(now) {
		w.next = now.Add(w.interval)
	}
	if err := w.app.Sleep(ctx, w.next.Sub(now)); err != nil {
		return err
	}
	if readerGone(w.app.Out) {
		return syscall.EPIPE
	}
	return nil
}

func (w *watcher) step(ctx context.Context) error {
	now, changes, err := w.settled(ctx)
	if err != nil {
		return w.missed(ctx, err)
	}
	w.found()
	if err := w.tell(now.Time, changes, false); err != nil {
		return err
	}
	if w.rates {
		for e := range w.meters.read(now) {
			if err := w.stream.Add(&e); err != nil {
				return err
			}
		}
	}
	w.last = now
	return w.stream.Flush()
}

func (w *watcher) tell(at time.Time, changes []output.Change, initial bool) error {
	for i := range changes {
		if err := w.stream.Add(&output.Event{Time: at, Initial: initial, Change: changes[i]}); err != nil {
			return err
		}
	}
	return nil
}

// missed says once why the table cannot be read, and lets the watch go on.
func (w *watcher) missed(ctx context.Context, err error) error {
	gone := errors.Is(err, kernel.ErrNotLoaded)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case w.rates && errors.Is(err, kernel.ErrPermission):
		return err
	case w.failure != nil && (w.failure.Error() == err.Error() || gone && errors.Is(w.failure, kernel.ErrNotLoaded)):
	case gone:
		w.app.note("IPVS is no longer loaded: waiting until it is back")
	default:
		w.app.note("%v: trying again", err)
	}
	w.failure, w.gone = err, w.gone || gone
	return nil
}

func (w *watcher) found() {
	switch {
	case w.failure == nil:
	case errors.Is(w.failure, kernel.ErrNotLoaded):
		w.app.note("IPVS is back")
	default:
		w.app.note("the table can be read again")
	}
	w.failure = nil
}
