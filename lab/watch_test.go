package lab_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"lvs/commands"
	"lvs/lab"
)

// TestTrafficWatch runs lvs watch while there is traffic and the table changes. Each change
// is reported once, and the intervals add up to the counters of ipvsadm, to the byte.
func TestTrafficWatch(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	c := lab.NewCluster(t, lab.Options{Servers: 2})
	for _, s := range c.Servers {
		if err := s.ServeUDP(53); err != nil {
			t.Fatal(err)
		}
	}
	vip := netip.AddrPortFrom(c.VIP4, 53)
	service := "udp://" + vip.String()
	build(t, c, service, 53, func(s *lab.Server) netip.Addr { return s.Addr4 }, "--nat")
	first, second := c.Servers[0].Addr4.String()+":53", c.Servers[1].Addr4.String()+":53"

	w := startWatch(t, c.Director, "--rates", "--servers", "--initial")
	w.until(t, "the table as it is", func(e event) bool { return e.Initial && e.Server == second })
	send := func(n int) {
		t.Helper()
		for i := range n {
			if _, err := c.Clients[0].Echo(vip, strings.Repeat("x", 10+i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	send(10)
	lvs(t, c.Director, 0, "weight", service, second, "0")
	w.until(t, "the new weight", func(e event) bool { return e.Op == "edit-server" && e.Before.Weight == 1 })
	send(10)
	lvs(t, c.Director, 0, "server", "edit", service, second, "--upper", "100")
	w.until(t, "the last change", func(e event) bool { return e.Op == "edit-server" && e.After.Upper == 100 })

	var counted map[string]counters
	lab.Eventually(t, time.Minute, func() error { // the kernel updates them every two seconds
		counted = ipvsadmCounters(t, c.Director)
		if sent := counted[vip.String()]; sent.Connections != 20 || sent.PacketsIn != 20 || sent.PacketsOut != 20 ||
			counted[first].PacketsOut+counted[second].PacketsOut != 20 {
			return fmt.Errorf("ipvsadm counts %+v; 20 datagrams were sent", counted)
		}
		return nil
	})
	for what, server := range map[string]string{vip.String(): "", first: first, second: second} {
		lab.Eventually(t, time.Minute, func() error {
			if got := w.sum(t, server); got != counted[what] {
				return fmt.Errorf("%s: the intervals add up to %+v, ipvsadm counts %+v", what, got, counted[what])
			}
			return nil
		})
	}

	lvs(t, c.Director, 0, "zero", service)
	w.until(t, "an interval in which nothing is known", func(e event) bool {
		return e.Op == "rates" && e.Server == "" && e.Traffic.Counted == nil
	})
	lvs(t, c.Director, 0, "server", "delete", service, second, "--yes")
	w.until(t, "a server gone", func(e event) bool { return e.Op == "delete-server" && e.Server == second })
	w.stop(t)

	var changes []string
	for _, e := range w.events(t) {
		if e.Op != "rates" && !e.Initial {
			changes = append(changes, fmt.Sprintf("%s %s %d-%d", e.Op, e.Server, e.Before.Weight, e.After.Weight))
		}
	}
	want := []string{
		"edit-server " + second + " 1-0", "edit-server " + second + " 0-0", "delete-server " + second + " 0-0",
	}
	if strings.Join(changes, "\n") != strings.Join(want, "\n") {
		t.Errorf("it reports the changes %q, want %q", changes, want)
	}
}

// event is the part of a line of lvs watch -o jsonl that the test reads.
type event struct {
	Initial       bool
	Op            string
	Server        string
	Before, After struct{ Weight, Upper int }
	Traffic       *struct {
		Elapsed float64
		Counted *counters
		Rates   *struct{ PacketsInPerSecond, BytesOutPerSecond uint64 }
	}
}

// watching is an lvs watch that runs during the test.
type watching struct {
	mu   sync.Mutex
	out  bytes.Buffer
	stop func(*testing.T)
}

func (w *watching) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.out.Write(b)
}

func startWatch(t *testing.T, n *lab.Node, args ...string) *watching {
	t.Helper()
	w := &watching{}
	var errs bytes.Buffer
	app := commands.System()
	app.In, app.Out, app.Err = new(bytes.Buffer), w, &errs
	app.InTerminal, app.OutTerminal, app.ErrTerminal = commands.Terminal{}, commands.Terminal{}, commands.Terminal{}
	ctx, cancel := context.WithCancel(context.Background())
	status := make(chan int, 1)
	go func() {
		status <- app.Run(ctx, append([]string{"watch", "-o", "jsonl", "--netns", n.NetNS}, args...))
	}()
	w.stop = func(t *testing.T) {
		cancel()
		if got := <-status; got != 130 || !strings.Contains(errs.String(), "interrupted") {
			t.Errorf("exit status %d, and it says %q", got, errs.String())
		}
	}
	t.Cleanup(cancel)
	return w
}

// events returns the events so far. It checks that each rate is what was counted, divided
// by the time.
func (w *watching) events(t *testing.T) (all []event) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for line := range strings.Lines(w.out.String()) {
		var e event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if tr := e.Traffic; tr != nil && tr.Counted != nil {
			perSecond := func(n uint64) uint64 { return uint64(math.Round(float64(n) / tr.Elapsed)) }
			if tr.Elapsed < 1 || tr.Rates.PacketsInPerSecond != perSecond(tr.Counted.PacketsIn) ||
				tr.Rates.BytesOutPerSecond != perSecond(tr.Counted.BytesOut) {
				t.Errorf("wrong rates: %s", line)
			}
		}
		all = append(all, e)
	}
	return all
}

func (w *watching) until(t *testing.T, what string, seen func(event) bool) {
	t.Helper()
	lab.Eventually(t, time.Minute, func() error {
		for _, e := range w.events(t) {
			if seen(e) {
				return nil
			}
		}
		return fmt.Errorf("watch does not print %s", what)
	})
}

// sum adds up what was counted for a server, or for the service if server is empty.
func (w *watching) sum(t *testing.T, server string) (sum counters) {
	t.Helper()
	for _, e := range w.events(t) {
		if e.Op != "rates" || e.Server != server || e.Traffic.Counted == nil {
			continue
		}
		c := e.Traffic.Counted
		sum.Connections += c.Connections
		sum.PacketsIn += c.PacketsIn
		sum.PacketsOut += c.PacketsOut
		sum.BytesIn += c.BytesIn
		sum.BytesOut += c.BytesOut
	}
	return sum
}

// ipvsadmCounters parses ipvsadm's statistics: a service or server, and five numbers.
func ipvsadmCounters(t *testing.T, n *lab.Node) map[string]counters {
	t.Helper()
	text, err := n.Run("ipvsadm", "-Ln", "--stats", "--exact")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]counters{}
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) != 7 || f[0] != "UDP" && f[0] != "->" {
			continue
		}
		var v [5]uint64
		for i := range v {
			if v[i], err = strconv.ParseUint(f[2+i], 10, 64); err != nil {
				break
			}
		}
		if err == nil {
			out[f[1]] = counters{v[0], v[1], v[2], v[3], v[4]}
		}
	}
	return out
}
