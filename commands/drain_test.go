package commands

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"lvs/kernel"
	"lvs/kernel/memory"
	"lvs/operate/state"
	"lvs/output"
	"lvs/traffic"
)

// drainTable has one server in a TCP, a persistent TCP, a UDP and a mark service.
func drainTable(t *testing.T) *memory.Kernel {
	t.Helper()
	t.Setenv(state.Variable, t.TempDir())
	k := memory.New()
	for _, line := range []string{
		"service add tcp://192.0.2.10:80",
		"service add tcp://192.0.2.10:443 --persistent=300",
		"service add udp://192.0.2.10:53",
		"service add fwmark:7",
		"server add tcp://192.0.2.10:80 10.0.0.11 -w 5",
		"server add tcp://192.0.2.10:80 10.0.0.12 -w 5",
		"server add tcp://192.0.2.10:443 10.0.0.11 -w 6",
		"server add udp://192.0.2.10:53 10.0.0.11 -w 7",
		"server add fwmark:7 10.0.0.11 -w 8",
	} {
		app, _, errs := testApp(k)
		if status := app.Run(t.Context(), strings.Fields(line)); status != exitDone {
			t.Fatalf("%s: %s", line, errs)
		}
	}
	return k
}

const (
	theWeb  = "tcp://192.0.2.10:80"
	theShop = "tcp://192.0.2.10:443"
	theDNS  = "udp://192.0.2.10:53"
	theMark = "fwmark:7"
)

// does adds traffic to the server of a service.
func does(t *testing.T, k *memory.Kernel, service string, what memory.Traffic) {
	t.Helper()
	id, err := kernel.ParseServiceID(service)
	if err != nil {
		t.Fatal(err)
	}
	if !k.Traffic(id, netip.AddrPortFrom(netip.MustParseAddr("10.0.0.11"), id.Port), what) {
		t.Fatalf("no such server in %s", service)
	}
}

// onSleep calls a function each time that the program sleeps, with the time since the start.
func onSleep(app *App, do func(slept time.Duration)) {
	pass, slept := app.Sleep, time.Duration(0)
	app.Sleep = func(ctx context.Context, d time.Duration) error {
		slept += d
		do(slept)
		return pass(ctx, d)
	}
}

type drainDocument struct{ Items []output.DrainRow }

func items(t *testing.T, out *bytes.Buffer) []output.DrainRow {
	t.Helper()
	var doc drainDocument
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return doc.Items
}

// Waiting ends when the last connection has ended, and shows the progress.
func TestDrainWaits(t *testing.T) {
	k := drainTable(t)
	does(t, k, theWeb, memory.Traffic{Active: 100, Inactive: 7})
	app, out, errs := testApp(k)
	app.ErrTerminal.Is = false
	ended := time.Duration(0)
	onSleep(app, func(slept time.Duration) {
		left := max(100-int(slept/time.Second)*5, 0) // 5 a second
		if left == 0 && ended == 0 {
			ended = slept
		}
		does(t, k, theWeb, memory.Traffic{Active: uint32(left), Inactive: 7})
	})
	status := app.Run(t.Context(), strings.Fields("drain 10.0.0.11:80 --wait -o json"))
	if status != exitDone {
		t.Fatalf("status %d: %s", status, errs)
	}
	rows := items(t, out)
	if len(rows) != 1 || rows[0].State != "drained" || *rows[0].Active != 0 || *rows[0].WeightBefore != 5 ||
		*rows[0].Weight != 0 {
		t.Errorf("rows %+v", rows)
	}
	for _, want := range []string{
		"lvs: draining: 75 active connections left in 1 service, done in about 17s (4.2 fewer each second): 10.0.0.11:80\n",
		"lvs: 10.0.0.11:80 is drained after 21s\n",
	} {
		if !strings.Contains(errs.String(), want) {
			t.Errorf("it does not print %q:\n%s", want, errs)
		}
	}
	if bytes.Contains(errs.Bytes(), []byte("\r")) {
		t.Errorf("a line for a terminal without a terminal: %q", errs)
	}
}

// What delays a drain, and for how long.
func TestWhatIsInTheWay(t *testing.T) {
	for _, c := range []struct {
		name, service, options string
		at                     func(slept time.Duration) memory.Traffic
		atLeast, atMost        time.Duration
	}{
		{"nothing", theWeb, "", func(time.Duration) memory.Traffic { return memory.Traffic{} }, 0, 0},
		{"connections that end, or open", theWeb, "", func(time.Duration) memory.Traffic {
			return memory.Traffic{Inactive: 1000}
		}, traffic.QuietTime, traffic.QuietTime + time.Second},
		{"connections whose ports are used again", theWeb, "", func(slept time.Duration) memory.Traffic {
			if slept < 20*time.Second {
				return memory.Traffic{Inactive: 4, Add: kernel.Counters{PacketsIn: 10}}
			}
			return memory.Traffic{Inactive: 4}
		}, 20*time.Second + traffic.QuietTime - 2*time.Second, 20*time.Second + traffic.QuietTime + 2*time.Second},
		{"templates", theShop, "", func(slept time.Duration) memory.Traffic {
			return memory.Traffic{Persistent: uint32(max(0, 3-slept/(100*time.Second)))}
		}, 300 * time.Second, 302 * time.Second},
		{"templates that expire", theShop, " --expire-templates", func(time.Duration) memory.Traffic {
			return memory.Traffic{Persistent: 3}
		}, 0, 0},
		{"no datagram ever", theDNS, "", func(time.Duration) memory.Traffic { return memory.Traffic{} }, 0, 0},
		{"old datagrams", theDNS, "", func(time.Duration) memory.Traffic {
			return memory.Traffic{Inactive: 4}
		}, traffic.QuietTime, traffic.QuietTime + 2*time.Second},
		{"datagrams for a while", theDNS, "", func(slept time.Duration) memory.Traffic {
			if slept < 20*time.Second {
				return memory.Traffic{Inactive: 4, Add: kernel.Counters{PacketsIn: 10}}
			}
			return memory.Traffic{Inactive: 4}
		}, 20*time.Second + traffic.QuietTime - 2*time.Second, 20*time.Second + traffic.QuietTime + 2*time.Second},
		{"a mark with TCP", theMark, "", func(slept time.Duration) memory.Traffic {
			if slept < 10*time.Second {
				return memory.Traffic{Active: 1, Inactive: 2, Add: kernel.Counters{PacketsIn: 10}}
			}
			return memory.Traffic{}
		}, 10 * time.Second, 12 * time.Second},
		{"a mark with UDP", theMark, "", func(slept time.Duration) memory.Traffic {
			if slept < 10*time.Second {
				return memory.Traffic{Inactive: 2, Add: kernel.Counters{PacketsIn: 10}}
			}
			return memory.Traffic{Inactive: 2}
		}, 10*time.Second + traffic.QuietTime - 2*time.Second, 10*time.Second + traffic.QuietTime + 2*time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := drainTable(t)
			does(t, k, c.service, c.at(0))
			app, _, errs := testApp(k)
			var took time.Duration
			onSleep(app, func(slept time.Duration) {
				took = slept
				if slept > time.Hour {
					t.Fatalf("it waits forever: %s", errs)
				}
				does(t, k, c.service, c.at(slept))
			})
			args := strings.Fields("drain 10.0.0.11 --yes --wait --service " + c.service + c.options)
			if status := app.Run(t.Context(), args); status != exitDone {
				t.Fatalf("status %d: %s", status, errs)
			}
			if took < c.atLeast || took > c.atMost {
				t.Errorf("it took %s, want %s to %s", took, c.atLeast, c.atMost)
			}
			silent := "lvs: udp://192.0.2.10:53 10.0.0.11:53: 4 UDP connections left, no packet for 5s: a client that sends " +
				"again comes back\nhint: lvs drain 10.0.0.11:53 --service udp://192.0.2.10:53 --delete --release --timeout 10s " +
				"moves such clients\n"
			if want := c.service == theDNS && c.at(took).Inactive > 0; strings.Contains(errs.String(), silent) != want {
				t.Errorf("it names silent UDP connections: want %v:\n%s", want, errs)
			}
		})
	}
}

// If packets are not counted, UDP connections end only by their timeout.
func TestDrainWithoutCounters(t *testing.T) {
	k := drainTable(t)
	if err := k.SetSysctl(t.Context(), "run_estimation", "0"); err != nil {
		t.Fatal(err)
	}
	does(t, k, theDNS, memory.Traffic{Inactive: 4})
	app, _, errs := testApp(k)
	var took time.Duration
	onSleep(app, func(slept time.Duration) {
		if took = slept; slept > 5*time.Minute {
			does(t, k, theDNS, memory.Traffic{})
		}
	})
	status := app.Run(t.Context(), strings.Fields("drain 10.0.0.11 -y --service udp://192.0.2.10:53 --wait"))
	if status != exitDone || took < 5*time.Minute {
		t.Errorf("status %d after %s: %s", status, took, errs)
	}
}

// After --timeout, drain reports what is left, why, and what to do.
func TestDrainTimesOut(t *testing.T) {
	for _, c := range []struct {
		service string
		traffic memory.Traffic
		says    string
		hint    string
	}{
		{theWeb, memory.Traffic{Active: 3}, "tcp://192.0.2.10:80 10.0.0.11:80: 3 active connections\n",
			"hint: lvs connections --server 10.0.0.11:80 lists them; lvs timeouts shows how long an idle one is kept; " +
				"lvs undrain 10.0.0.11:80 --service tcp://192.0.2.10:80 restores the weight\n"},
		{theShop, memory.Traffic{Persistent: 2},
			"2 clients bound by persistence (net.ipv4.vs.expire_quiescent_template is 0)\n",
			"hint: lvs drain 10.0.0.11:443 --service tcp://192.0.2.10:443 --expire-templates sends those clients to other " +
				"servers"},
		{theDNS, memory.Traffic{Inactive: 1}, "1 UDP connection, the last packet less than 5s ago\n",
			"hint: lvs drain 10.0.0.11:53 --service udp://192.0.2.10:53 --delete --release --timeout 10s deletes it and moves " +
				"its clients; lvs undrain 10.0.0.11:53 --service udp://192.0.2.10:53 restores the weight\n"},
	} {
		t.Run(c.service, func(t *testing.T) {
			k := drainTable(t)
			does(t, k, c.service, c.traffic)
			app, out, errs := testApp(k)
			app.Sleep = func(context.Context, time.Duration) error { return context.DeadlineExceeded }
			status := app.Run(t.Context(), strings.Fields("drain 10.0.0.11 -y --wait --timeout 1h -o json --service "+c.service))
			if status != exitTimeout {
				t.Errorf("status %d: %s", status, errs)
			}
			if rows := items(t, out); len(rows) != 1 || rows[0].State != "timed-out" || rows[0].Reason == nil {
				t.Errorf("rows %+v", rows)
			}
			app, _, errs = testApp(k)
			app.Sleep = func(context.Context, time.Duration) error { return context.DeadlineExceeded }
			status = app.Run(t.Context(), strings.Fields("drain 10.0.0.11 -y --wait --timeout 1h --service "+c.service))
			if status != exitTimeout || !strings.Contains(errs.String(), "not drained after 1h, and the weight stays 0: ") ||
				!strings.Contains(errs.String(), c.says) || !strings.Contains(errs.String(), c.hint) {
				t.Errorf("status %d: %s", status, errs)
			}
		})
	}
}

func TestDrainInterrupted(t *testing.T) {
	k := drainTable(t)
	does(t, k, theWeb, memory.Traffic{Active: 3})
	app, _, errs := testApp(k)
	ctx, cancel := context.WithCancel(t.Context())
	onSleep(app, func(time.Duration) { cancel() })
	status := app.Run(ctx, strings.Fields("drain 10.0.0.11:80 --wait"))
	want := "lvs: interrupted: the weight stays 0\nhint: lvs undrain 10.0.0.11:80 restores it\n"
	if status != exitInterrupted || !strings.HasSuffix(errs.String(), want) {
		t.Errorf("status %d: %q", status, errs)
	}
	if got := weightIn(t, k, theWeb); got != 0 {
		t.Errorf("the weight is %d", got)
	}
}

// Another process may undrain or delete the server during a drain.
func TestDrainWithOthers(t *testing.T) {
	for _, c := range []struct {
		line   string
		status int
		says   string
	}{
		{"server edit tcp://192.0.2.10:80 10.0.0.11 -w 3", exitFailed,
			"drain 10.0.0.11:80: its weight is 3 in tcp://192.0.2.10:80: it was changed by someone else"},
		{"server delete -y tcp://192.0.2.10:80 10.0.0.11", exitDone, "10.0.0.11:80 is drained"},
		{"service delete -y tcp://192.0.2.10:80", exitDone, "10.0.0.11:80 is drained"},
	} {
		t.Run(c.line, func(t *testing.T) {
			k := drainTable(t)
			does(t, k, theWeb, memory.Traffic{Active: 3})
			app, _, errs := testApp(k)
			onSleep(app, func(time.Duration) {
				other, _, _ := testApp(k)
				other.Run(t.Context(), strings.Fields(c.line))
			})
			if status := app.Run(t.Context(), strings.Fields("drain 10.0.0.11:80 --wait --delete")); status != c.status ||
				!strings.Contains(errs.String(), c.says) {
				t.Errorf("%s: status %d: %s", c.line, status, errs)
			}
		})
	}
}

// A server is not remembered as drained if the kernel refuses the change.
func TestDrainRefused(t *testing.T) {
	k := drainTable(t)
	k.Refuse(func(c kernel.Change) error {
		if c.Service.Protocol == kernel.UDP {
			return kernel.ErrNoMemory
		}
		return nil
	})
	app, _, errs := testApp(k)
	if status := app.Run(t.Context(), strings.Fields("drain 10.0.0.11 --yes")); status != exitPartly {
		t.Errorf("status %d: %s", status, errs)
	}
	text, err := os.ReadFile(app.state().WeightsFile())
	if err != nil || bytes.Contains(text, []byte(theDNS)) || !bytes.Contains(text, []byte(theWeb)) {
		t.Errorf("%v: %s", err, text)
	}
	k.Refuse(func(kernel.Change) error { return kernel.ErrNoMemory })
	app, _, _ = testApp(k)
	if status := app.Run(t.Context(), strings.Fields("undrain 10.0.0.11:80")); status != exitFailed {
		t.Errorf("status %d", status)
	}
	k.Refuse(nil)
	app, _, errs = testApp(k) // it is remembered still
	if status := app.Run(t.Context(), strings.Fields("undrain 10.0.0.11")); status != exitDone {
		t.Errorf("status %d: %s", status, errs)
	}
	for service, want := range map[string]int{theWeb: 5, theShop: 6, theDNS: 7, theMark: 8} {
		if got := weightIn(t, k, service); got != want {
			t.Errorf("%s: the weight is %d, want %d", service, got, want)
		}
	}
}

// The weights are remembered before they are changed.
func TestDrainRemembersFirst(t *testing.T) {
	k := drainTable(t)
	app, _, _ := testApp(k)
	k.Refuse(func(kernel.Change) error {
		if text, err := os.ReadFile(app.state().WeightsFile()); err != nil || !bytes.Contains(text, []byte(`"weight": 5`)) {
			t.Errorf("at the time of the change it remembers %s, %v", text, err)
		}
		return errors.New("no")
	})
	app.Run(t.Context(), strings.Fields("drain 10.0.0.11:80"))
}

func weightIn(t *testing.T, k kernel.Kernel, service string) int {
	t.Helper()
	id, err := kernel.ParseServiceID(service)
	if err != nil {
		t.Fatal(err)
	}
	snap, err := k.Snapshot(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return snap.Services[0].Server(netip.AddrPortFrom(netip.MustParseAddr("10.0.0.11"), id.Port)).Weight
}

// With -o jsonl each line is one change of a row; the last is the final state.
func TestDrainStreams(t *testing.T) {
	k := drainTable(t)
	does(t, k, theWeb, memory.Traffic{Active: 2})
	app, out, errs := testApp(k)
	onSleep(app, func(slept time.Duration) {
		if slept > 5*time.Second {
			does(t, k, theWeb, memory.Traffic{})
		}
	})
	args := append(strings.Fields("drain 10.0.0.11:80 --delete -o jsonl --jq"), `"\(.state) \(.active)"`)
	if status := app.Run(t.Context(), args); status != exitDone {
		t.Fatalf("status %d: %s", status, errs)
	}
	if got := out.String(); got != "draining 2\ndrained 0\ndeleted 0\n" {
		t.Errorf("it prints %q", got)
	}
}

// On a terminal, the progress is one line, which is erased at the end.
func TestDrainOnATerminal(t *testing.T) {
	k := drainTable(t)
	does(t, k, theWeb, memory.Traffic{Active: 2})
	app, _, errs := testApp(k)
	onSleep(app, func(slept time.Duration) {
		if slept > time.Second {
			does(t, k, theWeb, memory.Traffic{})
		}
	})
	if status := app.Run(t.Context(), strings.Fields("drain 10.0.0.11:80 --wait")); status != exitDone {
		t.Fatalf("status %d: %s", status, errs)
	}
	left := "lvs: weight left: 50% in tcp://192.0.2.10:80 (5 of 10)\n"
	line := left + "\rlvs: draining: 2 active connections left in 1 service, not getting fewer: 10.0.0.11:80"
	gone := "\r" + strings.Repeat(" ", len(line)-len(left)-1) + "\r"
	if got := errs.String(); !strings.HasPrefix(got, line) ||
		!strings.HasSuffix(got, gone+"lvs: 10.0.0.11:80 is drained after 1s\n") {
		t.Errorf("it shows %q", got)
	}
}
