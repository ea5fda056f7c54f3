package plan

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lvs/kernel"
	"lvs/kernel/memory"
)

// A service that comes back has its servers in the order in which they were.
func TestRevertKeepsTheOrder(t *testing.T) {
	k := memory.New()
	load(t, k, wide(2, 5))
	before := table(t, k)
	s := Steps{Changes: Between(before.Snapshot, nil, Options{Prune: true})}
	objects := s.Objects(before)
	if _, err := s.Apply(t.Context(), k, before, ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	back := Revert(Merge(objects, nil), table(t, k))
	if _, err := back.Apply(t.Context(), k, back.Before, ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(Of(before.Snapshot), Of(read(t, k)), values); d != "" {
		t.Errorf("(-before +after)\n%s", d)
	}
}

// What was refused stays out of the way back, also where it is like another.
func TestRevertLeavesRefusedAlone(t *testing.T) {
	k := memory.New()
	want := wide(1, 2)
	become(t, k, []Service{{Service: want[0].Service, Servers: want[0].Servers[:1]}})
	var objects []Object
	for i := range want[0].Servers {
		v := &want[0].Servers[i]
		objects = append(objects, Object{Service: want[0].ServiceID, Server: v.Addr, AfterServer: v})
	}
	become(t, k, want) // the second was made
	back := Revert(Merge(objects, []int{0}), table(t, k))
	if len(back.Changes) != 1 || back.Changes[0].Op != kernel.DeleteServer ||
		back.Changes[0].Server.Addr != want[0].Servers[1].Addr {
		t.Errorf("%s", show(back.Changes))
	}
}

// Another's change shows, and so does a server whose service is gone.
func TestSince(t *testing.T) {
	k := memory.New()
	want := wide(1, 2)
	become(t, k, want)
	v := want[0].Servers[0]
	heavy := v
	heavy.Weight = 7
	edit := []Object{{Service: want[0].ServiceID, Server: v.Addr, BeforeServer: &heavy, AfterServer: &v}}
	if back := Revert(edit, table(t, k)); len(back.Since) > 0 || len(back.Changes) != 1 {
		t.Errorf("as it was left: since %+v, changes %s", back.Since, show(back.Changes))
	}
	lighter := slices.Clone(want[0].Servers)
	lighter[0].Weight = 3
	become(t, k, []Service{{Service: want[0].Service, Servers: lighter}})
	back := Revert(edit, table(t, k))
	if len(back.Since) != 1 || back.Since[0].BeforeServer.Weight != 1 || back.Since[0].AfterServer.Weight != 3 {
		t.Errorf("changed since: %+v", back.Since)
	}
	if len(back.Changes) != 1 || back.Changes[0].Server.Weight != 7 {
		t.Errorf("and put back: %s", show(back.Changes))
	}
	become(t, k, nil)
	if back := Revert(edit, table(t, k)); len(back.Lost) != 1 || len(back.Changes) != 0 {
		t.Errorf("without the service: %+v", back)
	}
}

// become makes a table equal to a wanted state.
func become(t *testing.T, k kernel.Kernel, want []Service) {
	t.Helper()
	if err := k.Apply(context.Background(), Between(read(t, k), want, Options{Prune: true})); err != nil {
		t.Fatal(err)
	}
}
