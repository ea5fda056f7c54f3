package cluster

import (
	"context"
	"errors"
	"time"

	"lvs/kernel"
)

// undoTime bounds the way back. It does not depend on the context of the way
// there, which may be what ended it.
const undoTime = 30 * time.Second

// errStillDiffers is an undo that was not refused and yet did not help.
var errStillDiffers = errors.New("someone else changes the table")

// undo brings the services that the changes concern back to what they were. It
// looks at the table as it is now, so it does not matter how many of the changes
// were made.
func undo(ctx context.Context, k kernel.Kernel, before *kernel.Snapshot, changes []kernel.Change, cause error) *Failure {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	u := undoing{kernel: k, touched: map[kernel.ServiceID]bool{}}
	for i := range changes {
		u.touched[changes[i].Service.ServiceID] = true
	}
	u.want = Of(u.only(before))

	f := &Failure{Cause: cause}
	left, err := u.left(ctx)
	if err == nil && len(left) > 0 {
		refusal := k.Apply(ctx, left)
		left, err = u.left(ctx)
		if err == nil && len(left) > 0 {
			err = errStillDiffers
			if refusal != nil {
				err = refusal
			}
		}
	}
	f.Undo, f.Left = err, left
	return f
}

type undoing struct {
	kernel  kernel.Kernel
	touched map[kernel.ServiceID]bool
	want    []Service
}

// left plans the way from the table as it is now.
func (u *undoing) left(ctx context.Context) ([]kernel.Change, error) {
	now, err := u.kernel.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return Plan(u.only(now), u.want, PlanOptions{Prune: true}), nil
}

// only gives the touched part of a table.
func (u *undoing) only(s *kernel.Snapshot) *kernel.Snapshot {
	part := &kernel.Snapshot{}
	for i := range s.Services {
		if u.touched[s.Services[i].ServiceID] {
			part.Services = append(part.Services, s.Services[i])
		}
	}
	return part
}
