package state

import (
	"context"
	"errors"
	"testing"
)

// One process at a time has a table; other tables are not concerned.
func TestLockTable(t *testing.T) {
	f := Folder{Dir: t.TempDir()}
	unlock, err := f.LockTable(t.Context(), "boot/netns-1", func() {})
	if err != nil {
		t.Fatal(err)
	}
	other, err := f.LockTable(t.Context(), "boot/netns-2", func() {})
	if err != nil {
		t.Fatal(err)
	}
	other()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var locked *LockedError
	if _, err := f.LockTable(ctx, "boot/netns-1", func() {}); !errors.As(err, &locked) {
		t.Errorf("it says %v", err)
	}
	waiting, got := make(chan bool), make(chan error)
	go func() {
		again, err := f.LockTable(t.Context(), "boot/netns-1", func() { close(waiting) })
		if err == nil {
			again()
		}
		got <- err
	}()
	<-waiting
	unlock()
	if err := <-got; err != nil {
		t.Error(err)
	}
}
