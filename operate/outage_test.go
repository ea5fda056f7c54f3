package operate

import (
	"errors"
	"testing"
	"time"

	"lvs/kernel"
	"lvs/operate/state"
	"lvs/plan"
	"lvs/plan/journal"
)

func edit(n, weight int) kernel.Change {
	return kernel.Change{Op: kernel.EditServer, Service: kernel.Service{ServiceID: serviceID(web)},
		Server: kernel.Server{Addr: addr(n), Weight: weight, Forward: kernel.NAT}}
}

func TestKeepOut(t *testing.T) {
	out := Outages{key(web, 1): {Weight: 5}}
	limited := edit(1, 9)
	limited.Server.Upper = 100
	add := edit(1, 9)
	add.Op = kernel.AddServer
	idle := add
	idle.Server.Weight = 0
	remove := edit(1, 0)
	remove.Op = kernel.DeleteServer
	for _, c := range []struct {
		name    string
		now     int // the weight in the table
		change  kernel.Change
		stays   bool
		weight  int
		kept    int
		already int
	}{
		{name: "edit", change: edit(1, 9), kept: 1},
		{name: "edit with another setting", change: limited, stays: true, kept: 1},
		{name: "edit of a server with a weight from others", now: 3, change: edit(1, 9), kept: 1, already: 3},
		{name: "such a server gets the weight 0", now: 3, change: edit(1, 0), stays: true},
		{name: "another server", change: edit(2, 9), stays: true, weight: 9},
		{name: "add", change: add, stays: true, kept: 1},
		{name: "add with weight 0", change: idle, stays: true},
		{name: "delete", change: remove, stays: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.add(web, c.now, 1)
			rest, kept := out.KeepOut(w.snapshot(), []kernel.Change{c.change})
			if len(rest) > 0 != c.stays || len(kept) != c.kept {
				t.Fatalf("left %v, kept %+v", rest, kept)
			}
			if c.stays && rest[0].Server.Weight != c.weight {
				t.Errorf("the weight becomes %d, want %d", rest[0].Server.Weight, c.weight)
			}
			if c.kept > 0 && (kept[0].Asked != 9 || kept[0].Now != c.already || kept[0].Outage.Weight != 5) {
				t.Errorf("kept %+v", kept[0])
			}
		})
	}
}

// The state is there as long as nobody ends it, whatever happens in the table.
func TestOutagesSurviveDeletion(t *testing.T) {
	w := newWorld(t)
	w.add(web, 5, 3)
	w.Reason = "new disk"
	if _, err := w.Drain(t.Context(), w.members(web, 1), 0); err != nil {
		t.Fatal(err)
	}
	w.change(kernel.Change{Op: kernel.DeleteService, Service: kernel.Service{ServiceID: serviceID(web)}})
	out, err := w.again().Outages()
	if r := out[key(web, 1)]; err != nil || len(out) != 1 || r.Weight != 5 || r.Reason != "new disk" || r.User != "root" {
		t.Fatalf("%+v, %v", out, err)
	}
	w.add(web, 8, 3)
	if all := out.Overridden(w.snapshot()); len(all) != 1 || all[0].Weight != 8 {
		t.Errorf("with a weight: %+v", all)
	}
	w.Declare(t.Context(), []Kept{{ServerKey: key(web, 1), Asked: 8, Outage: out[key(web, 1)]},
		{ServerKey: key(web, 2), Asked: 9}})
	if out, _ = w.Outages(); len(out) != 1 || out[key(web, 1)].Weight != 8 {
		t.Errorf("declared: %+v", out)
	}
	if ended := w.Forget(t.Context(), []kernel.ServerKey{key(web, 1), key(web, 2)}); len(ended) != 1 {
		t.Errorf("ended %v", ended)
	}
	if out, _ = w.Outages(); len(out) != 0 {
		t.Errorf("after that: %+v", out)
	}
}

// A weight that is restored later is no outage, unless it is 0.
func TestHoldIsNoOutage(t *testing.T) {
	for weight, want := range map[int]int{2: 0, 0: 1} {
		w := newWorld(t)
		w.add(web, 5)
		if _, _, err := w.Hold(t.Context(), w.member(web, 1), weight, time.Minute); err != nil {
			t.Fatal(err)
		}
		out, err := w.Outages()
		if err != nil || len(out) != want {
			t.Errorf("weight %d: %+v, %v", weight, out, err)
		}
		if want > 0 && !out[key(web, 1)].Until.Equal(w.now.Add(time.Minute)) {
			t.Errorf("until %v", out[key(web, 1)].Until)
		}
	}
}

func TestEndedBy(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	out := Outages{key(web, 1): {Weight: 5, Since: now}}
	change := func(n, before, after int) plan.Object {
		return plan.Object{Service: serviceID(web), Server: addr(n), BeforeServer: &kernel.Server{Weight: before},
			AfterServer: &kernel.Server{Weight: after}}
	}
	for _, c := range []struct {
		name   string
		time   time.Time
		object plan.Object
		want   int
	}{
		{"the drain", now.Add(time.Millisecond), change(1, 5, 0), 1},
		{"before it", now.Add(-time.Minute), change(1, 5, 0), 0},
		{"another server", now, change(2, 5, 0), 0},
		{"a weight", now, change(1, 0, 5), 0},
		{"a deletion", now,
			plan.Object{Service: serviceID(web), Server: addr(1), BeforeServer: &kernel.Server{Weight: 5}}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := out.EndedBy(&journal.Entry{Time: c.time, Objects: []plan.Object{c.object}}); len(got) != c.want {
				t.Errorf("%v", got)
			}
		})
	}
}

// A drain ends a ramp.
func TestRampMeetsADrain(t *testing.T) {
	w := newWorld(t)
	w.add(web, 10)
	w.onSleep = func(n int) {
		if n == 3 {
			o := w.again()
			o.Sleep = nil
			if _, err := o.keepWeights(t.Context(), w.members(web, 1), 0, state.Job{}, true); err != nil {
				t.Error(err)
			}
		}
	}
	reached, err := w.Ramp(t.Context(), key(web, 1), 10, 100, time.Minute, nil)
	var drained *DrainedError
	if !errors.As(err, &drained) || drained.User != "root" || w.weights(web, 1)[0] != reached {
		t.Errorf("%v; reached %d, the weight is %d", err, reached, w.weights(web, 1)[0])
	}
}

// A declaration that comes with no change of the table is an entry, and taken back as one.
func TestDeclareAlone(t *testing.T) {
	w := newWorld(t)
	w.add(web, 5)
	if _, err := w.Drain(t.Context(), w.members(web, 1), 0); err != nil {
		t.Fatal(err)
	}
	before := func() (int, state.Weight) {
		out, err := w.Outages()
		if err != nil {
			t.Fatal(err)
		}
		return out[key(web, 1)].Weight, out[key(web, 1)]
	}
	_, outage := before()
	apply := w.again()
	apply.DeclareAlone(t.Context(), []Kept{{ServerKey: key(web, 1), Asked: 5, Outage: outage}})
	if id := apply.EntryID(); id != 0 {
		t.Errorf("entry %d for the weight that it has", id)
	}
	apply.DeclareAlone(t.Context(), []Kept{{ServerKey: key(web, 1), Asked: 8, Outage: outage}})
	if now, _ := before(); now != 8 || apply.EntryID() == 0 {
		t.Fatalf("weight %d, entry %d", now, apply.EntryID())
	}
	undo := w.again()
	n, err := undo.RewindAlone(t.Context(), apply.EntryID())
	if now, _ := before(); n != 1 || err != nil || now != 5 || undo.EntryID() == apply.EntryID() {
		t.Errorf("%d servers, %v, weight %d, entry %d", n, err, now, undo.EntryID())
	}
	if n, err := w.again().RewindAlone(t.Context(), apply.EntryID()); n != 0 || err != nil {
		t.Errorf("a second time: %d servers, %v", n, err)
	}
}
