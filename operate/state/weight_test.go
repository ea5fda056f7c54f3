package state

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"lvs/kernel"
)

var server = kernel.ServerKey{}

// held locks a folder as another process would.
func held(t *testing.T, f Folder) (release func()) {
	t.Helper()
	if err := os.MkdirAll(f.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(filepath.Join(f.Dir, "drained.lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	return func() { file.Close() }
}

func TestLockEndsWithTheContext(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(context.Context) (context.Context, context.CancelFunc)
		want error
	}{
		{"timeout", func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 20*time.Millisecond)
		}, context.DeadlineExceeded},
		{"interrupt", func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			context.AfterFunc(t.Context(), cancel)
			time.AfterFunc(20*time.Millisecond, cancel)
			return ctx, cancel
		}, context.Canceled},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := Folder{Dir: t.TempDir()}
			defer held(t, f)()
			ctx, cancel := c.end(t.Context())
			defer cancel()
			_, err := f.ChangeWeights(ctx, "boot/1", func(*Weights) error {
				t.Error("changed while another process holds the folder")
				return nil
			})
			var locked *LockedError
			if !errors.As(err, &locked) || !errors.Is(err, c.want) {
				t.Errorf("got %v, want a LockedError for %v", err, c.want)
			}
		})
	}
}

func TestLockWaits(t *testing.T) {
	f := Folder{Dir: t.TempDir()}
	release := held(t, f)
	time.AfterFunc(10*time.Millisecond, release)
	_, err := f.ChangeWeights(t.Context(), "boot/1", func(w *Weights) error {
		w.Put(server, Weight{Weight: 5})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	known, err := f.Weights("boot/1", []kernel.ServerKey{server})
	if err != nil || known[server].Weight != 5 {
		t.Errorf("remembered %v, %v; want weight 5", known, err)
	}
}

// Weights of an earlier boot are forgotten; those of another table stay.
func TestForgetBoots(t *testing.T) {
	f := Folder{Dir: t.TempDir()}
	put := func(table string) {
		t.Helper()
		if _, err := f.ChangeWeights(t.Context(), table, func(w *Weights) error {
			w.Put(server, Weight{Weight: 5})
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	put("boot1/4026531840")
	put("boot2/4026531840")
	put("boot2/4026532001")
	for table, want := range map[string]int{"boot1/4026531840": 0, "boot2/4026531840": 1, "boot2/4026532001": 1} {
		t.Run(table, func(t *testing.T) {
			if known, err := f.Weights(table, []kernel.ServerKey{server}); err != nil || len(known) != want {
				t.Errorf("%d remembered, %v; want %d", len(known), err, want)
			}
		})
	}
}

// A damaged file is an error to readers and is set aside by writers.
func TestDamagedWeights(t *testing.T) {
	f := Folder{Dir: t.TempDir()}
	if f.HasWeights() {
		t.Error("a new folder has weights")
	}
	if err := os.WriteFile(f.WeightsFile(), []byte(`{"weights":`), 0o600); err != nil {
		t.Fatal(err)
	}
	var unreadable *UnreadableError
	if _, err := f.Weights("boot/1", nil); !errors.As(err, &unreadable) || unreadable.SetAside != "" || !f.HasWeights() {
		t.Errorf("reading: %v", err)
	}
	aside, err := f.ChangeWeights(t.Context(), "boot/1", func(w *Weights) error {
		w.Put(server, Weight{Weight: 5})
		return nil
	})
	if err != nil || aside == nil {
		t.Fatalf("%v, %v", aside, err)
	}
	if b, err := os.ReadFile(aside.SetAside); err != nil || string(b) != `{"weights":` {
		t.Errorf("set aside: %q, %v", b, err)
	}
	if known, err := f.Weights("boot/1", []kernel.ServerKey{server}); err != nil || known[server].Weight != 5 {
		t.Errorf("remembered %v, %v", known, err)
	}
}

// A change that fails, or changes nothing, writes nothing.
func TestNothingIsWritten(t *testing.T) {
	failed := errors.New("failed")
	for _, c := range []struct {
		name   string
		change func(*Weights) error
		want   error
	}{
		{"nothing changed", func(w *Weights) error { w.Drop(server); return nil }, nil},
		{"failed", func(w *Weights) error { w.Put(server, Weight{}); return failed }, failed},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := Folder{Dir: t.TempDir()}
			if _, err := f.ChangeWeights(t.Context(), "boot/1", c.change); !errors.Is(err, c.want) || f.HasWeights() {
				t.Errorf("%v, written %v", err, f.HasWeights())
			}
		})
	}
}

// The weight to restore goes back to what it was before an entry declared another one.
func TestRewind(t *testing.T) {
	for _, test := range []struct {
		name    string
		entries []uint64
		want    []int
	}{
		{"the last", []uint64{5}, []int{5}},
		{"both, the last first", []uint64{5, 3}, []int{5, 10}},
		{"an earlier one: the later declaration stays", []uint64{3}, []int{7}},
		{"both, the first first", []uint64{3, 5}, []int{7, 10}},
		{"another entry", []uint64{9}, []int{7}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := Weight{Weight: 10}
			w.Declare(5, 3)
			w.Declare(7, 5)
			for i, entry := range test.entries {
				w.Rewind(entry, 0)
				if w.Weight != test.want[i] {
					t.Errorf("after entry %d: weight %d, want %d", entry, w.Weight, test.want[i])
				}
			}
		})
	}
}

// An undo can be undone: the weight that it took back is declared again.
func TestRewindTwice(t *testing.T) {
	w := Weight{Weight: 10}
	w.Declare(5, 3)
	for _, step := range []struct {
		entry, by uint64
		want      int
	}{{3, 4, 10}, {4, 6, 5}, {6, 7, 10}, {4, 8, 10}} {
		w.Rewind(step.entry, step.by)
		if w.Weight != step.want {
			t.Errorf("entry %d undone by %d: weight %d, want %d", step.entry, step.by, w.Weight, step.want)
		}
	}
}

// One entry declares twice, as an undo may: it is undone at once.
func TestDeclareTwice(t *testing.T) {
	w := Weight{Weight: 10}
	w.Declare(5, 3)
	w.Declare(7, 3)
	if w.Rewind(3, 0); w.Weight != 10 || len(w.Declared) > 0 {
		t.Errorf("weight %d, declared %v", w.Weight, w.Declared)
	}
}
