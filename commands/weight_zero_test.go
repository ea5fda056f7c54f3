package commands

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lvs/kernel"
	"lvs/kernel/memory"
)

// What drain says of clients that keep coming, all verbs that set a weight to 0 say.
func TestWeightZeroIsMinded(t *testing.T) {
	const save = "-A -t 192.0.2.10:443 -s wlc -p 300\n-a -t 192.0.2.10:443 -r 10.0.0.11:443 -g -w 0\n"
	const file = "apiVersion: lvs/v1\nkind: Cluster\nservices:\n- name: shop\n  address: tcp://192.0.2.10:443\n" +
		"  scheduler: wlc\n  persistent: 300s\n  servers: [{address: 10.0.0.11, weight: 0, forward: direct}]\n"
	const bound = "lvs: net.ipv4.vs.expire_quiescent_template is 0: clients bound by persistence keep coming to " +
		"10.0.0.11:443 in tcp://192.0.2.10:443 (2 now, each for at least 5m after the last connection)\n"
	const boundHint = "hint: sysctl -w net.ipv4.vs.expire_quiescent_template=1\n"
	const reused = "lvs: net.ipv4.vs.conn_reuse_mode is 0: clients that use the port of an old connection again keep " +
		"coming to 10.0.0.11:80 in tcp://192.0.2.10:80 (7 connections now)\n" +
		"hint: sysctl -w net.ipv4.vs.conn_reuse_mode=3\n"
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct {
		name, line string
		sysctl     string // set to another value
		says       string
		silent     bool
		status     int
	}{
		{name: "weight", line: "weight tcp://192.0.2.10:443 10.0.0.11 0", says: bound + boundHint},
		{name: "weight, relative", line: "weight tcp://192.0.2.10:443 10.0.0.11 -6", says: bound + boundHint},
		{name: "a dry run", line: "weight tcp://192.0.2.10:443 10.0.0.11 0 --dry-run", says: bound + boundHint},
		{name: "a ramp", line: "weight tcp://192.0.2.10:443 10.0.0.11 0 --over 1s", says: bound + boundHint},
		{name: "server edit", line: "server edit tcp://192.0.2.10:443 10.0.0.11 --weight 0", says: bound + boundHint},
		{name: "apply", line: "apply --yes -f " + write("file", file), says: bound + boundHint},
		{name: "diff", line: "diff -f " + write("file", file), says: bound + boundHint, status: exitNo},
		{name: "restore", line: "restore --yes --merge -f " + write("save", save), says: bound + boundHint},
		{name: "drain", line: "drain --yes 10.0.0.11:443", says: bound},
		{name: "reused ports", line: "weight tcp://192.0.2.10:80 10.0.0.11 0", sysctl: kernel.ConnReuseMode, says: reused},
		{name: "drain, reused ports", line: "drain --yes 10.0.0.11:80", sysctl: kernel.ConnReuseMode, says: reused},
		{name: "drain, a dry run", line: "drain --dry-run 10.0.0.11:443", says: bound},
		{name: "drain, a dry run, reused ports", line: "drain --dry-run 10.0.0.11:80", sysctl: kernel.ConnReuseMode,
			says: reused},
		{name: "drain and release, a dry run", line: "drain --dry-run --delete --release 10.0.0.11:443", silent: true},

		{name: "another weight", line: "weight tcp://192.0.2.10:443 10.0.0.11 1", silent: true},
		{name: "not persistent", line: "weight tcp://192.0.2.10:80 10.0.0.11 0", silent: true},
		{name: "templates expire", line: "weight tcp://192.0.2.10:443 10.0.0.11 0", sysctl: kernel.ExpireQuiescentTemplate,
			silent: true},
		{name: "quiet", line: "weight tcp://192.0.2.10:443 10.0.0.11 0 -q", silent: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := drainTable(t)
			does(t, k, theShop, memory.Traffic{Persistent: 2})
			does(t, k, theWeb, memory.Traffic{Active: 3, Inactive: 4})
			if c.sysctl != "" {
				value := map[string]string{kernel.ConnReuseMode: "0", kernel.ExpireQuiescentTemplate: "1"}[c.sysctl]
				if err := k.SetSysctl(t.Context(), c.sysctl, value); err != nil {
					t.Fatal(err)
				}
			}
			app, _, errs := testApp(k)
			if status := app.Run(t.Context(), strings.Fields(c.line)); status != c.status {
				t.Fatalf("status %d: %s", status, errs)
			}
			if !strings.Contains(errs.String(), c.says) || c.silent && strings.Contains(errs.String(), "keep coming") {
				t.Errorf("it says:\n%s\nwant:\n%s", errs, c.says)
			}
			if strings.Count(errs.String(), "keep coming") > 1 {
				t.Errorf("it says it twice:\n%s", errs)
			}
		})
	}
}

// A backup daemon: the connections of another director count here.
func TestDrainOnABackup(t *testing.T) {
	k := drainTable(t)
	k.Interface("eth0", 1500)
	if err := k.StartDaemon(t.Context(), kernel.Daemon{Role: kernel.Backup, Interface: "eth0", ID: 7}); err != nil {
		t.Fatal(err)
	}
	app, _, errs := testApp(k)
	status := app.Run(t.Context(), strings.Fields("drain --yes 10.0.0.11:80"))
	const want = "lvs: a backup sync daemon runs: connections of the other director count here, too, and weights are " +
		"not synchronized\nhint: drain the server on the other director, too\n"
	if status != exitDone || !strings.Contains(errs.String(), want) {
		t.Errorf("status %d: %s", status, errs)
	}
}

// Waiting for a server that nobody drains is said at once.
func TestWaitForAServerWithWeight(t *testing.T) {
	k := drainTable(t)
	app, _, errs := testApp(k)
	app.Sleep = func(context.Context, time.Duration) error { return context.DeadlineExceeded }
	status := app.Run(t.Context(), strings.Fields("wait 10.0.0.11:443 --for drained --timeout 1h"))
	const want = "lvs: 10.0.0.11:443 in tcp://192.0.2.10:443 has the weight 6: waiting until it is 0\n" +
		"hint: lvs drain 10.0.0.11:443 --service tcp://192.0.2.10:443 sets it to 0\n"
	if status != exitTimeout || !strings.Contains(errs.String(), want) {
		t.Errorf("status %d: %s", status, errs)
	}
}

func TestInNamespace(t *testing.T) {
	for _, c := range []struct{ netns, fix, want string }{
		{"", "sysctl -w a=1", "sysctl -w a=1"},
		{"lb", "sysctl -w a=1", "ip netns exec lb sysctl -w a=1"},
		{"/run/x y/net", "sysctl -w a=1", "nsenter '--net=/run/x y/net' sysctl -w a=1"},
		{"pid:12", "sysctl -w a=1", "nsenter -n -t 12 sysctl -w a=1"},
		{"lb", "drain the server", "drain the server"},
	} {
		app, _, _ := testApp(memory.New())
		app.global.netns = c.netns
		if got := app.inNamespace(c.fix); got != c.want {
			t.Errorf("%s: %q, want %q", c.netns, got, c.want)
		}
	}
}
