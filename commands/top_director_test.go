package commands

import (
	"context"
	"strings"
	"testing"
	"time"

	"lvs/director"
	"lvs/kernel/memory"
)

// The dashboard reads the state of the director of its table, and nothing where none runs.
func TestDirectorNow(t *testing.T) {
	for _, c := range []struct {
		name     string
		director func() director.Control
		age      time.Duration
		services int
		err      string
	}{
		{name: "none runs", director: func() director.Control { return nil }},
		{name: "it runs", director: func() director.Control { return directedBy() }, services: 2},
		{name: "it hangs", director: func() director.Control { return directedBy() }, age: time.Minute,
			err: "the director hangs: its newest state is 1m old"},
	} {
		t.Run(c.name, func(t *testing.T) {
			app, _, _ := beside(t, c.director(), memory.New())
			now := app.Now
			app.Now = func() time.Time { return now().Add(c.age) }
			st, err := app.directorNow(t.Context())
			said := ""
			if err != nil {
				said = err.Error()
			}
			services := 0
			if st != nil {
				services = len(st.Services)
			}
			if said != c.err || services != c.services {
				t.Errorf("%d services, %q; want %d, %q", services, said, c.services, c.err)
			}
		})
	}
}

// A question to the director ends with its context.
func TestDirectorNowEnds(t *testing.T) {
	app, _, _ := beside(t, directedBy(), memory.New())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if st, err := app.directorNow(ctx); st != nil || err == nil {
		t.Errorf("%v, %v", st, err)
	}
}

// A command line of the dashboard about a server of the director goes to the director.
func TestWithinDirector(t *testing.T) {
	const web, server = "tcp://192.0.2.10:80", "10.0.0.11:80"
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"drain", server, "--service", web, "--yes"}, "drain"},
		{[]string{"undrain", server, "--service", web}, "undrain"},
		{[]string{"weight", web, server, "7"}, "weight"},
	} {
		t.Run(c.want, func(t *testing.T) {
			k, d := memory.New(), directedBy()
			app, _, _ := testApp(k)
			for _, line := range []string{"service add " + web, "server add " + web + " " + server + " -w 5"} {
				if r := app.within(t.Context(), strings.Fields(line)); r.Status != exitDone {
					t.Fatalf("%+v", r)
				}
			}
			app, _, _ = beside(t, d, k)
			if r := app.within(t.Context(), c.args); r.Status != exitDone {
				t.Fatalf("%+v", r)
			}
			if len(d.asked) != 1 || !strings.HasPrefix(d.asked[0], c.want+" "+web+" "+server) {
				t.Errorf("the director was asked for %q", d.asked)
			}
			snap, err := k.Snapshot(t.Context())
			if err != nil || snap.Services[0].Servers[0].Weight != 5 {
				t.Errorf("the command changed the weight itself: %+v, %v", snap, err)
			}
		})
	}
}
