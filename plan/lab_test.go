package plan

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"lvs/kernel"
	"lvs/lab"
)

// TestPlansOnTheKernel goes from one random state to the next.
func TestPlansOnTheKernel(t *testing.T) {
	lab.Need(t, tunnels)
	k := open(t)
	for seed := range uint64(60) {
		want := randomState(rand.New(rand.NewPCG(seed, 5)))
		before := read(t, k)
		plan := Between(before, want, Options{Prune: true})
		if _, err := Apply(context.Background(), k, before, plan, ApplyOptions{}); err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, show(plan))
		}
		if rest := Between(read(t, k), want, Options{Prune: true}); len(rest) > 0 {
			t.Fatalf("seed %d: a second plan is not empty:\n%s", seed, show(rest))
		}
	}
}

// TestRefusalAtEveryStepOfTheKernel puts a change that the kernel cannot take
// into each place of a plan.
func TestRefusalAtEveryStepOfTheKernel(t *testing.T) {
	lab.Need(t)
	k := open(t)
	plan := bigPlan(t, k)
	before := read(t, k)
	for step := range plan {
		bad := append(plan[:step:step], kernel.Change{Op: kernel.AddService,
			Service: kernel.Service{ServiceID: id("fwmark:1000"), Scheduler: "nosuch"}})
		bad = append(bad, plan[step+1:]...)
		_, err := Apply(context.Background(), k, before, bad, ApplyOptions{})
		var f *Failure
		if !errors.As(err, &f) || f.Undo != nil || !errors.Is(err, kernel.ErrNoScheduler) {
			t.Fatalf("step %d: %v", step, err)
		}
		same(t, before, read(t, k))
	}
}

// TestKernelKeepsTheOrder copies a table to a kernel that lists it alike.
func TestKernelKeepsTheOrder(t *testing.T) {
	lab.Need(t)
	k := open(t)
	bigPlan(t, k)
	first := read(t, k)
	if err := k.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	load(t, k, Of(first))
	if d := cmp.Diff(first.Services, read(t, k).Services, values, cmpopts.IgnoreTypes(kernel.Stats{})); d != "" {
		t.Errorf("(-first +second)\n%s", d)
	}
}

// TestServerOnTheDirector holds what the kernel shows of a server that is the
// director itself: the way that was asked for, on kernels of this age.
func TestServerOnTheDirector(t *testing.T) {
	lab.Need(t)
	k := open(t)
	want := []Service{{
		Service: kernel.Service{ServiceID: id("tcp://127.0.0.1:80"), Scheduler: "rr"},
		Servers: []kernel.Server{
			{Addr: netip.MustParseAddrPort("127.0.0.1:8080"), Forward: kernel.NAT, Weight: 1},
			{Addr: netip.MustParseAddrPort("127.0.0.1:80"), Forward: kernel.Direct, Weight: 1},
			{Addr: netip.MustParseAddrPort("127.0.0.2:80"), Forward: kernel.Local, Weight: 1},
		},
	}}
	load(t, k, want)
	if d := cmp.Diff(want, Of(read(t, k)), values); d != "" {
		t.Errorf("(-asked for +shown)\n%s", d)
	}
	if rest := Between(read(t, k), want, Options{Prune: true}); len(rest) > 0 {
		t.Errorf("left: %s", show(rest))
	}
}
