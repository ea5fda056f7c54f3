package commands

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lvs/kernel"
	"lvs/kernel/memory"
)

const small = `-A -t 10.0.0.1:80 -s rr
-a -t 10.0.0.1:80 -r 10.0.1.1:80 -g -w 1
`

func TestRestoreThatCannotBeUndone(t *testing.T) {
	k := memory.New()
	k.Refuse(func(c kernel.Change) error {
		if c.Op != kernel.AddService {
			return kernel.ErrNoMemory
		}
		return nil
	})
	status, errs := restoreText(context.Background(), k, small)
	want := `lvs: line 2: add server tcp://10.0.0.1:80 10.0.1.1:80: the kernel is out of memory
lvs: the table is partly changed, because undoing failed: delete service tcp://10.0.0.1:80: the kernel is out of memory
lvs: to restore the table: delete service tcp://10.0.0.1:80
`
	if d := cmp.Diff(want, errs); d != "" || status != exitPartly {
		t.Errorf("status %d (-want +got)\n%s", status, d)
	}
}

// TestInterruptDuringRestore interrupts after some changes, as a signal or
// --timeout does.
func TestInterruptDuringRestore(t *testing.T) {
	for _, c := range []struct {
		cause  error
		status int
		want   string
	}{
		{context.Canceled, exitInterrupted, "lvs: interrupted: all changes were undone: the table is as before\n"},
		{context.DeadlineExceeded, exitTimeout,
			"lvs: timed out after 1h\nlvs: all changes were undone: the table is as before\n"},
	} {
		t.Run(c.cause.Error(), func(t *testing.T) {
			k := memory.New()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			status, errs := restoreText(ctx, &cutKernel{k, c.cause, cancel}, small, "--timeout", "1h")
			if status != c.status || errs != c.want {
				t.Errorf("%v: status %d: %s", c.cause, status, errs)
			}
			if snap, err := k.Snapshot(context.Background()); err != nil || len(snap.Services) > 0 {
				t.Errorf("%v: left %v, %v", c.cause, snap, err)
			}
		})
	}
}

// cutKernel makes only the first change of the first Apply, and then fails.
type cutKernel struct {
	kernel.Kernel
	cause  error
	cancel context.CancelFunc
}

func (k *cutKernel) Apply(ctx context.Context, changes []kernel.Change) error {
	cause := k.cause
	if cause == nil {
		return k.Kernel.Apply(ctx, changes)
	}
	if k.cause = nil; cause == context.Canceled {
		k.cancel()
	}
	if err := k.Kernel.Apply(context.WithoutCancel(ctx), changes[:1]); err != nil {
		return err
	}
	return cause
}

// TestInterruptBeforeInput interrupts while standard input sends nothing.
func TestInterruptBeforeInput(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	app, _, errs := testApp(memory.New())
	app.In = waiting{cancel}
	app.InTerminal.Is = false
	if status := app.Run(ctx, []string{"restore"}); status != exitInterrupted {
		t.Errorf("status %d: %s", status, errs)
	}
}

// waiting is an input that never comes. It interrupts the reader.
type waiting struct{ cancel context.CancelFunc }

func (w waiting) Read([]byte) (int, error) {
	w.cancel()
	select {}
}

func TestProgress(t *testing.T) {
	var text strings.Builder
	for i := range longWork {
		text.WriteString("-A -f " + strconv.Itoa(i+1) + "\n")
	}
	for _, c := range []struct {
		name     string
		terminal bool
		want     string
	}{
		{"terminal", true, "\rlvs: 256 of 20000 changes\rlvs: 512 of 20000 changes"},
		{"pipe", false, "lvs: 256 of 20000 changes\nlvs: 768 of 20000 changes\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			app, _, errs := testApp(memory.New())
			app.In, app.InTerminal.Is, app.ErrTerminal.Is = strings.NewReader(text.String()), false, c.terminal
			tick := app.Now()
			app.Now = func() time.Time {
				tick = tick.Add(lineEvery)
				return tick
			}
			if status := app.Run(context.Background(), []string{"restore"}); status != exitDone ||
				!strings.HasPrefix(errs.String(), c.want) {
				t.Errorf("%s: status %d: %q", c.name, status, errs)
			}
			if c.terminal && !strings.HasSuffix(errs.String(), " \r") {
				t.Errorf("the line is left on the terminal: %q", errs)
			}
		})
	}
}

// restoreText restores a text and returns what is on standard error.
func restoreText(ctx context.Context, k kernel.Kernel, text string, options ...string) (status int, errs string) {
	app, _, b := testApp(k)
	app.In = strings.NewReader(text)
	app.InTerminal.Is = false
	status = app.Run(ctx, append([]string{"restore", "--yes"}, options...))
	return status, b.String()
}
