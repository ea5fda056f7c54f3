package commands

import (
	"strings"
	"testing"
	"time"

	"lvs/kernel/memory"
)

func TestWait(t *testing.T) {
	second := func(n uint32) memory.Traffic { return memory.Traffic{Active: n} }
	for _, c := range []struct {
		name, line string
		do         map[int]string // lines of others, by the second
		traffic    func(seconds int) memory.Traffic
		status     int
		atLeast    time.Duration
		says       string
	}{
		{"active", "10.0.0.11 --for active<=5", nil, func(s int) memory.Traffic { return second(uint32(max(20-s, 0))) },
			exitDone, 15 * time.Second, ""},
		{"drained by another", "tcp://192.0.2.10:80 10.0.0.11 --for drained", map[int]string{5: "drain 10.0.0.11:80"},
			func(s int) memory.Traffic { return second(uint32(max(20-s, 0))) }, exitDone, 20 * time.Second, ""},
		{"a whole service", theWeb + " --for drained", map[int]string{2: "drain -y 10.0.0.11", 6: "drain -y 10.0.0.12"},
			nil, exitDone, 6 * time.Second, ""},
		{"a service named as a server is", "192.0.2.10:80 --for gone",
			map[int]string{4: "service delete -y tcp://192.0.2.10:80"}, nil, exitDone, 4 * time.Second, ""},
		{"a server that goes", "10.0.0.11 --for gone", map[int]string{3: "server delete -y tcp://192.0.2.10:443 10.0.0.11",
			4: "server delete -y tcp://192.0.2.10:80 10.0.0.11",
			5: "server delete -y udp://192.0.2.10:53 10.0.0.11", 6: "server delete -y fwmark:7 10.0.0.11"}, nil, exitDone,
			6 * time.Second, ""},
		{"one that comes", "10.0.0.99:80 --for exists", map[int]string{3: "server add tcp://192.0.2.10:80 10.0.0.99"}, nil,
			exitDone, 3 * time.Second, ""},
		{"it never will be", "tcp://192.0.2.10:80 10.0.0.11 --for active<=0",
			map[int]string{3: "server delete -y tcp://192.0.2.10:80 10.0.0.11"},
			func(int) memory.Traffic { return second(1) }, exitNo, 3 * time.Second, "it was deleted before it was active<=0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := drainTable(t)
			if c.traffic != nil {
				does(t, k, theWeb, c.traffic(0))
			}
			app, _, errs := testApp(k)
			var took time.Duration
			last := 0
			onSleep(app, func(slept time.Duration) {
				took = slept
				if slept > time.Hour {
					t.Fatalf("it waits forever: %s", errs)
				}
				for ; last < int(slept/time.Second); last++ {
					if line := c.do[last+1]; line != "" {
						other, _, said := testApp(k)
						if status := other.Run(t.Context(), strings.Fields(line)); status != exitDone {
							t.Fatalf("%s: %s", line, said)
						}
					}
				}
				if snap, _ := k.Snapshot(t.Context()); c.traffic != nil && len(snap.Services) == 4 && c.do[last] == "" &&
					c.status == exitDone {
					does(t, k, theWeb, c.traffic(last))
				}
			})
			status := app.Run(t.Context(), append([]string{"wait"}, strings.Fields(c.line)...))
			if status != c.status || !strings.Contains(errs.String(), c.says) {
				t.Fatalf("status %d: %s", status, errs)
			}
			if took < c.atLeast || took > c.atLeast+2*time.Second {
				t.Errorf("it took %s, want %s", took, c.atLeast)
			}
		})
	}
}

// Without privilege, wait sees connections, and prints what it does not see.
func TestWaitWithoutPrivilege(t *testing.T) {
	k := drainTable(t)
	app, _, _ := testApp(k)
	if status := app.Run(t.Context(), strings.Fields("drain -y 10.0.0.11")); status != exitDone {
		t.Fatal(status)
	}
	does(t, k, theWeb, memory.Traffic{Active: 2})
	does(t, k, theDNS, memory.Traffic{Inactive: 3})
	k.Deny()
	app, _, errs := testApp(k)
	var took time.Duration
	onSleep(app, func(slept time.Duration) {
		took = slept
		if slept > 10*time.Second {
			does(t, k, theWeb, memory.Traffic{})
		}
		if slept > 20*time.Second {
			does(t, k, theDNS, memory.Traffic{})
		}
	})
	status := app.Run(t.Context(), strings.Fields("wait 10.0.0.11 --for drained"))
	if status != exitDone || took < 20*time.Second ||
		strings.Count(errs.String(), "without privilege, clients bound by persistence are not seen") != 1 {
		t.Errorf("status %d after %s: %s", status, took, errs)
	}
}
