package plan

import (
	"context"
	"errors"
	"time"

	"lvs/kernel"
)

// undoTime bounds the way back. It does not depend on the context of the way
// there, which may be what ended it.
const undoTime = 30 * time.Second

// undoTries is how often the table is looked at anew. A kernel that is making its
// hash table larger may list a service twice, and leave out another.
const undoTries = 4

// errStillDiffers is an undo that was not refused and yet did not help.
var errStillDiffers = errors.New("someone else changes the table")

// undo takes back the changes that were made, or may have been. It looks at each
// object in the table as it is now, so it does not matter how many were made, and
// what somebody else has done meanwhile stays.
func undo(ctx context.Context, k kernel.Kernel, before *kernel.Snapshot, made []kernel.Change, cause error) *Failure {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	u := undoing{kernel: k, made: Merge(Touched(before, made), nil)}

	f := &Failure{Cause: cause}
	left, err := u.left(ctx)
	for try := 0; try < undoTries && err == nil && len(left) > 0; try++ {
		refusal := k.Apply(ctx, left)
		left, err = u.left(ctx)
		if last := try == undoTries-1; err == nil && len(left) > 0 && last {
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
	kernel kernel.Kernel
	made   []Object
}

// left plans the way from the table as it is now.
func (u *undoing) left(ctx context.Context) ([]kernel.Change, error) {
	now, err := u.kernel.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return Revert(u.made, &Table{Snapshot: now}).Changes, nil
}

// without leaves out what was refused.
func without(changes []kernel.Change, refused kernel.Refusals) []kernel.Change {
	if len(refused) == 0 {
		return changes
	}
	made := make([]kernel.Change, 0, len(changes))
	for i := range changes {
		if len(refused) > 0 && refused[0].Index == i {
			refused = refused[1:]
			continue
		}
		made = append(made, changes[i])
	}
	return made
}
