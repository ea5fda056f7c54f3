package commands

import (
	"strings"
	"testing"

	"lvs/kernel"
	"lvs/kernel/memory"
)

const stoppedNote = "lvs: net.ipv4.vs.run_estimation is 0: " +
	"the kernel does not update counters and rates, so they are unknown\n"

// Counters that the kernel does not update are unknown, and one note says why, unless
// nothing of them is shown.
func TestStoppedCounters(t *testing.T) {
	for _, c := range []struct{ args, shows, note string }{
		{"stats --columns server,conns,inpkts", "10.0.0.11:80  -  -", "hint: sysctl -w"},
		{"stats --rate --columns server,cps", "10.0.0.11:80  -", "hint: sysctl -w"},
		{"stats --netns lb --columns server,conns", "10.0.0.11:80  -", "hint: ip netns exec lb sysctl -w"},
		{"stats --netns pid:7 --columns server,conns", "10.0.0.11:80  -", "hint: nsenter -n -t 7 sysctl -w"},
		{"stats --netns /run/x/lb --columns server,conns", "10.0.0.11:80  -", "hint: nsenter --net=/run/x/lb sysctl -w"},
		{"stats -o yaml", "stats:  null", "hint: sysctl -w"},
		{"list --stats --columns server,outbytes", "10.0.0.11:80  -", "hint: sysctl -w"},
		{"list --rate --columns server,inbps", "10.0.0.11:80  -", "hint: sysctl -w"},
		{"list --columns server,active,conns", "10.0.0.11:80  5  -", "hint: sysctl -w"},
		{"list --sort -cps --columns server,active", "10.0.0.11:80  5", "hint: sysctl -w"},
		{"list --filter inbytes<5 -o name", "", "hint: sysctl -w"},
		{"list -o jsonl", `"active":5,"inactive":0,"clients":0,"persistentConnections":0,"stats":null,"rates":null`,
			"hint: sysctl -w"},
		{"service show tcp://192.0.2.10:80 --stats --columns server,conns", "10.0.0.11:80  -", "hint: sysctl -w"},
		{"server list tcp://192.0.2.10:80 --rate --columns server,cps", "10.0.0.11:80  -", "hint: sysctl -w"},
		{"server show tcp://192.0.2.10:80 10.0.0.11:80 -o json", `"stats":null`, "hint: sysctl -w"},
		{"list --columns server,active", "10.0.0.11:80  5", ""},
		{"list -o name", "tcp://192.0.2.10:80", ""},
		{"list -o csv", "10.0.0.11:80,-,nat,3,5,0", ""},
	} {
		t.Run(c.args, func(t *testing.T) {
			k := table(t)
			k.Traffic(web, first, memory.Traffic{Active: 5, Add: kernel.Counters{Connections: 12345, BytesIn: 1}})
			sysctl(t, k, kernel.RunEstimation, "0")
			app, out, errs := testApp(k)
			if status := app.Run(t.Context(), strings.Fields(c.args)); status != exitDone {
				t.Fatalf("status %d: %s", status, errs)
			}
			got := strings.Join(strings.FieldsFunc(out.String(), func(r rune) bool { return r == ' ' }), "  ")
			if !strings.Contains(strings.ReplaceAll(got, ",,", ",-,"), c.shows) || strings.Contains(out.String(), "12345") {
				t.Errorf("it prints\n%s\nwant %s", out, c.shows)
			}
			if c.note == "" && errs.Len() > 0 ||
				c.note != "" && (!strings.HasPrefix(errs.String(), stoppedNote+c.note) || strings.Count(errs.String(), "\n") != 2) {
				t.Errorf("it notes %q, want %q and one hint %q", errs, stoppedNote, c.note)
			}
		})
	}
}

func sysctl(t *testing.T, k kernel.Kernel, name, value string) {
	t.Helper()
	if err := k.SetSysctl(t.Context(), name, value); err != nil {
		t.Fatal(err)
	}
}

// --totals has the limit of the connection table, and says when it is near.
func TestTotalsOfTheTable(t *testing.T) {
	for _, c := range []struct {
		name, limit, shows, note string
		before                   func(*memory.Kernel)
	}{
		{"far away", "1000", "79,1000", "", nil},
		{"near", "98", "79,98", "lvs: net.ipv4.vs.conn_max is 98, and the table has 79 connections: " +
			"at the limit the kernel drops new connections without an answer\n" +
			"hint: sysctl -w net.ipv4.vs.conn_max=65536\n", nil},
		{"reached", "79", "79,79", "lvs: net.ipv4.vs.conn_max is 79, and the table has 79 connections: " +
			"the kernel drops new connections without an answer\nhint: sysctl -w net.ipv4.vs.conn_max=65536\n", nil},
		{"before Linux 7", "", ",", "", (*memory.Kernel).Age},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := table(t)
			k.Traffic(web, first, memory.Traffic{Active: 50, Inactive: 22, Persistent: 7})
			if c.limit != "" {
				sysctl(t, k, kernel.ConnMax, c.limit)
			}
			if c.before != nil {
				c.before(k)
			}
			app, out, errs := testApp(k)
			status := app.Run(t.Context(),
				strings.Fields("stats --totals -o csv --no-headers --columns connTableUsed,connMax"))
			if status != exitDone || out.String() != c.shows+"\n" || errs.String() != c.note {
				t.Errorf("status %d, %q, %q; want %q, %q", status, out, errs, c.shows, c.note)
			}
		})
	}
}

// zero says that it has little effect while the kernel does not update its counters.
func TestZeroWhileStopped(t *testing.T) {
	for _, args := range []string{"zero", "zero tcp://192.0.2.10:80", "service zero tcp://192.0.2.10:80"} {
		t.Run(args, func(t *testing.T) {
			k := table(t)
			sysctl(t, k, kernel.EstCPUList, "")
			app, _, errs := testApp(k)
			status := app.Run(t.Context(), strings.Fields(args))
			const want = "lvs: net.ipv4.vs.est_cpulist is empty: the reset has little effect"
			if status != exitDone || !strings.HasPrefix(errs.String(), want) {
				t.Errorf("status %d: %s", status, errs)
			}
			app, _, errs = testApp(k)
			if status := app.Run(t.Context(), strings.Fields(args+" --dry-run")); status != exitDone || errs.Len() > 0 {
				t.Errorf("a dry run: status %d: %s", status, errs)
			}
		})
	}
}

// watch --rates says once that counters stop, and that they go on.
func TestWatchStoppedCounters(t *testing.T) {
	k := table(t)
	serve := func() { k.Traffic(web, first, memory.Traffic{Add: kernel.Counters{Connections: 20}}) }
	set := func(value string) func() { return func() { sysctl(t, k, kernel.RunEstimation, value) } }
	f := newFilm(k, serve, together(serve, set("0")), serve, serve, together(serve, set("1")), serve, serve, serve)
	got := strings.Join(f.play(t, "cps,conns", "--rates", web.String()), "|")
	if want := "10,20|,|,|,|,|,|,|10,20"; got != want {
		t.Errorf("rates %s, want %s", got, want)
	}
	if want := stoppedNote + "hint: sysctl -w net.ipv4.vs.run_estimation=1\n" +
		"lvs: the kernel updates counters and rates again\n"; f.notes() != want {
		t.Errorf("it notes %q, want %q", f.notes(), want)
	}
}
