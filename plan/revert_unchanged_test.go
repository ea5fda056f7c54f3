package plan

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lvs/kernel"
	"lvs/kernel/memory"
)

// What was changed after the changes is kept, and what depends on it.
func TestRevertUnchanged(t *testing.T) {
	t.Parallel()
	weights := func(s Service, weights ...int) Service {
		out := Service{Service: s.Service, Servers: slices.Clone(s.Servers[:len(weights)])}
		for i, w := range weights {
			out.Servers[i].Weight = w
		}
		return out
	}
	all := wide(2, 4)
	a, b := all[0], all[1]
	sed := weights(a, 1, 1)
	sed.Scheduler = "sed"
	for name, c := range map[string]struct {
		before, after, now, want []Service
		since, kept              int
	}{
		"nothing was changed since": {
			before: []Service{weights(a, 1, 1)}, after: []Service{weights(a, 5, 5, 5), b},
			now: []Service{weights(a, 5, 5, 5), b}, want: []Service{weights(a, 1, 1)},
		},
		"a drained server stays drained": {
			before: []Service{weights(a, 1, 1)}, after: []Service{weights(a, 5, 5)},
			now: []Service{weights(a, 0, 5)}, want: []Service{weights(a, 0, 1)}, since: 1,
		},
		"a server that was deleted stays deleted": {
			before: []Service{weights(a, 1, 1)}, after: []Service{weights(a, 5, 5)},
			now:   []Service{{a.Service, weights(a, 5, 5).Servers[1:]}},
			want:  []Service{{a.Service, weights(a, 1, 1).Servers[1:]}},
			since: 1,
		},
		"a new service stays with a server that was added": {
			before: []Service{b}, after: []Service{weights(a, 1, 1)},
			now: []Service{weights(a, 1, 1, 1)}, want: []Service{b, weights(a, 1, 1, 1)}, since: 1, kept: 1,
		},
		"a new service stays with a server that was edited": {
			before: nil, after: []Service{weights(a, 1, 1), b},
			now: []Service{weights(a, 1, 0), b}, want: []Service{weights(a, 1, 0)}, since: 1, kept: 1,
		},
		"a new service without one of its servers goes": {
			before: nil, after: []Service{weights(a, 1, 1)}, now: []Service{weights(a, 1)}, want: nil,
		},
		"a deleted service that was created with other settings stays": {
			before: []Service{weights(a, 1, 1), b}, after: nil,
			now: []Service{{sed.Service, sed.Servers[:1]}}, want: []Service{{sed.Service, sed.Servers[:1]}, b},
			since: 1, kept: 1,
		},
		"settings of a service that were changed stay, its servers do not": {
			before: []Service{weights(a, 1, 1)}, after: []Service{weights(a, 5, 1)},
			now: []Service{{sed.Service, weights(a, 5, 1).Servers}}, want: []Service{{sed.Service, weights(a, 1, 1).Servers}},
		},
		"the last server with a weight stays": {
			before: []Service{weights(a, 1)}, after: []Service{weights(a, 1, 1)},
			now: []Service{weights(a, 0, 1)}, want: []Service{weights(a, 0)},
		},
		"the last server with a weight stays, because the drained one is kept": {
			before: []Service{weights(a, 2)}, after: []Service{weights(a, 1, 1)},
			now: []Service{weights(a, 0, 1)}, want: []Service{weights(a, 0, 1)}, since: 1, kept: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := memory.New()
			become(t, k, c.before)
			before := table(t, k)
			s := Steps{Changes: Between(before.Snapshot, c.after, Options{Prune: true})}
			made := Merge(s.Objects(before), nil)
			become(t, k, c.after)
			become(t, k, c.now)
			back := RevertUnchanged(made, table(t, k))
			if len(back.Since) != c.since || len(back.Kept) != c.kept || len(back.Lost) > 0 {
				t.Errorf("since %+v, kept %v, lost %+v", back.Since, back.Kept, back.Lost)
			}
			if _, err := back.Apply(t.Context(), k, back.Before, ApplyOptions{}); err != nil {
				t.Fatal(err)
			}
			want := memory.New()
			become(t, want, c.want)
			if d := cmp.Diff(sorted(read(t, want)), sorted(read(t, k)), values); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

// sorted returns the state of a table, without its order.
func sorted(s *kernel.Snapshot) []Service {
	out := Of(s)
	slices.SortFunc(out, func(a, b Service) int { return a.ServiceID.Compare(b.ServiceID) })
	for i := range out {
		slices.SortFunc(out[i].Servers, func(a, b kernel.Server) int { return a.Addr.Compare(b.Addr) })
	}
	return out
}

// Timeouts and daemons that were changed since stay; the three timeouts are three.
func TestRevertUnchangedSettings(t *testing.T) {
	t.Parallel()
	before := kernel.Timeouts{TCP: time.Second, TCPFin: time.Second, UDP: time.Second}
	after := kernel.Timeouts{TCP: 2 * time.Second, TCPFin: 2 * time.Second, UDP: time.Second}
	now := &Table{Snapshot: &kernel.Snapshot{}, Timeouts: after, Daemons: []kernel.Daemon{{Role: kernel.Master, ID: 9}}}
	now.Timeouts.TCP = 7 * time.Second
	back := RevertUnchanged([]Object{
		{BeforeTimeouts: &before, AfterTimeouts: &after},
		{AfterDaemon: &kernel.Daemon{Role: kernel.Master, ID: 1}},
	}, now)
	if want := (kernel.Timeouts{TCPFin: time.Second}); back.Timeouts != want {
		t.Errorf("it sets %+v, want %+v", back.Timeouts, want)
	}
	if len(back.Since) != 2 || len(back.Stop) != 0 {
		t.Errorf("since %+v, stop %+v", back.Since, back.Stop)
	}
}

func TestKnown(t *testing.T) {
	t.Parallel()
	k := memory.New()
	all := wide(2, 2)
	become(t, k, all[:1])
	now := table(t, k)
	objects := func(s Service) []Object {
		return []Object{{Service: s.ServiceID, AfterService: &s.Service},
			{Service: s.ServiceID, Server: s.Servers[0].Addr, AfterServer: &s.Servers[0]}}
	}
	for name, c := range map[string]struct {
		made []Object
		want bool
	}{
		"it has the service":  {objects(all[0]), true},
		"it has none of them": {objects(all[1]), false},
		"it has one of them":  {append(objects(all[1]), objects(all[0])[1:]...), true},
		"settings fit always": {[]Object{{BeforeTimeouts: &now.Timeouts}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Known(c.made, now); got != c.want {
				t.Errorf("it is %t", got)
			}
		})
	}
}
