package lab_test

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"lvs/lab"
	"lvs/output"
)

// These tests end, kill, replace and disturb a director while clients use the services.

// linesPort is the port of a service that answers lines, for connections that stay open.
const linesPort = 7000

// held is a cluster whose services a director holds: pages on port 80 and lines on
// linesPort.
type held struct {
	*lab.Cluster
	*runningDirector
	t    *testing.T
	file string
}

// newHeld returns such a cluster whose servers all have weight.
func newHeld(t *testing.T) *held {
	t.Helper()
	h := &held{Cluster: lab.NewCluster(t, lab.Options{Clients: 2, Servers: 3, Forward: lab.Direct}), t: t,
		file: filepath.Join(t.TempDir(), "cluster.yaml")}
	if err := h.Cluster.Director.Sysctl("net.ipv4.vs.expire_nodest_conn", "1"); err != nil {
		t.Fatal(err)
	}
	for i := range h.Servers {
		h.revive(i)
	}
	h.write("")
	h.runningDirector = startDirector(t, h.Cluster.Director, h.file)
	h.up(20 * time.Second)
	return h
}

// write writes the cluster file, with lines at the end.
func (h *held) write(more string) {
	h.t.Helper()
	text := fmt.Sprintf(`apiVersion: lvs/v1
kind: Cluster
name: held
defaults: {scheduler: rr, forward: direct}
pools: {all: [10.0.0.11, 10.0.0.12, 10.0.0.13]}
services:
- {name: web, address: "tcp://%[1]s:80", servers: all, check: {type: http}}
- {name: lines, address: "tcp://%[1]s:%[2]d", servers: all, check: {type: tcp}}
%[3]s`, h.VIP4, linesPort, more)
	if err := os.WriteFile(h.file, []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

func (h *held) revive(i int) {
	h.t.Helper()
	s := h.Servers[i]
	serveLoad(h.t, s, 80)
	if err := s.ServeTCP(linesPort, lines(s)); err != nil {
		h.t.Fatal(err)
	}
}

func (h *held) die(i int) {
	h.t.Helper()
	if err := h.Servers[i].Stop(); err != nil {
		h.t.Fatal(err)
	}
}

// table returns the table as ipvsadm shows it.
func (h *held) table() string {
	h.t.Helper()
	text, err := h.Cluster.Director.Run("ipvsadm", "-Sn")
	if err != nil {
		h.t.Fatal(err)
	}
	return text
}

func (h *held) ipvsadm(lines ...string) {
	h.t.Helper()
	for _, line := range lines {
		if _, err := h.Cluster.Director.Run("ipvsadm", strings.Fields(line)...); err != nil {
			h.t.Fatal(err)
		}
	}
}

// open opens connections that stay open, from all clients in turn.
func (h *held) open(n int) []*flowing {
	h.t.Helper()
	to := netip.AddrPortFrom(h.VIP4, linesPort).String()
	flows := make([]*flowing, n)
	for i := range flows {
		conn, err := h.Clients[i%len(h.Clients)].Dial(h.t.Context(), "tcp", to)
		if err != nil {
			h.t.Fatal(err)
		}
		h.t.Cleanup(func() { conn.Close() })
		flows[i] = &flowing{protocol: "tcp", conn: conn}
		if met := flows[i].say(5 * time.Second); met != "first" {
			h.t.Fatalf("connection %d: %s", i, met)
		}
	}
	return flows
}

// lost says something on every connection, and returns how many did not get an answer of
// the same server.
func lost(flows []*flowing) (n int) {
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, f := range flows {
		all.Go(func() {
			if f.say(5*time.Second) != "same" {
				mu.Lock()
				n++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return n
}

// TestDirectorCutsNothing ends and starts the director in every way. No request fails, no
// connection is lost, and the table stays as it is.
func TestDirectorCutsNothing(t *testing.T) {
	lab.Need(t)
	rounds, connections := 10, 1000
	if testing.Short() {
		rounds, connections = 2, 100
	}
	h := newHeld(t)
	flows := h.open(connections)
	load := startLoad(t, h.Clients, fmt.Sprintf("http://%s", h.VIP4))
	before := h.table()
	for _, way := range []struct {
		name string
		do   func()
	}{
		{"reload by a signal", func() { h.reloaded(func() { h.tell(syscall.SIGHUP) }) }},
		{"reload by command", func() { h.reloaded(func() { h.runningDirector.lvs(0, "director", "reload") }) }},
		{"stop and start", func() { h.stop(); h.start() }},
		{"SIGKILL and start", func() { h.kill(); h.start() }},
		{"upgrade", func() { h.replaceProgram(); h.stop(); h.start() }},
	} {
		for range rounds {
			way.do()
			load.more(5)
		}
		if n := lost(flows); n > 0 {
			t.Errorf("%s: %d of %d connections are lost", way.name, n, len(flows))
		}
		if after := h.table(); after != before {
			t.Errorf("%s: the table was\n%sand is\n%s", way.name, before, after)
		}
	}
	h.up(20 * time.Second)
	done, failed := load.end()
	t.Logf("%d rounds each with %d open connections; %d requests, %d failed", rounds, connections, done, failed)
}

// reloaded does something that makes the director read its file again, and waits for that.
func (h *held) reloaded(do func()) {
	h.t.Helper()
	row, err := h.row()
	if err != nil {
		h.t.Fatal(err)
	}
	before := row.Loaded
	do()
	h.until(10*time.Second, func(row *output.DirectorRow) error {
		if row.Loaded == before {
			return errors.New("the file was not read again")
		}
		return nil
	})
}

func (h *held) tell(s syscall.Signal) {
	h.t.Helper()
	if err := h.Tell(s); err != nil {
		h.t.Fatal(err)
	}
}

// stop ends the director as systemd does.
func (h *held) stop() {
	h.t.Helper()
	if err := h.Daemon.Stop(); err != nil {
		h.t.Fatal(err)
	}
	if status := h.Status(); status != 0 {
		h.t.Fatalf("exit status %d after SIGTERM: %s", status, h.Output())
	}
}

func (h *held) kill() {
	h.t.Helper()
	if err := h.Kill(); err != nil {
		h.t.Fatal(err)
	}
}

// replaceProgram puts a new file in the place of the program, as a package manager does.
func (h *held) replaceProgram() {
	h.t.Helper()
	err := func() error {
		from, err := os.Open(h.program)
		if err != nil {
			return err
		}
		defer from.Close()
		to, err := os.OpenFile(h.program+".new", os.O_CREATE|os.O_WRONLY, 0o755)
		if err != nil {
			return err
		}
		_, err = io.Copy(to, from)
		return errors.Join(err, to.Close(), os.Rename(h.program+".new", h.program))
	}()
	if err != nil {
		h.t.Fatal(err)
	}
}

// TestDirectorRepairs changes the table behind the director's back, while it runs and while
// it does not.
func TestDirectorRepairs(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	h := newHeld(t)
	web := fmt.Sprintf("%s:80", h.VIP4)
	h.ipvsadm("-A -t 192.0.2.99:80 -s lc", "-a -t 192.0.2.99:80 -r 10.0.0.11:80 -g -w 7")
	before := h.table()
	disturb := func() {
		h.ipvsadm("-d -t "+web+" -r 10.0.0.11:80", "-e -t "+web+" -r 10.0.0.12:80 -g -w 9",
			"-a -t "+web+" -r 10.0.0.77:80 -g -w 1", "-E -t "+web+" -s sh")
	}
	repaired := func(when string) {
		t.Helper()
		lab.Eventually(t, 30*time.Second, func() error {
			if now := h.table(); !sameLines(now, before) {
				return fmt.Errorf("%s: the table was\n%sand is\n%s", when, before, now)
			}
			return nil
		})
	}
	disturb()
	repaired("while it runs")
	h.kill()
	disturb()
	h.start()
	repaired("while it did not run")
	h.ipvsadm("-D -t " + web)
	repaired("a service is deleted")

	// A service that leaves the file while the director does not run is deleted by the next.
	h.write(`- {name: other, address: "tcp://192.0.2.98:80", servers: all}` + "\n")
	h.reloaded(func() { h.tell(syscall.SIGHUP) })
	lab.Eventually(t, 20*time.Second, func() error {
		if !strings.Contains(h.table(), "-A -t 192.0.2.98:80") {
			return errors.New("the new service is not there")
		}
		return nil
	})
	h.kill()
	h.write("")
	h.start()
	repaired("a service left the file")
}

// sameLines reports whether two tables have the same lines, in any order.
func sameLines(a, b string) bool {
	return sorted(strings.Split(a, "\n")) == sorted(strings.Split(b, "\n"))
}

// TestDirectorBrokenFile reloads a file with a mistake: the old one stays in force.
func TestDirectorBrokenFile(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	h := newHeld(t)
	before := h.table()
	h.write("- {name: bad, address: 'tcp://192.0.2.98:99999'}\n")
	said := h.runningDirector.lvs(2, "director", "reload")
	if !strings.Contains(said, "cluster.yaml:9:24: invalid service") || strings.Contains(said, "director run") {
		t.Errorf("reload says %q", said)
	}
	h.tell(syscall.SIGHUP)
	row := h.until(10*time.Second, func(row *output.DirectorRow) error {
		if row.Refused == nil {
			return errors.New("it is not refused")
		}
		return nil
	})
	if !strings.Contains(*row.Refused, "99999") {
		t.Errorf("the status says %q", *row.Refused)
	}
	if now := h.table(); now != before {
		t.Errorf("the table was\n%sand is\n%s", before, now)
	}
	h.die(0)
	h.masked(10*time.Second, "10.0.0.11")
	h.revive(0)
	h.up(10 * time.Second)
	h.write("")
	h.runningDirector.lvs(0, "director", "reload")
	if row, err := h.row(); err != nil || row.Refused != nil {
		t.Errorf("after a good file: %v, refused %v", err, row.Refused)
	}
}

// TestDirectorSecond starts a second director: it says whose table it is, and ends.
func TestDirectorSecond(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	h := newHeld(t)
	said := h.runningDirector.lvs(5, "director", "run", "-f", h.file)
	if !strings.Contains(said, "another director") || strings.Count(said, "\n") > 2 {
		t.Errorf("it says %q", said)
	}
	if row, err := h.row(); err != nil || row.PID != h.PID() {
		t.Errorf("the director of the table is %+v (%v), not process %d", row, err, h.PID())
	}
	h.die(0)
	h.masked(10*time.Second, "10.0.0.11")
}
