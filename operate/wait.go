package operate

import (
	"context"
	"fmt"
	"time"

	"lvs/kernel"
)

const (
	firstPause = 200 * time.Millisecond // between readings of the table
	lastPause  = time.Second
)

// Poll calls look until it is done or fails, or the context ends. every is the time
// between calls; zero means 0.2 s at first, growing to one second.
func (o *Operator) Poll(ctx context.Context, every time.Duration, look func() (done bool, err error)) error {
	return o.pollAtMost(ctx, every, func() (bool, time.Duration, error) {
		done, err := look()
		return done, lastPause, err
	})
}

// pollAtMost is like Poll, and look returns the longest allowed pause.
func (o *Operator) pollAtMost(ctx context.Context, every time.Duration,
	look func() (done bool, most time.Duration, err error)) error {
	for pause := firstPause; ; pause = min(pause*5/4, lastPause) {
		done, most, err := look()
		if done || err != nil {
			return err
		}
		wait := min(pause, most)
		if every > 0 {
			wait = every
		}
		if err := o.Sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// ServingError means that a server that is being drained has a weight again.
type ServingError struct{ Drain }

func (e *ServingError) Error() string {
	return fmt.Sprintf("%v in %v has the weight %d", e.Server, e.Service, e.Weight)
}

// AwaitDrained waits until servers are drained or deleted. After each reading it calls
// seen, if not nil, and then sends DrainProgress. It returns the servers' last state,
// also with an error; a server that gets a weight again is a ServingError.
func (o *Operator) AwaitDrained(ctx context.Context, w *Watch, servers []Member, remembered map[kernel.ServerKey]int,
	seen func([]Drain) error) (last []Drain, err error) {
	err = o.Poll(ctx, 0, func() (bool, error) {
		now, err := w.Look(ctx, servers, remembered)
		if err != nil {
			return false, err
		}
		last = now
		if seen != nil {
			if err := seen(last); err != nil {
				return false, err
			}
		}
		done := true
		for i := range last {
			switch last[i].State {
			case Serving:
				return false, &ServingError{last[i]}
			case Draining:
				done = false
			}
		}
		if !done {
			o.tell(DrainProgress{last})
		}
		return done, nil
	})
	return last, err
}

// Active returns the number of active connections of servers.
func Active(servers []Drain) (n uint64) {
	for i := range servers {
		n += uint64(servers[i].Active)
	}
	return n
}
