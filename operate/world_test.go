package operate

import (
	"context"
	"net/netip"
	"os"
	"reflect"
	"syscall"
	"testing"
	"time"

	"lvs/kernel"
	"lvs/kernel/memory"
	"lvs/operate/state"
	"lvs/plan/journal"
)

// world is an operator on a kernel in memory, with a clock that only Sleep moves.
type world struct {
	*Operator
	t      *testing.T
	kernel *memory.Kernel
	now    time.Time
	// slept are the pauses; onSleep is called after each one with its number, from 1.
	slept   []time.Duration
	onSleep func(n int)
	events  []Event
	started []state.Job
}

const boot = "boot/4026531840"

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, kernel: memory.New(), now: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)}
	dir := t.TempDir()
	w.Operator = &Operator{
		Kernel: w.kernel, Table: boot, Journal: &journal.Journal{Dir: dir}, State: state.Folder{Dir: dir},
		Describe: func() journal.Entry { return journal.Entry{User: "root", Command: "lvs test"} },
		Now:      func() time.Time { return w.now },
		Sleep: func(ctx context.Context, d time.Duration) error {
			w.now = w.now.Add(d)
			w.slept = append(w.slept, d)
			if w.onSleep != nil {
				w.onSleep(len(w.slept))
			}
			return ctx.Err()
		},
		Start: func(j *state.HeldJob, _ *os.File) error {
			w.started = append(w.started, j.Job)
			fd, err := syscall.Dup(int(j.File.Fd())) // as the process would
			t.Cleanup(func() { syscall.Close(fd) })
			return err
		},
		Tell: func(e Event) { w.events = append(w.events, e) },
	}
	return w
}

// again returns another command's operator on the same table and folder.
func (w *world) again() *world {
	again := *w
	o := *w.Operator
	o.written, o.Sent = written{}, false
	o.Tell = func(e Event) { w.events = append(w.events, e) }
	again.Operator = &o
	return &again
}

const web = "tcp://192.0.2.10:80"

func serviceID(s string) kernel.ServiceID {
	id, err := kernel.ParseServiceID(s)
	if err != nil {
		panic(err)
	}
	return id
}

// addr returns the address of the server 10.0.0.N:80.
func addr(n int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(n)}), 80)
}

func key(service string, n int) kernel.ServerKey {
	return kernel.ServerKey{Service: serviceID(service), Server: addr(n)}
}

// add adds a service with servers of some weights: 10.0.0.1:80, 10.0.0.2:80 and so on.
func (w *world) add(service string, weights ...int) {
	w.t.Helper()
	s := kernel.Service{ServiceID: serviceID(service), Scheduler: "wlc"}
	changes := []kernel.Change{{Op: kernel.AddService, Service: s}}
	for i, weight := range weights {
		changes = append(changes, kernel.Change{Op: kernel.AddServer, Service: s,
			Server: kernel.Server{Addr: addr(i + 1), Weight: weight, Forward: kernel.NAT}})
	}
	w.change(changes...)
}

// change changes the table as another process would.
func (w *world) change(changes ...kernel.Change) {
	w.t.Helper()
	if err := w.kernel.Apply(context.Background(), changes); err != nil {
		w.t.Fatal(err)
	}
}

// setWeight sets the weight of a server as another process would.
func (w *world) setWeight(service string, n, weight int) {
	w.t.Helper()
	v := w.member(service, n).Server
	v.Weight = weight
	w.change(kernel.Change{Op: kernel.EditServer, Service: kernel.Service{ServiceID: serviceID(service)}, Server: v})
}

func (w *world) busy(service string, n int, traffic memory.Traffic) {
	w.t.Helper()
	if !w.kernel.Traffic(serviceID(service), addr(n), traffic) {
		w.t.Fatalf("no server %d", n)
	}
}

func (w *world) snapshot() *kernel.Snapshot {
	w.t.Helper()
	snap, err := w.kernel.Snapshot(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	return snap
}

func (w *world) member(service string, n int) Member {
	w.t.Helper()
	e := w.snapshot().Find(serviceID(service))
	v := e.Server(addr(n))
	if v == nil {
		w.t.Fatalf("%s has no server %v", service, addr(n))
	}
	return Member{e.Service, *v}
}

// members returns the servers 1 to n.
func (w *world) members(service string, n int) []Member {
	w.t.Helper()
	var out []Member
	for i := range n {
		out = append(out, w.member(service, i+1))
	}
	return out
}

// weights returns the weights of the servers of a service, by their numbers from 1; a
// server that does not exist has -1.
func (w *world) weights(service string, n int) []int {
	w.t.Helper()
	out := make([]int, n)
	e := w.snapshot().Find(serviceID(service))
	for i := range out {
		out[i] = -1
		if v := e.Server(addr(i + 1)); v != nil {
			out[i] = v.Weight
		}
	}
	return out
}

func (w *world) remembered(keys ...kernel.ServerKey) map[kernel.ServerKey]state.Weight {
	w.t.Helper()
	out, err := w.State.Weights(boot, keys)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func (w *world) entries() []journal.Entry {
	w.t.Helper()
	all, err := loaded(w.Journal)
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// eventTypes returns the types of the events, without those that repeat.
func (w *world) eventTypes() []string {
	var out []string
	for _, e := range w.events {
		name := reflect.TypeOf(e).Name()
		if len(out) == 0 || out[len(out)-1] != name {
			out = append(out, name)
		}
	}
	return out
}

// loaded returns the entries of a journal with their objects.
func loaded(j *journal.Journal) ([]journal.Entry, error) {
	all, err := j.Entries("")
	for i := range all {
		if err == nil {
			err = all[i].Load()
		}
	}
	return all, err
}
