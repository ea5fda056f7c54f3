package commands

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lvs/kernel"
	"lvs/kernel/memory"
	"lvs/operate"
	"lvs/operate/state"
	"lvs/plan"
	"lvs/plan/journal"
)

// journalApp is an App with a journal of its own.
func journalApp(t *testing.T, k kernel.Kernel) (app *App, said func() string) {
	t.Helper()
	app, _, errs := testApp(k)
	keepIn(app, t.TempDir())
	return app, errs.String
}

func keepIn(app *App, dir string) {
	app.Env = func(name string) string {
		if name == state.Variable {
			return dir
		}
		return ""
	}
}

func entriesOfApp(t *testing.T, a *App) []journal.Entry {
	t.Helper()
	all, _, err := a.entries(false)
	for i := range all {
		err = errors.Join(err, all[i].Load())
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// changed makes changes as a verb does.
func changed(a *App, steps []operate.Step) error {
	op, err := a.operator()
	if err != nil {
		return err
	}
	return op.Apply(context.Background(), steps)
}

// failing is a kernel that no longer answers.
type failing struct {
	kernel.Kernel
	err error
}

func (f *failing) Apply(context.Context, []kernel.Change) error { return f.err }

// The outcome is what the kernel answered; unknown if it did not answer.
func TestOutcomes(t *testing.T) {
	id, _ := kernel.ParseServiceID("tcp://192.0.2.10:80")
	refusal := func(index int) kernel.Refusal {
		return kernel.Refusal{Index: index, Err: &kernel.Error{Op: "add", Service: id, Err: kernel.ErrExists}}
	}
	for _, c := range []struct {
		name    string
		err     error
		outcome journal.Outcome
		refused []int
	}{
		{"done", nil, journal.Done, nil},
		{"all refused", kernel.Refusals{refusal(0), refusal(1)}, journal.Refused, nil},
		{"a service with its servers", kernel.Refusals{refusal(0)}, journal.Partly, []int{0, 1}},
		{"its neighbour", kernel.Refusals{refusal(1)}, journal.Partly, []int{2}},
		{"no privilege", &kernel.Error{Op: "add", Err: kernel.ErrPermission}, journal.Refused, nil},
		{"the socket broke", &kernel.Error{Op: "add", Err: errors.New("broken pipe")}, journal.Unknown, nil},
		{"interrupted", context.Canceled, journal.Unknown, nil},
		{"all undone", &plan.Failure{Cause: kernel.Refusals{refusal(1)}}, journal.Refused, nil},
		{"undoing failed", &plan.Failure{Cause: kernel.Refusals{refusal(1)}, Undo: kernel.ErrNoMemory}, journal.Unknown, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			app, _ := journalApp(t, &failing{memory.New(), c.err})
			e := kernel.ServiceEntry{Service: kernel.Service{ServiceID: id}, Servers: []kernel.ServerEntry{{}}}
			err := changed(app, []operate.Step{
				{Change: kernel.Change{Op: kernel.DeleteService, Service: e.Service}, BeforeService: &e.Service, Entry: &e},
				{Change: kernel.Change{Op: kernel.AddService, Service: e.Service}},
			})
			if (err == nil) != (c.err == nil) {
				t.Fatal(err)
			}
			got := entriesOfApp(t, app)[0]
			if got.Outcome != c.outcome || !cmp.Equal(got.Refused, c.refused) {
				t.Errorf("it is %s without %v, want %s without %v", got.Outcome, got.Refused, c.outcome, c.refused)
			}
			if (got.Error == "") != (c.err == nil) {
				t.Errorf("the error is %q", got.Error)
			}
		})
	}
}

// A command with several changes is one entry, which is undone as a whole.
func TestManyChangesOfOneCommand(t *testing.T) {
	k := memory.New()
	app, _ := journalApp(t, k)
	id, _ := kernel.ParseServiceID("tcp://192.0.2.10:80")
	service := kernel.Service{ServiceID: id, Scheduler: "wlc"}
	if err := changed(app, []operate.Step{{Change: kernel.Change{Op: kernel.AddService, Service: service}}}); err != nil {
		t.Fatal(err)
	}
	app.op = nil // the next command
	schedulers := []string{"wlc", "rr", "sh", "mh"}
	for i := range schedulers[1:] {
		before, after := service, service
		before.Scheduler, after.Scheduler = schedulers[i], schedulers[i+1]
		if err := changed(app, []operate.Step{{Change: kernel.Change{Op: kernel.EditService, Service: after},
			BeforeService: &before}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := changed(app, []operate.Step{{Change: kernel.Change{Op: kernel.AddService, Service: service}}}); err == nil {
		t.Fatal("it could be added twice")
	}
	all := entriesOfApp(t, app)
	if len(all) != 2 || all[1].Outcome != journal.Partly || !cmp.Equal(all[1].Refused, []int{3}) {
		t.Fatalf("the entries are %+v", all)
	}
	if status := app.Run(t.Context(), []string{"undo"}); status != exitDone {
		t.Fatalf("exit status %d", status)
	}
	snap, err := k.Snapshot(t.Context())
	if err != nil || snap.Services[0].Scheduler != "wlc" {
		t.Errorf("it is %+v, %v", snap.Services, err)
	}
}

// A journal that other users can change is not used, and the hint makes it safe.
func TestUnsafeJournal(t *testing.T) {
	app, said := journalApp(t, memory.New())
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	keepIn(app, dir)
	if status := app.Run(t.Context(), []string{"service", "add", "tcp://192.0.2.10:80"}); status != exitDone {
		t.Fatalf("exit status %d: %s", status, said())
	}
	want := "lvs: not in the journal, so lvs undo cannot undo it: " + dir +
		" is not safe: other users can write to it (mode 0777)\nhint: chmod go-w " + dir + "\n"
	if got := said(); got != want {
		t.Errorf("it prints %q, want %q", got, want)
	}
	for _, line := range []string{"server add tcp://192.0.2.10:80 10.0.0.11 -q", "drain 10.0.0.11 --yes"} {
		if status := app.Run(t.Context(), strings.Fields(line)); status != exitDone {
			t.Fatalf("%s: exit status %d: %s", line, status, said())
		}
	}
	// Nor are weights remembered where others could change them.
	hint := "hint: lvs weight tcp://192.0.2.10:80 10.0.0.11:80 1 undrains it\n"
	if got := said(); !strings.Contains(got, "lvs: cannot remember the weights in "+dir+": ") ||
		!strings.Contains(got, hint) {
		t.Errorf("drain prints %q", got)
	}
	before := len(said())
	if err := os.Chmod(dir, 0o755); err != nil { // the hint
		t.Fatal(err)
	}
	if status := app.Run(t.Context(), strings.Fields("drain 10.0.0.11 --yes")); status != exitDone {
		t.Fatalf("exit status %d: %s", status, said())
	}
	if got := said()[before:]; strings.Contains(got, "not safe") {
		t.Errorf("after the hint it prints %q", got)
	}
}

// A journal that cannot be written is reported once, and the change is made.
func TestUnwrittenJournal(t *testing.T) {
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"service", "add", "tcp://192.0.2.10:80"}, "lvs: not in the journal, so lvs undo cannot undo it: "},
		{[]string{"service", "add", "tcp://192.0.2.10:80", "-q"}, ""},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			k := memory.New()
			app, said := journalApp(t, k)
			file := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(file, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			keepIn(app, file)
			if status := app.Run(t.Context(), c.args); status != exitDone {
				t.Fatalf("exit status %d: %s", status, said())
			}
			got := said()
			if !strings.HasPrefix(got, c.says) || (c.says == "") != (got == "") || strings.Count(got, "lvs: ") > 1 {
				t.Errorf("%v prints %q", c.args, got)
			}
			if snap, err := k.Snapshot(t.Context()); err != nil || len(snap.Services) != 1 {
				t.Errorf("%v: %v, %v", c.args, snap, err)
			}
		})
	}
}

// A command line in the journal can be pasted into a shell.
func TestShellLine(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("needs a shell that knows $'…': bash")
	}
	for _, args := range [][]string{
		{"lvs", "service", "add", "tcp://[2001:db8::1]:80", "-w", "+5", "50%"},
		{"", " ", "it's", `a"b`, `\`, "$HOME", "`x`", "a;b", "*", "~", "#", "ü", "!"},
		{"a\nb", "\x1b[31m", "\xff", "a'\x01\\n", "\u200b"},
	} {
		t.Run(fmt.Sprintf("%q", args), func(t *testing.T) {
			line := shellLine("printf", append([]string{`%s\0`}, args...))
			if strings.ContainsAny(line, "\n\x1b") || strings.Contains(line, "\xff") {
				t.Errorf("the line contains control characters: %q", line)
			}
			out, err := exec.Command(bash, "-c", line).Output()
			if want := strings.Join(args, "\x00") + "\x00"; err != nil || string(out) != want {
				t.Errorf("%s is %q, want %q (%v)", line, out, want, err)
			}
		})
	}
}
