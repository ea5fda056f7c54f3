package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"lvs/lab"
)

const (
	// checksPart is the part that needs keepalived.
	checksPart = "checks"
	// checkEvery is the time between two checks of a server.
	checkEvery = 2 * time.Second
	// checkServers are asked beside keepalived, manyCheckServers alone.
	checkServers, manyCheckServers = 1000, 4000
	// checkSettle is the time until the checks are at their rate: all servers are up, and
	// those that began fast are asked at their interval. checkWatched is measured.
	checkSettle, checkWatched = 8 * time.Second, 10 * time.Second
)

// firstChecked is the first address that is checked; the others follow it.
var firstChecked = netip.MustParseAddrPort("10.1.0.1:80")

// checks measures the processor time of one check beside keepalived's, and many checks. All
// servers are addresses of one machine with one small server.
func (b *benchmark) checks() error {
	b.title(fmt.Sprintf("%d servers, each checked every %v: processor time of one check", checkServers, checkEvery))
	c, err := lab.StartCluster(lab.Options{Servers: 1, Forward: lab.Direct})
	if err != nil {
		return err
	}
	w := &checkWorld{benchmark: b, c: c, exact: exactTimes()}
	if !w.exact {
		fmt.Fprintln(b.out, "  This kernel counts processor time in whole ticks, which the checks begin with, so that\n"+
			"  the times below say little and have no goals. LVS_LAB=host, on a machine with IPVS, measures them.")
	}
	return errors.Join(w.run(), c.Close())
}

// exactTimes reports whether the kernel counts processor time in nanoseconds. User Mode Linux
// counts ticks of 10 ms, which is what its sched_clock has (kernel/sched/clock.c).
func exactTimes() bool {
	text, err := os.ReadFile("/proc/self/schedstat")
	var ran int64
	if _, scanned := fmt.Sscan(string(text), &ran); err != nil || scanned != nil {
		return false
	}
	return ran%int64(time.Millisecond) != 0
}

// checkWorld is a director with a checker, and a machine with the servers.
type checkWorld struct {
	*benchmark
	c    *lab.Cluster
	seen atomic.Int64 // connections
	// exact is set if processor times can be trusted.
	exact bool
}

func (w *checkWorld) run() error {
	close, err := w.serve()
	if err != nil {
		return err
	}
	defer close()
	for _, row := range []struct {
		kind string
		goal goal
	}{{"tcp", atMost(0.75)}, {"http", atMost(1)}} {
		if err := w.beside(row.kind, row.goal); err != nil {
			return err
		}
	}
	return w.many()
}

// serve makes the addresses and answers on them.
func (w *checkWorld) serve() (close func() error, err error) {
	server := w.c.Servers[0]
	if _, err := server.Run("ip", "route", "add", "local", "10.1.0.0/16", "dev", "lo"); err != nil {
		return nil, err
	}
	if _, err := w.c.Director.Run("ip", "route", "add", "10.1.0.0/16", "via", server.Addr4.String()); err != nil {
		return nil, err
	}
	var l net.Listener
	err = server.Do(func() (err error) {
		l, err = net.Listen("tcp4", ":80")
		return err
	})
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			w.seen.Add(1)
			go answerCheck(conn)
		}
	}()
	return l.Close, nil
}

// answerCheck answers one request, if there is one.
func answerCheck(c net.Conn) {
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := bufio.NewReader(c).ReadString('\n'); err == nil {
		c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n"))
	}
}

// beside measures one kind of check of both programs in turn and prints a row.
func (w *checkWorld) beside(kind string, g goal) error {
	var ours, theirs, ratios []float64
	for range w.runs {
		a, err := w.measureChecks(w.engine(kind, checkServers))
		if err != nil {
			return err
		}
		o, err := w.measureChecks(w.keepalived(kind))
		if err != nil {
			return err
		}
		ours, theirs, ratios = append(ours, a.each()), append(theirs, o.each()), append(ratios, a.each()/o.each())
	}
	if !w.exact {
		g = nil
	}
	ratio := middleOf(ratios)
	micros := func(f float64) string { return fmt.Sprintf("%.0f µs", f) }
	w.row(kind+", beside keepalived", micros(middleOf(ours)), micros(middleOf(theirs)), times(ratio), ratio, g)
	return nil
}

func middleOf(all []float64) float64 {
	all = slices.Sorted(slices.Values(all))
	return all[len(all)/2]
}

// many measures many checks of the engine alone.
func (w *checkWorld) many() error {
	w.title(fmt.Sprintf("%d servers, each checked every %v", manyCheckServers, checkEvery))
	for _, kind := range []string{"tcp", "http"} {
		m, err := w.measureChecks(w.engine(kind, manyCheckServers))
		if err != nil {
			return err
		}
		share := 100 * m.cpu.Seconds() / m.took.Seconds()
		late := 100 * float64(m.late) / float64(m.done)
		rate := float64(m.checks) / m.took.Seconds()
		w.figure(kind+": checks a second", fmt.Sprintf("%.0f", rate), "", true)
		w.figure(kind+": share of a core", fmt.Sprintf("%.1f %%", share), w.goal("≤ 25 %"), share <= 25)
		w.figure(kind+": began more than 100 ms late", fmt.Sprintf("%.3f %% of %d", late, m.done),
			w.goal("≤ 0.1 %"), late <= 0.1)
		w.figure(kind+": bad or local results", strconv.Itoa(m.bad), w.goal("0"), m.bad == 0)
		w.figure(kind+": resident at most", fmt.Sprintf("%.1f MiB", float64(m.peak)/(1<<20)), "", true)
	}
	return nil
}

// goal returns a goal, or none where it says nothing.
func (w *checkWorld) goal(text string) string {
	if w.exact {
		return text
	}
	return ""
}

// checksMeasured is what a checker did in some time.
type checksMeasured struct {
	cpu, took       time.Duration
	checks          int64 // that the server has seen
	peak            int64
	done, late, bad int // of the engine, from its start
}

// each returns the processor time of one check in microseconds.
func (m checksMeasured) each() float64 { return float64(m.cpu.Microseconds()) / float64(m.checks) }

// checker is a program that checks, and how to find the process that does.
type checker struct {
	cmd *exec.Cmd
	// pidFile has the process that checks. Empty is the program itself.
	pidFile string
	ours    bool
}

func (w *checkWorld) engine(kind string, servers int) checker {
	return checker{ours: true, cmd: exec.Command(w.self, inside, "checks", kind, strconv.Itoa(servers),
		checkEvery.String(), firstChecked.String())}
}

func (w *checkWorld) keepalived(kind string) checker {
	check := "TCP_CHECK {\nconnect_timeout 1\n}"
	if kind == "http" {
		check = "HTTP_GET {\nurl {\npath /\nstatus_code 200\n}\nconnect_timeout 1\n}"
	}
	var conf strings.Builder
	fmt.Fprintf(&conf, "virtual_server 192.0.2.1 80 {\ndelay_loop %d\nprotocol TCP\nlvs_sched rr\nlvs_method DR\n",
		int(checkEvery.Seconds()))
	addr := firstChecked.Addr()
	for range checkServers {
		fmt.Fprintf(&conf, "real_server %s %d {\n%s\n}\n", addr, firstChecked.Port(), check)
		addr = addr.Next()
	}
	conf.WriteString("}\n")
	file, pid := filepath.Join(w.dir, "keepalived.conf"), filepath.Join(w.dir, "checkers")
	os.WriteFile(file, []byte(conf.String()), 0o600) // keepalived fails without it
	return checker{pidFile: pid, cmd: exec.Command("keepalived", "--check", "--dont-fork", "--log-console",
		"--use-file", file, "--pid", filepath.Join(w.dir, "pid"), "--checkers_pid", pid)}
}

// measureChecks runs a checker.
func (w *checkWorld) measureChecks(p checker) (m checksMeasured, err error) {
	d, err := w.c.Director.Daemon(p.cmd)
	if err != nil {
		return m, err
	}
	time.Sleep(checkSettle)
	pid := d.PID()
	if p.pidFile != "" {
		text, err := os.ReadFile(p.pidFile)
		if err != nil {
			return m, errors.Join(err, d.Stop(), errors.New(d.Output()))
		}
		if pid, err = strconv.Atoi(strings.TrimSpace(string(text))); err != nil {
			return m, errors.Join(err, d.Stop())
		}
	}
	before, err := usageOf(pid)
	if err != nil {
		return m, errors.Join(err, d.Stop(), errors.New(d.Output()))
	}
	began, seen := time.Now(), w.seen.Load()
	time.Sleep(checkWatched)
	after, err := usageOf(pid)
	m.took, m.checks = time.Since(began), w.seen.Load()-seen
	m.cpu, m.peak = after.cpu-before.cpu, after.peak
	if err = errors.Join(err, d.Stop()); err != nil {
		return m, err
	}
	if p.ours {
		var local int
		if _, err = fmt.Sscan(d.Output(), &m.done, &m.late, &local, &m.bad); err != nil {
			return m, fmt.Errorf("the checks: %w: %s", err, d.Output())
		}
	}
	return m, nil
}
