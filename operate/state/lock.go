package state

import "context"

// Lock waits until no other process changes what is in the folder, or the context ends
// (LockedError). It creates the folder.
func (f Folder) Lock(ctx context.Context) (unlock func(), err error) {
	_, unlock, err = f.lock(ctx)
	return unlock, err
}
