package operate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"lvs/kernel"
	"lvs/plan"
	"lvs/plan/journal"
)

// objects returns servers of web that are added by changes 0, 1 and so on.
func objects(n int) []plan.Object {
	var out []plan.Object
	for i := range n {
		out = append(out, plan.Object{Service: serviceID(web), Server: addr(i + 1),
			AfterServer: &kernel.Server{Addr: addr(i + 1), Weight: 1}, Change: i})
	}
	return out
}

func TestRecordOutcomes(t *testing.T) {
	refused := func(at ...int) kernel.Refusals {
		var out kernel.Refusals
		for _, i := range at {
			out = append(out, kernel.Refusal{Index: i, Err: &kernel.Error{Err: kernel.ErrRange}})
		}
		return out
	}
	undone := &plan.Failure{Cause: kernel.ErrNoMemory}
	notUndone := &plan.Failure{Cause: kernel.ErrNoMemory, Undo: errors.New("broken")}
	for _, c := range []struct {
		name    string
		err     error
		outcome journal.Outcome
		refused []int
	}{
		{"done", nil, journal.Done, nil},
		{"one refused", refused(1), journal.Partly, []int{1}},
		{"all refused", refused(0, 1), journal.Refused, nil},
		{"inside a PartlyError", &PartlyError{1, refused(0)}, journal.Partly, []int{0}},
		{"undone", undone, journal.Refused, nil},
		{"not undone", notUndone, journal.Unknown, nil},
		{"no permission", fmt.Errorf("add: %w", kernel.ErrPermission), journal.Refused, nil},
		{"not loaded", kernel.ErrNotLoaded, journal.Refused, nil},
		{"interrupted", context.Canceled, journal.Unknown, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.Record(t.Context(), objects(2))(c.err)
			e := w.entries()[0]
			if e.Outcome != c.outcome || !slices.Equal(e.Refused, c.refused) || (e.Error == "") != (c.err == nil) {
				t.Errorf("%s without %v, %q; want %s without %v", e.Outcome, e.Refused, e.Error, c.outcome, c.refused)
			}
		})
	}
}

// Several changes are one entry. Indexes of refused objects count over all of them.
func TestRecordSeveralChanges(t *testing.T) {
	w := newWorld(t)
	w.Record(t.Context(), objects(2))(nil)
	w.Record(t.Context(), objects(2))(kernel.Refusals{{Index: 1, Err: &kernel.Error{Err: kernel.ErrExists}}})
	w.Record(t.Context(), nil)(errors.New("not recorded"))
	e := w.entries()
	if len(e) != 1 || len(e[0].Objects) != 4 || e[0].Outcome != journal.Partly || !slices.Equal(e[0].Refused, []int{3}) {
		t.Errorf("recorded %+v", e)
	}
}

// A process that dies between the journal and the end leaves an unknown outcome.
func TestRecordWithoutAnEnd(t *testing.T) {
	w := newWorld(t)
	w.Netns = "director"
	w.Record(t.Context(), objects(1))
	want := journal.Entry{ID: 1, Time: w.now, User: "root", Command: "lvs test", Netns: "director", Table: boot,
		Objects: objects(1), Counts: plan.Result{Added: 1}, End: journal.End{Outcome: journal.Unknown}}
	if d := cmp.Diff([]journal.Entry{want}, w.entries(), cmpopts.IgnoreUnexported(journal.Entry{}),
		cmp.Comparer(func(a, b kernel.ServiceID) bool { return a == b }),
		cmp.Comparer(func(a, b plan.Object) bool { return a.Service == b.Service && a.Server == b.Server })); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// A journal that cannot be written does not prevent changes, and is reported once.
func TestUnrecorded(t *testing.T) {
	w := newWorld(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w.Journal = &journal.Journal{Dir: filepath.Join(file, "folder")}
	w.add(web, 5)
	for range 2 {
		if err := w.Apply(t.Context(), WeightSteps(w.members(web, 1), w.weights(web, 1)[0]-1)); err != nil {
			t.Fatal(err)
		}
	}
	if w.weights(web, 1)[0] != 3 || len(w.events) != 1 || !slices.Equal(w.eventTypes(), []string{"Unrecorded"}) {
		t.Errorf("the weight is %d, the events are %v", w.weights(web, 1)[0], w.eventTypes())
	}
	if w.Recorded() || w.EntryID() != 0 {
		t.Errorf("recorded as %d", w.EntryID())
	}
}

func TestObjectsOfSteps(t *testing.T) {
	service := kernel.Service{ServiceID: serviceID(web), Scheduler: "rr"}
	e := &kernel.ServiceEntry{Service: service, Servers: []kernel.ServerEntry{
		{Server: kernel.Server{Addr: addr(1)}}, {Server: kernel.Server{Addr: addr(2)}},
	}}
	got := Objects([]Step{
		{Change: kernel.Change{Op: kernel.AddServer, Service: service, Server: kernel.Server{Addr: addr(3)}}},
		{Change: kernel.Change{Op: kernel.DeleteService, Service: service}, BeforeService: &service, Entry: e},
	})
	if len(got) != 4 || got[0].AfterServer == nil || got[1].BeforeService == nil || got[1].AfterService != nil ||
		got[2].Server != addr(2) || got[3].Server != addr(1) || got[3].Change != 1 {
		t.Errorf("%+v", got)
	}
}
