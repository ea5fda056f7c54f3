package operate

import (
	"context"

	"lvs/operate/state"
)

// Declare sets the weights that undrain restores to those that were asked for meanwhile.
func (o *Operator) Declare(ctx context.Context, kept []Kept) {
	if others(kept) == 0 {
		return
	}
	if err := o.declare(ctx, kept); err != nil {
		o.tell(NotForgotten{err})
	}
}

// DeclareAlone is Declare for a command that changes nothing in the table: it is an entry of
// the journal all the same, for RewindAlone.
func (o *Operator) DeclareAlone(ctx context.Context, kept []Kept) {
	n := others(kept)
	if n == 0 {
		return
	}
	done := o.record(ctx, nil, n)
	err := o.declare(ctx, kept)
	if err != nil {
		o.tell(NotForgotten{err})
	}
	done(err)
}

// others counts the servers for which another weight was asked than undrain restores.
func others(kept []Kept) (n int) {
	for i := range kept {
		if kept[i].Asked != kept[i].Outage.Weight {
			n++
		}
	}
	return n
}

func (o *Operator) declare(ctx context.Context, kept []Kept) error {
	return o.changeWeights(ctx, func(w *state.Weights) error {
		for i := range kept {
			k := &kept[i]
			if r, known := w.Find(k.ServerKey); known && r.Out() && r.Weight != k.Asked {
				r.Declare(k.Asked, o.EntryID())
				w.Put(k.ServerKey, r)
			}
		}
		return nil
	})
}

// Rewind brings back the weights that undrain restored before a journal entry declared
// others.
func (o *Operator) Rewind(ctx context.Context, entry uint64) {
	if o.Table == "" || !o.State.HasWeights() {
		return
	}
	if err := o.rewind(ctx, entry); err != nil {
		o.tell(NotForgotten{err})
	}
}

// RewindAlone is Rewind for an entry that DeclareAlone made, and is an entry too. It returns
// the number of servers of which it changes the weight to restore. Zero means that nothing is
// left of the entry: the servers are no longer out of service.
func (o *Operator) RewindAlone(ctx context.Context, entry uint64) (int, error) {
	n, err := o.DeclaredBy(entry)
	if n == 0 || err != nil {
		return 0, err
	}
	done := o.record(ctx, nil, n)
	err = o.rewind(ctx, entry)
	done(err)
	return n, err
}

// DeclaredBy returns of how many servers Rewind changes the weight to restore. A damaged
// file is a state.UnreadableError.
func (o *Operator) DeclaredBy(entry uint64) (n int, err error) {
	all, err := o.All()
	for _, r := range all {
		if r.DeclaredBy(entry) {
			n++
		}
	}
	return n, err
}

func (o *Operator) rewind(ctx context.Context, entry uint64) error {
	return o.changeWeights(ctx, func(w *state.Weights) error {
		for key, r := range w.All() {
			if r.Rewind(entry, o.EntryID()) {
				w.Put(key, r)
			}
		}
		return nil
	})
}
