package output

import "testing"

// What the dashboard says about the services and servers of a director.
func TestDirectedWords(t *testing.T) {
	d := sampleDirector()
	web, mail := &d.Services[0], &d.Services[1]
	unchecked := DirectedServerRow{Health: "unknown", Why: "tier", WeightWanted: new(0)}
	flapping := web.Servers[2]
	flapping.Flaps, flapping.Checks = 4, nil
	for _, test := range []struct {
		name                 string
		row                  DirectedServerRow
		word, weight, health string
	}{
		{"good", web.Servers[0], "", "as in the file", "up since 04:06:07; http: passed in 1.2ms"},
		{"drained", web.Servers[1], "drained", "drained by root: new disk, until 06:06:07",
			"up since 04:06:07; http: passed in 1.2ms"},
		{"masked", web.Servers[2], "masked", "masked by the director: its checks fail, changes at 05:06:27",
			`down since 05:05:37; http: unexpected answer: \x1b[2J`},
		{"flapping", flapping, "masked", "masked by the director: its checks fail, changes at 05:06:27",
			"down since 05:05:37, 4 changes in the last hour"},
		{"out of the table", mail.Servers[0], "masked",
			"masked by the director: its checks fail; removed; new connections stay half open",
			"down since 2026-03-03T03:06:07; http: connection refused"},
		{"fallback in use", mail.Servers[1], "", "fallback", "not checked"},
		{"standby", unchecked, "standby", "its tier is not needed", "not checked"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := &test.row
			if got := r.WeightWord(); got != test.word {
				t.Errorf("word %q, want %q", got, test.word)
			}
			if got := r.WeightText(at()); got != test.weight {
				t.Errorf("weight %q, want %q", got, test.weight)
			}
			if got := r.HealthText(at()); got != test.health {
				t.Errorf("health %q, want %q", got, test.health)
			}
		})
	}
	if got, want := web.StateText(at()), "up since 04:06:07: 1 of 3 servers healthy"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := d.Faults(); len(got) != 2 || got[0] != "alarm: the journal cannot be written" {
		t.Errorf("%q", got)
	}
}

// A row whose key cannot be read is left out, and no other.
func TestDirectorIndex(t *testing.T) {
	d := sampleDirector()
	d.Services[1].Service = "of a later version"
	d.Services[0].Servers[1].Server = "what"
	if services, servers := d.Index(); len(services) != 1 || len(servers) != 2 {
		t.Errorf("%d services, %d servers; want 1 and 2", len(services), len(servers))
	}
}
