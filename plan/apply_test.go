package plan

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lvs/kernel"
	"lvs/kernel/memory"
)

func TestApplyCounts(t *testing.T) {
	k := memory.New()
	plan := bigPlan(t, k)
	got, err := Apply(context.Background(), k, read(t, k), plan, ApplyOptions{})
	if err != nil || got.Added+got.Edited+got.Deleted != len(plan) || got.Added == 0 || got.Edited == 0 ||
		got.Deleted == 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if rest := Between(read(t, k), wanted(), Options{Prune: true}); len(rest) > 0 {
		t.Errorf("left: %s", show(rest))
	}
}

func TestANewTableIsOneCall(t *testing.T) {
	k := memory.New()
	plan := Between(read(t, k), wanted(), Options{})
	got, err := Apply(context.Background(), k, read(t, k), plan, ApplyOptions{})
	if err != nil || got != (Result{Added: len(plan)}) || k.Calls().Applies != 1 {
		t.Errorf("%+v, %v, %d calls", got, err, k.Calls().Applies)
	}
}

// TestNothingIsDeletedAfterARefusal: the server that was to take over is not
// there, so the old one must not go, not even until it is brought back.
func TestNothingIsDeletedAfterARefusal(t *testing.T) {
	k := memory.New()
	load(t, k, []Service{state("fwmark:1", "rr", 1, 1, 1)})
	before := read(t, k)
	plan := Between(before, []Service{state("fwmark:1", "rr", 2, 2, 1)}, Options{})
	k.Refuse(func(c kernel.Change) error {
		if c.Op == kernel.DeleteServer {
			t.Error("the old server was deleted")
		}
		return kernel.ErrNoMemory
	})
	_, err := Apply(context.Background(), k, before, plan, ApplyOptions{})
	if f := (*Failure)(nil); !errors.As(err, &f) || f.Undo != nil {
		t.Errorf("%v", err)
	}
}

// TestNothingIsDrainedAfterARefusal: nor does the old one get the weight 0.
func TestNothingIsDrainedAfterARefusal(t *testing.T) {
	k := memory.New()
	load(t, k, []Service{state("fwmark:1", "rr", 1, 2, 1)})
	before := table(t, k)
	want := state("fwmark:1", "rr", 1, 3, 1)
	want.Servers[0].Weight = 0
	for _, drained := range []bool{false, true} {
		s := Steps{Changes: Between(before.Snapshot, []Service{want}, Options{})}
		if drained {
			want.Servers = want.Servers[2:]
			s.Changes = Between(before.Snapshot, []Service{want}, Options{})
			s, _ = s.Quiesce(before.Snapshot)
		}
		k.Refuse(func(c kernel.Change) error {
			if c.Op == kernel.EditServer {
				t.Errorf("%v has the weight %d", c.Server.Addr, c.Server.Weight)
			}
			return kernel.ErrNoMemory
		})
		if _, err := s.Apply(context.Background(), k, before, ApplyOptions{}); !errors.Is(err, kernel.ErrNoMemory) {
			t.Errorf("%v", err)
		}
	}
}

// TestRefusalAtEveryStep refuses each step of a plan of 50 changes, alone and
// with all steps after it.
func TestRefusalAtEveryStep(t *testing.T) {
	for step := range 50 {
		for _, rest := range []bool{false, true} {
			k := memory.New()
			plan := bigPlan(t, k)
			if len(plan) != 50 {
				t.Fatalf("the plan has %d steps", len(plan))
			}
			before := read(t, k)
			seen := 0
			k.Refuse(func(kernel.Change) error {
				seen++
				if seen-1 == step || rest && seen-1 > step && seen <= 50 {
					return kernel.ErrNoMemory
				}
				return nil
			})
			got, err := Apply(context.Background(), k, before, plan, ApplyOptions{})
			var f *Failure
			var refused kernel.Refusals
			if !errors.As(err, &f) || !errors.As(err, &refused) || refused[0].Index != step || got != (Result{}) {
				t.Fatalf("step %d: %+v, %v", step, got, err)
			}
			if rest {
				// The undoing may have been refused as well; the rest must be in Left.
				if left := Between(read(t, k), Of(before), Options{Prune: true}); show(left) != show(f.Left) ||
					(len(left) == 0) != (f.Undo == nil) {
					t.Fatalf("step %d: left %s, told %s, %v", step, show(left), show(f.Left), f.Undo)
				}
				continue
			}
			if f.Undo != nil || len(f.Left) > 0 {
				t.Fatalf("step %d: %v, left %s", step, f.Undo, show(f.Left))
			}
			same(t, before, read(t, k))
		}
	}
}

func TestKeepGoing(t *testing.T) {
	k := memory.New()
	plan := bigPlan(t, k)
	before := read(t, k)
	k.Refuse(func(c kernel.Change) error {
		if c.Op == kernel.EditServer {
			return kernel.ErrRange
		}
		return nil
	})
	var sent []int
	got, err := Apply(context.Background(), k, before, plan, ApplyOptions{KeepGoing: true,
		Progress: func(n, total int) { sent = append(sent, n, total) }})
	refused, ok := err.(kernel.Refusals)
	if !ok || got.Edited+len(refused) == 0 || got.Added+got.Edited+got.Deleted+len(refused) != len(plan) {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, r := range refused {
		if plan[r.Index].Op != kernel.EditServer {
			t.Errorf("refused: %v", plan[r.Index].Op)
		}
	}
	if !slices.Equal(sent, []int{50, 50}) {
		t.Errorf("progress %v", sent)
	}
	k.Refuse(nil)
	if rest := Between(read(t, k), wanted(), Options{Prune: true}); len(rest) != len(refused) {
		t.Errorf("%d changes were refused, %d are missing", len(refused), len(rest))
	}
}

func TestInterruptUndoes(t *testing.T) {
	for _, after := range []int{1, 10, 49} {
		t.Run(fmt.Sprintf("after %d", after), func(t *testing.T) {
			k := memory.New()
			plan := bigPlan(t, k)
			before := read(t, k)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			cut := &cutKernel{Kernel: k, cancel: cancel, after: after}
			_, err := Apply(ctx, cut, before, plan, ApplyOptions{})
			var f *Failure
			if !errors.As(err, &f) || !errors.Is(err, context.Canceled) || f.Undo != nil {
				t.Fatal(err)
			}
			same(t, before, read(t, k))
		})
	}
}

func TestUndoThatCannotRead(t *testing.T) {
	k := memory.New()
	plan := bigPlan(t, k)
	before := read(t, k)
	k.Refuse(func(kernel.Change) error { return kernel.ErrNoMemory })
	_, err := Apply(context.Background(), &blindKernel{k}, before, plan, ApplyOptions{})
	var f *Failure
	if !errors.As(err, &f) || !errors.Is(f.Undo, errBlind) {
		t.Errorf("%v", err)
	}
}

// TestUndoLeavesOthersAlone changes another service while the plan runs.
func TestUndoLeavesOthersAlone(t *testing.T) {
	k := memory.New()
	before := read(t, k)
	other := kernel.Change{Op: kernel.AddService, Service: kernel.Service{ServiceID: id("fwmark:99"), Scheduler: "rr"}}
	if err := k.Apply(context.Background(), []kernel.Change{other}); err != nil {
		t.Fatal(err)
	}
	plan := []kernel.Change{
		{Op: kernel.AddService, Service: kernel.Service{ServiceID: id("fwmark:1"), Scheduler: "rr"}},
		{Op: kernel.AddService, Service: kernel.Service{ServiceID: id("fwmark:2"), Scheduler: "nosuch"}},
	}
	_, err := Apply(context.Background(), k, before, plan, ApplyOptions{})
	if !errors.Is(err, kernel.ErrNoScheduler) {
		t.Errorf("%v", err)
	}
	if got := Of(read(t, k)); len(got) != 1 || got[0].ServiceID != id("fwmark:99") {
		t.Errorf("%v", got)
	}
}

// TestTwoAtOnce: two applies have read the same table. The second is refused what
// the first has made, and takes back what it made itself, and no more.
func TestTwoAtOnce(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 7))
		k := memory.New()
		load(t, k, randomState(r))
		before := read(t, k)
		first := Between(before, randomState(r), Options{Prune: r.IntN(2) == 0})
		second := slices.DeleteFunc(slices.Clone(first), func(c kernel.Change) bool {
			return c.Op == kernel.EditServer || c.Op == kernel.EditService
		})
		if len(second) == 0 {
			continue
		}
		if _, err := Apply(context.Background(), k, before, first, ApplyOptions{}); err != nil {
			t.Fatal(err)
		}
		made := read(t, k)
		_, err := Apply(context.Background(), k, before, second, ApplyOptions{})
		if f := (*Failure)(nil); !errors.As(err, &f) || f.Undo != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		same(t, made, read(t, k))
	}
}

// TestUndoLooksAgain: the table that is read first lacks something.
func TestUndoLooksAgain(t *testing.T) {
	k := memory.New()
	plan := bigPlan(t, k)
	before := read(t, k)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	_, err := Apply(ctx, &forgetful{Kernel: &cutKernel{Kernel: k, cancel: cancel, after: 20}}, before, plan,
		ApplyOptions{})
	if f := (*Failure)(nil); !errors.As(err, &f) || f.Undo != nil {
		t.Errorf("%v", err)
	}
	same(t, before, read(t, k))
}

// forgetful leaves out servers the first time it is read, and lists one service
// twice.
type forgetful struct {
	kernel.Kernel
	reads int
}

func (k *forgetful) Snapshot(ctx context.Context, only ...kernel.ServiceID) (*kernel.Snapshot, error) {
	s, err := k.Kernel.Snapshot(ctx, only...)
	if k.reads++; k.reads == 1 && err == nil {
		s.Services = append(s.Services[1:], s.Services[len(s.Services)-1])
	}
	return s, err
}

// cutKernel ends the context in the middle of an Apply, as the real one does
// when it is interrupted: some changes are made.
type cutKernel struct {
	kernel.Kernel
	cancel context.CancelFunc
	after  int
}

func (k *cutKernel) Apply(ctx context.Context, changes []kernel.Change) error {
	n := min(k.after, len(changes))
	k.after -= n
	if err := k.Kernel.Apply(ctx, changes[:n]); err != nil || n == len(changes) {
		return err
	}
	k.cancel()
	k.after = 1 << 30
	return context.Canceled
}

var errBlind = errors.New("blind")

type blindKernel struct{ kernel.Kernel }

func (*blindKernel) Snapshot(context.Context, ...kernel.ServiceID) (*kernel.Snapshot, error) {
	return nil, errBlind
}

// bigPlan fills a kernel and returns a plan of 50 changes of every kind.
func bigPlan(t *testing.T, k kernel.Kernel) []kernel.Change {
	t.Helper()
	have := []Service{
		state("fwmark:1", "rr", 1, 8, 5), state("fwmark:2", "rr", 1, 4, 1),
		state("fwmark:3", "rr", 1, 2, 1), state("fwmark:4", "rr", 1, 2, 1),
	}
	load(t, k, have)
	return Between(read(t, k), wanted(), Options{Prune: true})
}

// wanted is what bigPlan's plan leads to.
func wanted() []Service {
	return []Service{
		state("fwmark:1", "wlc", 5, 20, 9), state("fwmark:2", "lc", 3, 7, 1), state("fwmark:5", "rr", 1, 20, 1),
	}
}

// state makes a service with servers of some numbers.
func state(service, scheduler string, from, to byte, weight int) Service {
	s := Service{Service: kernel.Service{ServiceID: id(service), Scheduler: scheduler}}
	for i := from; i <= to; i++ {
		a := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, i}), 80)
		s.Servers = append(s.Servers, kernel.Server{Addr: a, Weight: weight})
	}
	return s
}

// TestUndoOfRandomPlans refuses a random step between random tables.
func TestUndoOfRandomPlans(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 3))
		k := memory.New()
		load(t, k, randomState(r))
		before := read(t, k)
		plan := Between(before, randomState(r), Options{Prune: true})
		if len(plan) == 0 {
			continue
		}
		count, refuse := 0, r.IntN(len(plan))
		k.Refuse(func(kernel.Change) error {
			if count++; count == refuse+1 {
				return kernel.ErrNoMemory
			}
			return nil
		})
		if _, err := Apply(context.Background(), k, before, plan, ApplyOptions{}); err == nil {
			t.Fatalf("seed %d: no refusal", seed)
		}
		same(t, before, read(t, k))
	}
}

// same compares configurations; the order of servers is not one.
func same(t *testing.T, a, b *kernel.Snapshot) {
	t.Helper()
	sorted := func(s *kernel.Snapshot) []Service {
		out := Of(s)
		for i := range out {
			slices.SortFunc(out[i].Servers, func(a, b kernel.Server) int { return a.Addr.Compare(b.Addr) })
		}
		return out
	}
	if d := cmp.Diff(sorted(a), sorted(b), values); d != "" {
		t.Fatalf("(-before +after)\n%s", d)
	}
}

func sameTable(t *testing.T, a, b *Table) {
	t.Helper()
	same(t, a.Snapshot, b.Snapshot)
	if a.Timeouts != b.Timeouts {
		t.Fatalf("timeouts %v became %v", a.Timeouts, b.Timeouts)
	}
	if d := cmp.Diff(a.Daemons, b.Daemons, values); d != "" {
		t.Fatalf("daemons (-before +after)\n%s", d)
	}
}
