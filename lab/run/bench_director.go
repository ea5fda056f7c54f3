package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"lvs/lab"
)

const (
	// directorPart is the part that keeps tables by a director.
	directorPart = "director"
	// resyncEvery is how often the director compares the whole table.
	resyncEvery = 10 * time.Second
	// directorPatience is how long a table of 20,000 servers may take to be built.
	directorPatience = 2 * time.Minute
	// faultsWithin is the time in which the servers of one run fail, at random moments.
	faultsWithin = 20 * time.Second
	// maskedRefused and maskedSilent are the goals for the time until a server is masked.
	maskedRefused, maskedSilent = 3300 * time.Millisecond, 6300 * time.Millisecond
)

// director measures lvs director run: how soon it masks failed servers, its memory, and a
// comparison of a large table that changes nothing.
func (b *benchmark) director() error {
	for _, measure := range []func(*directorWorld) error{
		(*directorWorld).masking, (*directorWorld).resident, (*directorWorld).resync,
	} {
		c, err := lab.StartCluster(lab.Options{Servers: 1, Forward: lab.Direct})
		if err != nil {
			return err
		}
		w := &directorWorld{benchmark: b, c: c, listeners: map[netip.Addr]net.Listener{}, hung: map[netip.Addr]bool{}}
		err = errors.Join(measure(w), w.stop(), c.Close())
		if err != nil {
			return err
		}
	}
	return nil
}

// directorWorld is a director, and one machine with the addresses of all servers.
type directorWorld struct {
	*benchmark
	c   *lab.Cluster
	run *lab.Daemon

	mu        sync.Mutex
	listeners map[netip.Addr]net.Listener
	hung      map[netip.Addr]bool // they accept and say nothing
}

// start runs a director with services that have these servers each, and waits until the table
// has all their weights. An empty check is none.
func (w *directorWorld) start(services, servers int, check string) error {
	dir := filepath.Join(w.dir, w.c.Director.NetNS)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	file := filepath.Join(dir, "cluster.yaml")
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	writeChecked(f, services, servers, check)
	if err := f.Close(); err != nil {
		return err
	}
	cmd := exec.Command(w.lvs, "director", "run", "-f", file)
	cmd.Env = append(os.Environ(), "LVS_STATE_DIR="+dir, "LVS_RUN_DIR="+dir)
	if w.run, err = w.c.Director.Daemon(cmd); err != nil {
		return err
	}
	for deadline := time.Now().Add(directorPatience); ; time.Sleep(time.Second) {
		weights, err := w.c.Weights()
		if err != nil {
			return err
		}
		used := 0
		for _, weight := range weights {
			used += min(weight, 1)
		}
		if used == services*servers || check == "" && used == servers {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%d servers in use after %v: %s", used, directorPatience, w.run.Output())
		}
	}
}

// writeChecked writes a cluster file. With checks each server has an address of its own, without
// them all services have the same ones.
func writeChecked(out io.Writer, services, servers int, check string) {
	fmt.Fprintf(out, "apiVersion: lvs/v1\nkind: Cluster\nname: bench\ndefaults: {forward: direct%s}\nservices:\n", check)
	addr := firstChecked.Addr()
	for i := range services {
		fmt.Fprintf(out, "- address: tcp://192.0.%d.%d:80\n  onDown: {then: keep}\n  servers:\n", i/250, i%250+1)
		if check == "" {
			addr = firstChecked.Addr()
		}
		for range servers {
			fmt.Fprintf(out, "  - %s\n", addr)
			addr = addr.Next()
		}
	}
}

func (w *directorWorld) stop() (err error) {
	if w.run != nil {
		err = w.run.Stop()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.listeners {
		err = errors.Join(err, l.Close())
	}
	return err
}

// serve makes n servers that answer a request.
func (w *directorWorld) serve(n int) error {
	server := w.c.Servers[0]
	if _, err := server.Run("ip", "route", "add", "local", "10.1.0.0/16", "dev", "lo"); err != nil {
		return err
	}
	if _, err := w.c.Director.Run("ip", "route", "add", "10.1.0.0/16", "via", server.Addr4.String()); err != nil {
		return err
	}
	return server.Do(func() error {
		addr := firstChecked.Addr()
		for range n {
			l, err := net.Listen("tcp4", netip.AddrPortFrom(addr, firstChecked.Port()).String())
			if err != nil {
				return err
			}
			w.listeners[addr] = l
			go w.answer(l, addr)
			addr = addr.Next()
		}
		return nil
	})
}

func (w *directorWorld) answer(l net.Listener, addr netip.Addr) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		w.mu.Lock()
		hung := w.hung[addr]
		w.mu.Unlock()
		if !hung {
			go answerCheck(conn)
			continue
		}
		time.AfterFunc(10*time.Second, func() { conn.Close() })
	}
}

// fail makes a server refuse connections, or hang.
func (w *directorWorld) fail(addr netip.Addr, hang bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if hang {
		w.hung[addr] = true
		return nil
	}
	l := w.listeners[addr]
	delete(w.listeners, addr)
	return l.Close()
}

// directed is what the benchmarks read of lvs director -o json.
type directed struct {
	Resync float64
	Checks struct{ Done, Late int }
}

func (w *directorWorld) status() (d directed, err error) {
	dir := filepath.Join(w.dir, w.c.Director.NetNS)
	text, err := w.c.Director.Run("env", "LVS_RUN_DIR="+dir, w.lvs, "director", "status", "-o", "json")
	if err != nil {
		return d, err
	}
	doc := struct{ Item *directed }{&d}
	return d, json.Unmarshal([]byte(text), &doc)
}

// masking lets servers fail, one half by refusing connections and the other by hanging, and
// prints how long the slowest took to be masked.
func (w *directorWorld) masking() error {
	const services, servers = 40, 10
	w.title(fmt.Sprintf("%d servers with http checks at the defaults fail within %v: the last one is masked after",
		services*servers/2, faultsWithin))
	if err := w.serve(services * servers); err != nil {
		return err
	}
	if err := w.start(services, servers, ", check: {type: http}"); err != nil {
		return err
	}
	took := map[bool][]time.Duration{}
	began := map[netip.AddrPort]time.Time{}
	hangs := map[netip.AddrPort]bool{}
	var failing []netip.AddrPort // every second server fails
	for i, addr := 0, firstChecked.Addr(); i < services*servers; i, addr = i+1, addr.Next() {
		if i%2 == 0 {
			failing = append(failing, netip.AddrPortFrom(addr, firstChecked.Port()))
		}
	}
	rand.Shuffle(len(failing), func(i, k int) { failing[i], failing[k] = failing[k], failing[i] })
	start, next := time.Now(), 0
	for len(began) > 0 || next < len(failing) {
		pause := faultsWithin / time.Duration(len(failing))
		for ; next < len(failing) && time.Since(start) >= pause*time.Duration(next); next++ {
			server := failing[next]
			began[server], hangs[server] = time.Now(), next%2 == 0
			if err := w.fail(server.Addr(), next%2 == 0); err != nil {
				return err
			}
		}
		weights, err := w.c.Weights()
		if err != nil {
			return err
		}
		for server, since := range began {
			if after := time.Since(since); weights[server.String()] == 0 {
				took[hangs[server]] = append(took[hangs[server]], after)
				delete(began, server)
			} else if after > time.Minute {
				return fmt.Errorf("%v is not masked: %s", server, w.run.Output())
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	return w.printMasking(took)
}

func (w *directorWorld) printMasking(took map[bool][]time.Duration) error {
	for _, row := range []struct {
		what string
		hang bool
		goal time.Duration
	}{{"connection refused", false, maskedRefused}, {"no answer", true, maskedSilent}} {
		all := took[row.hang]
		slices.Sort(all)
		median, worst, later := all[len(all)/2], all[len(all)-1], 0
		for _, t := range all {
			if t > row.goal {
				later++
			}
		}
		w.figure(row.what, fmt.Sprintf("%.2f s, median %.2f s, %d of %d later", worst.Seconds(), median.Seconds(), later,
			len(all)), fmt.Sprintf("≤ %.1f s", row.goal.Seconds()), later == 0)
	}
	status, err := w.status()
	if err != nil {
		return err
	}
	w.figure("checks that began more than 100 ms late", fmt.Sprintf("%d of %d", status.Checks.Late, status.Checks.Done),
		"", true)
	return nil
}

// resident prints the memory of a director with many checks.
func (w *directorWorld) resident() error {
	const services, servers, most = 50, 20, 40
	w.title(fmt.Sprintf("%d servers with tcp checks", services*servers))
	if err := w.serve(services * servers); err != nil {
		return err
	}
	if err := w.start(services, servers, ", check: {type: tcp}"); err != nil {
		return err
	}
	time.Sleep(3 * resyncEvery)
	u, err := usageOf(w.run.PID())
	if err != nil {
		return err
	}
	peak := float64(u.peak) / (1 << 20)
	w.figure("lvs director run: resident at most", fmt.Sprintf("%.1f MiB", peak), fmt.Sprintf("≤ %d MiB", most),
		peak <= most)
	return nil
}

// resync prints how long the director takes to find that a large table is as wanted, beside a
// list of the table.
func (w *directorWorld) resync() error {
	const services, servers = 1000, 20
	w.title(fmt.Sprintf("%d services with %d servers each, all as wanted", services, servers))
	if err := w.start(services, servers, ""); err != nil {
		return err
	}
	var ours, theirs, ratios []float64
	for i := range w.runs + 2 {
		time.Sleep(resyncEvery)
		status, err := w.status()
		if err != nil {
			return err
		}
		list, err := w.measure(w.command(w.lvs, "list", "--netns", w.c.Director.NetNS))
		if err != nil {
			return err
		}
		if i < 2 { // the first passes build the table
			continue
		}
		a, o := 1000*status.Resync, 1000*list.wall.Seconds()
		ours, theirs, ratios = append(ours, a), append(theirs, o), append(ratios, a/o)
	}
	ratio, ms := middleOf(ratios), func(f float64) string { return fmt.Sprintf("%.1f ms", f) }
	w.row("a comparison without a change, beside lvs list", ms(middleOf(ours)), ms(middleOf(theirs)), times(ratio),
		ratio, atMost(1.5))
	return nil
}
