package operate

import (
	"context"
	"slices"
	"strings"
	"time"

	"lvs/kernel"
	"lvs/operate/state"
)

// ReleaseJob restores settings when the process that has borrowed them has ended without
// doing it.
const ReleaseJob = "release"

// Borrowed are settings that are on until they are given back.
type Borrowed struct {
	op    *Operator
	names []string
	job   state.Job
	begin func()
}

// Borrow switches settings of the kernel on until GiveBack, or until this process ends,
// whatever ends it: a background process restores them then, and if that was killed too,
// RestoreBroken of the next command. Settings that are on, and were not switched on by
// another process that borrows them, stay on.
func (o *Operator) Borrow(ctx context.Context, names ...string) (*Borrowed, error) {
	if o.Table == "" {
		return nil, o.noTable()
	}
	unlock, err := o.State.Lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	settings, err := o.Kernel.Sysctls(ctx, names...)
	if err != nil {
		return nil, err
	}
	others := o.borrowed()
	b := &Borrowed{op: o}
	for _, name := range names {
		if on, known := kernel.Switch(settings, name); known && (!on || slices.Contains(others, name)) {
			b.names = append(b.names, name)
		}
	}
	if len(b.names) == 0 {
		return b, nil
	}
	b.job, b.begin, err = o.LaterAfter(ReleaseJob, 0, append([]string{"release"}, b.names...)...)
	if err != nil {
		return nil, err
	}
	for _, name := range b.names {
		if err := o.Kernel.SetSysctl(ctx, name, "1"); err != nil {
			return nil, b.end(ctx, err)
		}
	}
	return b, nil
}

// Names returns the settings that were switched on.
func (b *Borrowed) Names() []string { return b.names }

// restoreTime is how long restoring settings may take, even after the context has ended.
const restoreTime = 5 * time.Second

// GiveBack restores the settings, also if ctx has ended. Another process that has
// borrowed them too restores them instead.
func (b *Borrowed) GiveBack(ctx context.Context) error {
	if len(b.names) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), restoreTime)
	defer cancel()
	unlock, err := b.op.State.Lock(ctx)
	if err != nil {
		return err // the background process restores them
	}
	defer unlock()
	return b.end(ctx, nil)
}

// end restores the settings, and calls the background process off if that succeeds. It
// returns the cause, or why they cannot be restored.
func (b *Borrowed) end(ctx context.Context, cause error) error {
	err := b.op.switchOff(context.WithoutCancel(ctx), b.names, b.job.ID)
	if err == nil {
		b.op.State.CallOff(b.job.ID)
		b.begin()
		b.names = nil
	}
	if cause != nil {
		return cause
	}
	return err
}

// RestoreSettings switches borrowed settings off again, for a process that has ended.
func (o *Operator) RestoreSettings(ctx context.Context, names []string) error {
	unlock, err := o.State.Lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return o.switchOff(ctx, names, "")
}

// RestoreBroken restores the settings of commands that were killed together with their
// background process, and returns the names.
func (o *Operator) RestoreBroken(ctx context.Context) (names []string, err error) {
	if o.Table == "" {
		return nil, nil
	}
	for _, j := range o.State.Broken() {
		if j.Kind != ReleaseJob || j.Table != o.Table {
			continue
		}
		if err := o.RestoreSettings(ctx, settingsOf(&j)); err != nil {
			return names, err
		}
		if o.State.CallOff(j.ID) {
			names = append(names, settingsOf(&j)...)
		}
	}
	return names, nil
}

// switchOff sets settings to 0 that are still 1, and that no other process has borrowed
// than the one with this job.
func (o *Operator) switchOff(ctx context.Context, names []string, job string) error {
	settings, err := o.Kernel.Sysctls(ctx, names...)
	if err != nil {
		return err
	}
	others := o.borrowed(job)
	for _, s := range settings {
		if s.Value != "1" || slices.Contains(others, s.Name) {
			continue
		}
		if err := o.Kernel.SetSysctl(ctx, s.Name, "0"); err != nil {
			return err
		}
	}
	return nil
}

// borrowed returns the settings that processes have borrowed now, but not those of a job.
func (o *Operator) borrowed(except ...string) (names []string) {
	for _, j := range o.State.Jobs(o.Table, ReleaseJob) {
		if !slices.Contains(except, j.ID) {
			names = append(names, settingsOf(&j)...)
		}
	}
	return names
}

// settingsOf returns the settings that a job restores.
func settingsOf(j *state.Job) (names []string) {
	for _, arg := range j.Args[min(1, len(j.Args)):] {
		if strings.HasPrefix(arg, "-") {
			break
		}
		names = append(names, arg)
	}
	return names
}

// releaseTime is how long AwaitReleased waits. From Linux 5.9 the kernel ends the
// connections of deleted servers in the moment after a deletion; before, the next packet
// of each client does.
const releaseTime = 10 * time.Second

// AwaitReleased waits until the kernel has ended the connections of servers that were
// deleted, for at most 10 seconds, and returns how many are left.
func (o *Operator) AwaitReleased(ctx context.Context, gone []kernel.ServerKey) (left uint64, err error) {
	end := o.Now().Add(releaseTime)
	err = o.Poll(ctx, 0, func() (bool, error) {
		left, err = o.orphans(ctx, gone)
		return left == 0 || err != nil || !o.Now().Before(end), err
	})
	return left, err
}

// orphans counts the connections of deleted servers.
func (o *Operator) orphans(ctx context.Context, gone []kernel.ServerKey) (n uint64, err error) {
	table, err := o.Kernel.Snapshot(ctx)
	if err != nil {
		return 0, err
	}
	owners := kernel.NewOwners(table)
	for c, err := range o.Kernel.Connections(ctx, kernel.WithEngine) {
		if err != nil {
			return n, err
		}
		if slices.ContainsFunc(gone, func(k kernel.ServerKey) bool { return c.Of(k) }) &&
			owners.Orphaned(c) == kernel.Orphaned {
			n++
		}
	}
	return n, nil
}
