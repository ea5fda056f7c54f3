package lab_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"lvs/lab"
)

// These tests use the dashboard of a director with live traffic as an administrator
// does: they type and read the screen. They check the results with Debian's ipvsadm.

// topLimit is the longest time until something is visible: the kernel updates its
// counters every two seconds, and an emulated processor is slow.
const topLimit = 30 * time.Second

// watched is a cluster with constant traffic. Each connection lasts 1.5 seconds.
type watched struct {
	*lab.Cluster
	service string
}

func newWatched(t *testing.T) *watched {
	t.Helper()
	c := lab.NewCluster(t, lab.Options{Clients: 2, Servers: 2, Forward: lab.NAT})
	w := &watched{c, "tcp://" + c.VIP4.String() + ":80"}
	lvs(t, c.Director, 0, "service", "add", w.service, "-s", "wlc")
	for _, s := range c.Servers {
		if err := s.Serve(80, slowly(1500*time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		lvs(t, c.Director, 0, "server", "add", w.service, s.Addr4.String()+":80", "--nat", "-w", "10")
	}
	w.load(t)
	return w
}

func slowly(d time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(d):
		case <-r.Context().Done():
		}
		fmt.Fprintln(w, strings.Repeat("data ", 200))
	})
}

// load makes requests until the test ends, ten at a time.
func (w *watched) load(t *testing.T) {
	done := make(chan struct{})
	var people sync.WaitGroup
	for i := range 10 {
		client := w.Clients[i%len(w.Clients)]
		people.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if _, err := client.Get("http://" + w.VIP4.String() + "/"); err != nil {
					t.Log(err)
				}
			}
		})
	}
	t.Cleanup(func() { close(done); people.Wait() })
}

// top starts the dashboard on the director.
func (w *watched) top(t *testing.T, columns, rows int, args ...string) (x *lab.Terminal) {
	t.Helper()
	env := []string{"LC_ALL=C.UTF-8", "NO_COLOR=", "XDG_CONFIG_HOME=" + t.TempDir(), "LVS_STATE_DIR=" + t.TempDir()}
	err := w.Director.Do(func() error {
		x = lab.OnTerminal(t, columns, rows, env, program(t), append([]string{"top"}, args...)...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	x.Until(t, topLimit, regexp.QuoteMeta(w.service))
	return x
}

// program returns the path of lvs under its own name.
func program(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	link := filepath.Join(t.TempDir(), "lvs")
	if err == nil {
		err = os.Symlink(self, link)
	}
	if err != nil {
		t.Fatal(err)
	}
	return link
}

// ipvsadm returns the weight and the active connections of a server, as shown by
// Debian's ipvsadm.
func (w *watched) ipvsadm(t *testing.T, server *lab.Server) (weight, active string) {
	t.Helper()
	out, err := w.Director.Run("ipvsadm", "-Ln")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out) {
		if f := strings.Fields(line); len(f) == 6 && f[1] == server.Addr4.String()+":80" {
			return f[3], f[4]
		}
	}
	t.Fatalf("no row of %s in\n%s", server.Addr4, out)
	return "", ""
}

func quit(t *testing.T, x *lab.Terminal) {
	t.Helper()
	x.Type("q")
	if status := x.End(t, topLimit); status != 0 || len(x.Leftovers()) > 0 {
		t.Errorf("exit status %d, left over: %q", status, x.Leftovers())
	}
}

func TestTopDrillsDown(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	w := newWatched(t)
	x := w.top(t, 100, 24)
	service := regexp.QuoteMeta(w.service)
	one, two := regexp.QuoteMeta(w.Servers[0].Addr4.String()), regexp.QuoteMeta(w.Servers[1].Addr4.String())
	x.Until(t, topLimit, `connections/s +[1-9]`)
	x.Until(t, topLimit, service+` +wlc +2/2 +[1-9]`) // active connections

	x.Type(lab.KeyEnter)
	x.Until(t, topLimit, `overview > `+service)
	x.Until(t, topLimit, one+`:80 +nat +10 +[1-9](.|\n)*`+two+`:80 +nat +10 +[1-9]`)

	x.Type("/" + one)
	x.UntilNot(t, topLimit, two)
	x.Type(lab.KeyEnter)
	x.Until(t, topLimit, `1 of 2 rows`)
	x.Type(lab.KeyEsc)
	x.Until(t, topLimit, two)

	x.Type(lab.KeyEsc)
	x.UntilNot(t, topLimit, `overview > `)
	x.Type("p")
	x.Until(t, topLimit, `PAUSED, [1-9]s old`)
	x.Type("p")
	x.UntilNot(t, topLimit, `PAUSED`)
	quit(t, x)
}

func TestTopConnections(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	w := newWatched(t)
	x := w.top(t, 120, 30)
	x.Type("4")
	x.Until(t, topLimit, `ESTABLISHED [1-9]`)
	x.Until(t, topLimit, `▸ 198\.51\.100\.0/24 +[1-9]`) // the clients' network
	x.Type(lab.KeyEnter)
	x.Until(t, topLimit, regexp.QuoteMeta(w.Clients[0].Addr4.String())+`:\d+ `)
	quit(t, x)
}

// Changes by other programs are visible, and a deleted row stays for some seconds.
func TestTopSeesOthers(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	w := newWatched(t)
	x := w.top(t, 80, 24)
	x.Type(lab.KeyEnter)
	server := w.Servers[1].Addr4.String()
	x.Until(t, topLimit, regexp.QuoteMeta(server)+`:80 +nat +10 `)
	vip := w.VIP4.String() + ":80"
	for _, argv := range [][]string{
		{"-e", "-t", vip, "-r", server + ":80", "-m", "-w", "77"},
		{"-d", "-t", vip, "-r", server + ":80"},
	} {
		if _, err := w.Director.Run("ipvsadm", argv...); err != nil {
			t.Fatal(err)
		}
		if argv[0] == "-e" {
			x.Until(t, topLimit, regexp.QuoteMeta(server)+`:80 +nat +77 `)
		}
	}
	struck := func() (struck bool) {
		x.Look(func(s *lab.Screen) {
			for y, line := range strings.Split(s.Text(), "\n") {
				if before, _, found := strings.Cut(line, server); found {
					struck = s.At(len([]rune(before)), y).Style.Strike
				}
			}
		})
		return struck
	}
	if !x.Sees(topLimit, func(string) bool { return struck() }) {
		t.Error("the deleted server is not struck through")
	}
	x.UntilNot(t, topLimit, regexp.QuoteMeta(server))
	quit(t, x)
}

// IPVS is unloaded while the dashboard runs, and loaded again. No other test of this
// package runs at the same time.
func TestTopWhileIPVSIsUnloaded(t *testing.T) {
	if os.Getenv(lab.KindVariable) == "host" {
		t.Skip("IPVS is not taken from a whole host")
	}
	lab.Need(t)
	// A request for IPVS loads it, unless modprobe is replaced.
	const loader = "/proc/sys/kernel/modprobe"
	before, err := os.ReadFile(loader)
	if err == nil {
		err = os.WriteFile(loader, []byte("/bin/false"), 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.WriteFile(loader, before, 0); err != nil {
			t.Error(err)
		}
		mustRun(t, "modprobe", "ip_vs")
	})
	x := lab.OnTerminal(t, 80, 24, []string{"LC_ALL=C.UTF-8", "XDG_CONFIG_HOME=" + t.TempDir()}, program(t), "top")
	x.Until(t, topLimit, `no services`)
	lab.Eventually(t, topLimit, unloadIPVS)
	x.Until(t, topLimit, `IPVS is not loaded`)
	mustRun(t, "modprobe", "ip_vs")
	mustRun(t, "ipvsadm", "-A", "-f", "7", "-s", "none")
	x.Until(t, topLimit, `fwmark:7 `)
	x.UntilNot(t, topLimit, `IPVS is not loaded`)
	mustRun(t, "ipvsadm", "-C")
	quit(t, x)
}

// unloadIPVS unloads IPVS, its schedulers first. It fails while the kernel is still
// removing a namespace of the previous test.
func unloadIPVS() error {
	holders, err := os.ReadDir("/sys/module/ip_vs/holders")
	if err != nil {
		return err
	}
	for _, h := range holders {
		if out, err := exec.Command("rmmod", h.Name()).CombinedOutput(); err != nil {
			return fmt.Errorf("rmmod %s: %v: %s", h.Name(), err, out)
		}
	}
	out, err := exec.Command("rmmod", "ip_vs").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("rmmod ip_vs: %v: %s", err, out)
	}
	return err
}

func mustRun(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v: %s", name, args, err, out)
	}
}

// The rates of a batch are those that the kernel counted.
func TestTopBatch(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	w := newWatched(t)
	counted := func() uint64 {
		var table serviceList
		lvsJSON(t, w.Director, &table, "stats", w.service)
		return table.Items[0].Stats.Connections
	}
	lab.Eventually(t, topLimit, func() error {
		if n := counted(); n < 10 {
			return fmt.Errorf("%d connections", n)
		}
		return nil
	})
	const interval = 10 * time.Second
	before := counted()
	text := lvs(t, w.Director, 0, "top", "-b", "-c", "1", "-d", interval.String())
	want := float64(counted()-before) / interval.Seconds()
	pattern := `(?m)^` + regexp.QuoteMeta(w.service) + ` +wlc +2/2 +([0-9]+) +[0-9]+ +0 +([0-9.]+) `
	row := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if row == nil {
		t.Fatalf("no row of %s in\n%s", w.service, text)
	}
	if got, err := strconv.ParseFloat(row[2], 64); err != nil || got < want*0.6 || got > want*1.4 {
		t.Errorf("%s connections a second, %v; the kernel counted %.1f\n%s", row[2], err, want, text)
	}
	if row[1] == "0" {
		t.Errorf("no active connections:\n%s", text)
	}
}
