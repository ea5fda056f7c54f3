package director

import (
	"strings"
	"testing"
	"time"

	"lvs/director/health"
	"lvs/kernel"
)

// A decision that ends gives way to the weight that somebody had set before it.
func TestDecisionBefore(t *testing.T) {
	one := []kernel.ServerKey{keyOf(1, 1)}
	set := func(weight int, hold time.Duration) Decision {
		return Decision{Action: DoWeight, Servers: one, Weight: weight, For: hold, User: "ann"}
	}
	drain := Decision{Action: DoDrain, Servers: one, User: "ann"}
	undrain := Decision{Action: DoUndrain, Servers: one, User: "bob"}
	tests := []struct {
		name string
		// do are the decisions, and then two minutes pass, with a restart if again is set.
		do    []Decision
		again bool
		want  string
		// last is the last event about a decision.
		last string
	}{
		{"a weight for a time", []Decision{set(7, 0), set(3, time.Minute)}, false, "7", "3>7"},
		{"two weights for a time", []Decision{set(7, 0), set(3, time.Minute), set(4, time.Second)}, false, "7", "4>7"},
		{"a drain for a time", []Decision{set(7, 0), {Action: DoDrain, Servers: one, For: time.Minute}}, false, "7",
			"drain>7"},
		{"with a restart", []Decision{set(7, 0), set(3, time.Minute)}, true, "7", ""},
		{"the end of a drain", []Decision{set(7, 0), drain, drain, undrain}, false, "7", "drain>7"},
		{"the end of all", []Decision{set(7, 0), drain, undrain, undrain}, false, "10", "7>ready"},
		{"another weight", []Decision{set(7, 0), set(3, 0), undrain}, false, "10", "3>ready"},
		{"no weight before", []Decision{set(3, time.Minute)}, false, "10", "3>ready"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, serviceOf(1, 1, 2))
			w.begin()
			w.up(1, 2)
			for i := range test.do {
				if err := w.d.decideFor(t.Context(), &test.do[i]); err != nil {
					t.Fatal(err)
				}
				w.work()
			}
			w.pass(time.Minute)
			w.want("no time without it", w.weights(1, 1), test.want)
			w.pass(time.Minute)
			if test.again {
				w.again()
				w.up(1, 2)
			}
			w.want("then", w.weights(1, 1), test.want)
			if e := w.events(EventAdmin); !test.again && e[len(e)-1] != "admin "+test.last+" " {
				t.Errorf("the last event is %q", e[len(e)-1])
			}
		})
	}
}

// The event that ends a decision names the time, or who ended it.
func TestEndOfDecision(t *testing.T) {
	w := newWorld(t, serviceOf(1, 1, 2))
	w.begin()
	w.up(1, 2)
	w.turn(2, health.Up)
	one := []kernel.ServerKey{keyOf(1, 1)}
	for _, d := range []Decision{
		{Action: DoDrain, Servers: one, User: "ann"},
		{Action: DoUndrain, Servers: one, User: "bob", Reason: "disk is new"},
		{Action: DoDrain, Servers: one, User: "ann", For: time.Minute},
	} {
		if err := w.d.decideFor(t.Context(), &d); err != nil {
			t.Fatal(err)
		}
	}
	w.pass(2 * time.Minute)
	var got []string
	all, _, _ := w.d.events.after(0)
	for i := range all {
		if e := &all[i]; e.Kind == EventAdmin {
			got = append(got, e.To+"/"+e.User+"/"+e.Reason+"/"+e.Text)
		}
	}
	w.want("events", strings.Join(got, ", "), "drain/ann//, ready/bob/disk is new/, drain/ann//, ready///its time is over")
}

// What leaves the files leaves an event for each step.
func TestEventsOfRemoval(t *testing.T) {
	w := newWorld(t, serviceOf(1, 1, 2), serviceOf(2, 3))
	w.begin()
	w.up(1, 2, 3)
	begun := len(w.events(EventWeight, EventService))
	w.load(testModel(serviceOf(1, 1)))
	w.pass(time.Minute)
	w.want("events", strings.Join(w.events(EventWeight, EventService)[begun:], ", "),
		"weight 10>0 absent, service >removed , weight 0> absent")
}
