package director

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"lvs/cluster"
	"lvs/director/health"
	"lvs/kernel"
	"lvs/kernel/memory"
	"lvs/operate/state"
	"lvs/plan"
	"lvs/plan/journal"
)

// fakeProber has the results that a test sets.
type fakeProber struct {
	mu     sync.Mutex
	report func(health.Report)
	probes map[health.Key]health.Probe
	states map[health.Key]health.State
	asked  []health.Key
}

func (f *fakeProber) Set(probes []health.Probe, known func(health.Key) (health.State, bool)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.probes = map[health.Key]health.Probe{}
	states := map[health.Key]health.State{}
	for _, p := range probes {
		key := p.Key()
		f.probes[key] = p
		if s, ok := f.states[key]; ok {
			states[key] = s
		} else if s, ok := known(key); ok {
			states[key] = s
		}
	}
	f.states = states
}

func (f *fakeProber) Ask(keys ...health.Key) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, keys...)
}

func (f *fakeProber) Stats() (done, late, local uint64) { return 7, 0, 0 }

func (f *fakeProber) Run(ctx context.Context) error { <-ctx.Done(); return nil }

// world is a director on a table in memory, with a clock and results that the test sets.
// Without Run its core is used by the test's goroutine.
type world struct {
	t      *testing.T
	k      kernel.Kernel
	mem    *memory.Kernel
	now    time.Time
	model  *Model
	prober *fakeProber
	d      *Director
	o      Options
}

var start = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

func newWorld(t *testing.T, services ...Service) *world {
	w := &world{t: t, mem: memory.New(), now: start, prober: &fakeProber{}}
	w.k = w.mem
	w.model = testModel(services...)
	dir := t.TempDir()
	w.o = Options{Table: "boot/netns-1", State: state.Folder{Dir: dir}, Journal: &journal.Journal{Dir: dir},
		Now:    func() time.Time { return w.now },
		Load:   func(context.Context) (*Model, error) { return w.model, nil },
		Prober: func(report func(health.Report)) Prober { w.prober.report = report; return w.prober },
	}
	return w
}

func testModel(services ...Service) *Model {
	return &Model{Wanted: &cluster.Wanted{}, Cluster: "test", Services: services,
		Settings: Settings{OnStop: "keep", Drift: RepairDrift, Sysctl: "check"}}
}

// begin starts the director without its goroutine.
func (w *world) begin() {
	w.t.Helper()
	w.o.Kernel = w.k
	w.d = New(w.o)
	w.t.Cleanup(w.rest)
	w.d.prober = w.d.o.Prober(w.d.mail.put)
	if err := w.d.begin(w.t.Context(), w.model); err != nil {
		w.t.Fatal(err)
	}
	w.work()
}

// rest waits until the director writes no file.
func (w *world) rest() {
	if w.d != nil && w.d.file.writing != nil {
		err := <-w.d.file.writing
		w.d.file.writing = nil
		w.d.savedWith(err)
	}
}

// again starts the director anew, as after a kill.
func (w *world) again() {
	w.t.Helper()
	w.rest()
	w.d.saveNow() // it is at most a second late
	w.begin()
}

// work lets the director do what is to be done now.
func (w *world) work() {
	w.t.Helper()
	for n := 0; ; n++ {
		if wait := w.d.work(w.t.Context(), w.d.mail.take()); wait > 0 {
			return
		}
		if n > 20 {
			w.t.Fatal("the director does not come to rest")
		}
	}
}

// load takes another model over.
func (w *world) load(m *Model) {
	w.t.Helper()
	w.model = m
	if err := w.d.load(w.t.Context(), m); err != nil {
		w.t.Fatal(err)
	}
}

// pass lets time pass, with all that is to be done meanwhile.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	for end := w.now.Add(d); w.now.Before(end); {
		wait := w.d.wait()
		w.now = w.now.Add(min(max(wait, time.Millisecond), end.Sub(w.now)))
		w.work()
	}
}

// turn gives the probe of a server another verdict.
func (w *world) turn(n int, v health.Verdict) {
	w.t.Helper()
	w.tell(n, func(s *health.State) {
		s.Verdict, s.Since = v, w.now
		s.Last = health.Result{At: w.now, Outcome: health.Pass}
		if v == health.Down {
			s.Last.Outcome, s.Last.Reason = health.Fail, health.Refused
		}
	})
	w.work()
}

func (w *world) tell(n int, change func(*health.State)) {
	w.t.Helper()
	told := false
	for key, p := range w.prober.probes {
		if p.Addr != serverAddr(n) {
			continue
		}
		s := w.prober.states[key]
		change(&s)
		w.prober.states[key] = s
		w.prober.report(health.Report{Key: key, State: s})
		told = true
	}
	if !told {
		w.t.Fatalf("no probe of server %d", n)
	}
}

// say has the agent of a server say words.
func (w *world) say(n int, words health.AgentWords) {
	w.t.Helper()
	w.tell(n, func(s *health.State) { s.Last = health.Result{At: w.now, Outcome: health.Pass, Agent: &words} })
	w.work()
}

// up gives some servers the verdict up.
func (w *world) up(servers ...int) {
	w.t.Helper()
	for _, n := range servers {
		w.turn(n, health.Up)
	}
}

func serverAddr(n int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)}), 80)
}

func serviceID(n int) kernel.ServiceID {
	return kernel.AddressID(kernel.TCP, netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(n)}), 80))
}

func keyOf(service, n int) kernel.ServerKey {
	return kernel.ServerKey{Service: serviceID(service), Server: serverAddr(n)}
}

func tcpCheck(n int) *Check {
	return &Check{Probe: health.Probe{Target: health.Target{Addr: serverAddr(n)}, Spec: health.Spec{Kind: health.TCP},
		Timing: health.Timing{}.WithDefaults()}}
}

// serviceOf returns a service with checked servers of weight 10.
func serviceOf(id int, servers ...int) Service {
	s := Service{Name: fmt.Sprint("s", id), Down: 1, Up: 1, OnAllDown: WithdrawOnAllDown, Quiesce: 20 * time.Second,
		MaxMasked: -1}
	s.Service = plan.Service{Service: kernel.Service{ServiceID: serviceID(id), Scheduler: "wlc"}}
	for _, n := range servers {
		v := kernel.Server{Addr: serverAddr(n), Weight: 10, Forward: kernel.Direct}
		s.Service.Servers = append(s.Service.Servers, v)
		s.Members = append(s.Members, Member{Server: v, Check: tcpCheck(n)})
	}
	return s
}

// weights returns the weights in the table, -1 for a server that is not in it.
func (w *world) weights(service int, servers ...int) string {
	w.t.Helper()
	table, err := w.k.Snapshot(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	e := table.Find(serviceID(service))
	if e == nil {
		return "no service"
	}
	text := ""
	for _, n := range servers {
		weight := -1
		if v := e.Server(serverAddr(n)); v != nil {
			weight = v.Weight
		}
		text += fmt.Sprint(" ", weight)
	}
	return strings.TrimSpace(text)
}

func (w *world) want(what, got, want string) {
	w.t.Helper()
	if got != want {
		w.t.Errorf("%s: %s, want %s", what, got, want)
	}
}

// put changes the table as another program would.
func (w *world) put(changes ...kernel.Change) {
	w.t.Helper()
	if err := w.mem.Apply(context.Background(), changes); err != nil {
		w.t.Fatal(err)
	}
}

func weightOf(service, n, weight int) kernel.Change {
	return kernel.Change{Op: kernel.EditServer, Service: kernel.Service{ServiceID: serviceID(service)},
		Server: kernel.Server{Addr: serverAddr(n), Weight: weight, Forward: kernel.Direct}}
}

// events returns the kinds of the events, with what changed.
func (w *world) events(kinds ...EventKind) (out []string) {
	all, _, _ := w.d.Events(0)
	for _, e := range all {
		for _, k := range kinds {
			if e.Kind == k {
				out = append(out, fmt.Sprintf("%s %s>%s %s", e.Kind, e.From, e.To, e.Why))
			}
		}
	}
	return out
}
