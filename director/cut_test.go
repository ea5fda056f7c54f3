package director

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"lvs/director/health"
	"lvs/kernel"
	"lvs/plan"
)

// errKilled is what a killed process panics with in a test.
var errKilled = errors.New("killed")

// cutKernel is a kernel that ends the process at a call, before or after it is carried
// out, or fails.
type cutKernel struct {
	kernel.Kernel
	left int   // calls until then, negative is never
	fail error // nil ends the process
	// late is set if a change is carried out and the answer is lost; partly if only the first
	// half of a batch is.
	late, partly bool
}

func (k *cutKernel) due() bool {
	k.left--
	return k.left == -1
}

func (k *cutKernel) end() error {
	if k.fail == nil {
		panic(errKilled)
	}
	return k.fail
}

func (k *cutKernel) Snapshot(ctx context.Context, only ...kernel.ServiceID) (*kernel.Snapshot, error) {
	if k.due() {
		return nil, k.end()
	}
	return k.Kernel.Snapshot(ctx, only...)
}

func (k *cutKernel) Apply(ctx context.Context, changes []kernel.Change) error {
	if !k.due() {
		return k.Kernel.Apply(ctx, changes)
	}
	if k.late {
		_ = k.Kernel.Apply(ctx, changes)
	} else if k.partly {
		_ = k.Kernel.Apply(ctx, changes[:len(changes)/2])
	}
	return k.end()
}

func (k *cutKernel) Sysctls(ctx context.Context, only ...string) ([]kernel.Sysctl, error) {
	if k.due() {
		return nil, k.end()
	}
	return k.Kernel.Sysctls(ctx, only...)
}

// until carries a part of the test out until the process is killed.
func until(do func()) (killed bool) {
	defer func() {
		if r := recover(); r != nil {
			if r != errKilled {
				panic(r)
			}
			killed = true
		}
	}()
	do()
	return false
}

// history is what happens to a director in TestKilledAnywhere: a start, verdicts, a new
// file, decisions.
func (w *world) history() {
	w.begin()
	w.up(1, 2, 3, 4)
	w.turn(2, health.Down)
	w.model = testModel(serviceOf(1, 2, 3, 5), serviceOf(3, 3))
	w.load(w.model)
	w.work()
	w.up(5)
	w.pass(25 * time.Second)
	w.turn(2, health.Up)
	w.turn(3, health.Down)
}

// TestKilledAnywhere kills the director at each call of the kernel. The next one brings
// the table to the same state in one pass, and touches nothing of others.
func TestKilledAnywhere(t *testing.T) {
	whole := func(w *world) string {
		table, err := w.mem.Snapshot(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		for _, s := range plan.Of(table) {
			text += s.ServiceID.String()
			for _, n := range []int{1, 2, 3, 4, 5} {
				if v := table.Find(s.ServiceID).Server(serverAddr(n)); v != nil {
					text += fmt.Sprintf(" %d:%d", n, v.Weight)
				}
			}
			text += "\n"
		}
		return text
	}
	build := func(t *testing.T, k *cutKernel) *world {
		w := newWorld(t, serviceOf(1, 1, 2, 3), serviceOf(2, 4))
		k.Kernel, w.k = w.mem, k
		if err := w.mem.SetSysctl(t.Context(), kernel.ExpireNodestConn, "1"); err != nil {
			t.Fatal(err)
		}
		w.put(kernel.Change{Op: kernel.AddService, Service: serviceOf(9).Service.Service})
		return w
	}
	k := &cutKernel{left: -1}
	w := build(t, k)
	w.history()
	want := whole(w)
	calls := -k.left
	w.pass(25 * time.Second)
	later := whole(w)
	for _, how := range []string{"before", "after", "half"} {
		for n := range calls {
			k := &cutKernel{left: n, late: how == "after", partly: how == "half"}
			w := build(t, k)
			if !until(w.history) {
				continue
			}
			states := w.prober.states
			w.prober.states = nil
			w.k = w.mem
			w.model = testModel(serviceOf(1, 2, 3, 5), serviceOf(3, 3))
			w.rest()
			w.begin()
			for key := range w.prober.probes { // the prober finds what is so
				v := health.Up
				if w.prober.probes[key].Addr == serverAddr(3) {
					v = health.Down
				}
				since := w.now
				if s := states[key]; s.Verdict == v {
					since = s.Since
				}
				w.prober.report(health.Report{Key: key, State: health.State{Verdict: v, Since: since}})
			}
			w.work()
			// A server that the file does not have any more keeps the weight 0 for a time.
			if got := strings.ReplaceAll(whole(w), " 1:0", ""); got != want {
				t.Fatalf("killed %s call %d:\n%swant\n%s", how, n, got, want)
			}
			w.pass(25 * time.Second)
			if got := whole(w); got != later {
				t.Fatalf("killed %s call %d, later:\n%swant\n%s", how, n, got, later)
			}
		}
	}
}

// TestKernelFails lets each call of the kernel fail once: it is tried again, and nothing is
// half done.
func TestKernelFails(t *testing.T) {
	k := &cutKernel{left: -1, fail: &kernel.Error{Op: "list", Err: kernel.ErrNoMemory}}
	w := newWorld(t, serviceOf(1, 1, 2))
	k.Kernel, w.k = w.mem, k
	w.begin()
	w.up(1, 2)
	for n := range 8 {
		for _, late := range []bool{false, true} {
			w.up(1)
			w.pass(time.Minute)
			k.left, k.late = n, late
			w.turn(1, health.Down)
			w.pass(time.Second)
			k.left = -1
			if got := w.weights(1, 1, 2); got != "0 10" {
				t.Fatalf("call %d failed, late %v: %s", n, late, got)
			}
		}
	}
	w.pass(time.Minute)
	if a := w.d.alarms.list(); len(a) != 1 || a[0].Code != "expire-nodest-conn" {
		t.Errorf("alarms %+v", a)
	}
}

// TestRefusedService keeps one service that the kernel refuses from holding others back.
func TestRefusedService(t *testing.T) {
	w := newWorld(t, serviceOf(1, 1), serviceOf(2, 2))
	w.mem.Refuse(func(c kernel.Change) error {
		if c.Service.ServiceID == serviceID(1) {
			return kernel.ErrNoScheduler
		}
		return nil
	})
	w.begin()
	w.up(1, 2)
	w.want("the refused one", w.weights(1, 1), "no service")
	w.want("the other", w.weights(2, 2), "10")
	if a := w.d.alarms.list(); len(a) == 0 || a[0].Code != "expire-nodest-conn" && a[0].Code != AlarmKernel {
		t.Errorf("alarms %+v", a)
	}
	w.mem.Refuse(nil)
	w.pass(time.Minute)
	w.want("at last", w.weights(1, 1), "10")
	for _, a := range w.d.alarms.list() {
		if a.Code == AlarmKernel {
			t.Errorf("alarm %+v", a)
		}
	}
}
