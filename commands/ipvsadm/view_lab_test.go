package ipvsadm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lvs/kernel"
	"lvs/lab"
)

// views are the lists of a table: ipvsadm's options and ours.
var views = []struct {
	args    string
	options viewOptions
}{
	{"", viewOptions{}},
	{"--stats", viewOptions{Stats: true}},
	{"--rate", viewOptions{Rate: true}},
	{"--exact", viewOptions{Exact: true}},
	{"--stats --exact", viewOptions{Stats: true, Exact: true}},
	{"--rate --exact", viewOptions{Rate: true, Exact: true}},
	{"--thresholds", viewOptions{Thresholds: true}},
	{"--persistent-conn", viewOptions{PersistentConn: true}},
	{"--tun-info", viewOptions{TunInfo: true}},
	{"--sort", viewOptions{}},
	{"--nosort", viewOptions{NoSort: true}},
	{"--nosort --stats", viewOptions{NoSort: true, Stats: true}},
	{
		"--tun-info --persistent-conn --thresholds --rate --stats",
		viewOptions{TunInfo: true, PersistentConn: true, Thresholds: true, Rate: true, Stats: true},
	},
	{
		"--tun-info --persistent-conn --thresholds --rate",
		viewOptions{TunInfo: true, PersistentConn: true, Thresholds: true, Rate: true},
	},
	{"--tun-info --persistent-conn --thresholds", viewOptions{TunInfo: true, PersistentConn: true, Thresholds: true}},
	{"--tun-info --persistent-conn", viewOptions{TunInfo: true, PersistentConn: true}},
}

// rest has what a list shows and a save does not.
const rest = `-A -t 10.0.0.9:80 -s mh -p 100 -M 255.255.0.0 -b mh-fallback
-a -t 10.0.0.9:80 -r 127.0.0.1:80 -g -w 1 -x 2147483647 -y 2147483646
-a -t 10.0.0.9:80 -r 10.0.0.2:80 -m -w 1 -x 2000
-A -t 10.0.0.9:81 -s rr -M 255.255.0.0 --pe sip
-A -t [2001:db8:1111:2222:3333:4444:5555:6666]:65535 -s rr -p 360 -M 64
-a -t [2001:db8:1111:2222:3333:4444:5555:6666]:65535 -r [2001:db8:1111:2222:3333:4444:5555:6666]:65535 -m
-a -t [2001:db8:1111:2222:3333:4444:5555:6666]:65535 -r [::1]:65535 -g
-A -f 8 -6 -s rr
`

// syncDaemons cannot run if a server has another family than its service.
const syncDaemons = "--start-daemon master --mcast-interface sync0\n" +
	"--start-daemon backup --mcast-interface sync0 --syncid 255 --mcast-group ff01::1 --mcast-port 99 " +
	"--mcast-ttl 3 --sync-maxlen 900\n" +
	"--set 1 2000000 3\n"

// TestListsAreTheOracles compares every list of a full and of an empty table.
func TestListsAreTheOracles(t *testing.T) {
	lab.Need(t, features)
	for _, line := range []string{"link add sync0 up type dummy", "address add 172.16.0.1/24 dev sync0"} {
		if out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
			t.Fatalf("ip %s: %v: %s", line, err, out)
		}
	}
	p := newPair(t)
	p.lists(t, "n", nil)
	p.run(t, syncDaemons)
	if text := p.lists(t, "n", nil); strings.Count(text, "sync daemon") != 2 {
		t.Errorf("ipvsadm does not show two daemons:\n%s", text)
	}
	p.run(t, "--stop-daemon master\n--stop-daemon backup\n"+everyAttribute+rest)
	p.lists(t, "", newNamer(t.Context()))
	p.lists(t, "n", nil,
		parseID(t, "tcp://192.168.0.1:80"), parseID(t, "udp://10.0.0.1:5061"), parseID(t, "sctp://10.0.0.1:80"),
		parseID(t, "tcp://[2001:db8:1111:2222:3333:4444:5555:6666]:65535"),
		parseID(t, "fwmark:7"), parseID(t, "fwmark:7/ipv6"))
}

// TestListsOfRandomTables compares the order of random tables.
func TestListsOfRandomTables(t *testing.T) {
	lab.Need(t, features)
	p := newPair(t)
	for seed := range uint64(8) {
		snap := randomTable(rand.New(rand.NewPCG(seed, 3)), 60)
		if err := p.k.Flush(context.Background()); err != nil {
			t.Fatal(err)
		}
		if err := p.k.Apply(context.Background(), changes(snap)); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for _, v := range views[6:] {
			p.same(t, "-Ln "+v.args, p.table(v.options, nil))
		}
	}
}

// pair reads one kernel with ipvsadm and with this package.
type pair struct {
	k      *kernel.Client
	oracle func(args ...string) (string, error)
	quiet  sync.Mutex // held while lists are compared
}

func newPair(t *testing.T) *pair {
	return &pair{k: open(t), oracle: func(args ...string) (string, error) {
		out, err := exec.Command("ipvsadm", args...).CombinedOutput()
		return string(out), err
	}}
}

// run runs command lines with ipvsadm.
func (p *pair) run(t *testing.T, lines string) {
	t.Helper()
	for line := range strings.Lines(lines) {
		if out, err := p.oracle(strings.Fields(line)...); err != nil {
			t.Fatalf("%s: %v: %s", line, err, out)
		}
	}
}

// same compares the output of ipvsadm with that of write, row by row: each row must be
// what ipvsadm printed just before or just after. These two are equal unless the table
// changes meanwhile.
func (p *pair) same(t *testing.T, args string, write func(io.Writer) error) (text string) {
	t.Helper()
	ask := func() string {
		out, err := p.oracle(strings.Fields(args)...)
		if err != nil {
			t.Fatalf("%s: %v: %s", args, err, out)
		}
		return out
	}
	lab.Eventually(t, time.Minute, func() error {
		p.quiet.Lock()
		defer p.quiet.Unlock()
		text = ask()
		var ours bytes.Buffer
		if err := write(&ours); err != nil {
			t.Fatalf("%s: %v", args, err)
		}
		after := ask()
		switch {
		case between(text, ours.String(), after):
		case text == after:
			t.Errorf("%s (-ipvsadm +ours)\n%s", args, cmp.Diff(text, ours.String()))
		default:
			return fmt.Errorf("%s (-ipvsadm +ours)\n%s", args, cmp.Diff(text, ours.String()))
		}
		return nil
	})
	return text
}

// between reports whether each row of a text is equal to that of one of the two others.
// The timer of a connection may be between theirs.
func between(before, text, after string) bool {
	x, y, z := strings.SplitAfter(before, "\n"), strings.SplitAfter(text, "\n"), strings.SplitAfter(after, "\n")
	if len(x) != len(y) || len(y) != len(z) {
		return false
	}
	for i := range y {
		if y[i] != x[i] && y[i] != z[i] && !ticked(x[i], y[i], z[i]) {
			return false
		}
	}
	return true
}

// ticked reports whether three rows are equal except for a timer that counts down.
func ticked(before, row, after string) bool {
	clock := regexp.MustCompile(`^(\S+ +)([0-9]{2}:[0-9]{2})( .*\n)$`)
	x, y, z := clock.FindStringSubmatch(before), clock.FindStringSubmatch(row), clock.FindStringSubmatch(after)
	return x != nil && y != nil && z != nil &&
		x[1] == y[1] && y[1] == z[1] && x[3] == y[3] && y[3] == z[3] && x[2] >= y[2] && y[2] >= z[2]
}

// table writes a list of the whole table or of one service.
func (p *pair) table(o viewOptions, n *namer, only ...kernel.ServiceID) func(io.Writer) error {
	return func(w io.Writer) error {
		s, err := p.k.Snapshot(context.Background(), only...)
		if err != nil {
			return err
		}
		return writeTable(w, whole(s), o, n)
	}
}

// connections compares the lists of connections, and returns what ipvsadm printed.
func (p *pair) connections(t *testing.T, numeric string, names *namer) (text string) {
	t.Helper()
	for _, engine := range []string{"", " --persistent-conn"} {
		text += p.same(t, "-Lc"+numeric+engine, func(w io.Writer) error {
			return writeConnections(w, p.k.Connections(context.Background(), kernel.WithEngine), engine != "", names)
		})
	}
	return text
}

// lists compares every list of the table and of single services, and returns what
// ipvsadm printed.
func (p *pair) lists(t *testing.T, numeric string, names *namer, one ...kernel.ServiceID) (text string) {
	t.Helper()
	ctx := context.Background()
	for _, v := range views {
		text += p.same(t, "-L"+numeric+" "+v.args, p.table(v.options, names))
		o := v.options
		o.Single = true
		for _, id := range one {
			text += p.same(t, "-L"+numeric+" "+string(appendSelector(nil, id, nil))+" "+v.args, p.table(o, names, id))
		}
	}
	text += p.same(t, "-L --timeout", func(w io.Writer) error {
		timeouts, err := p.k.Timeouts(ctx)
		return errors.Join(err, writeTimeouts(w, timeouts))
	})
	text += p.same(t, "-L --daemon", func(w io.Writer) error {
		daemons, err := p.k.Daemons(ctx)
		return errors.Join(err, writeDaemons(w, daemons))
	})
	return text + p.same(t, "-S"+numeric, func(w io.Writer) error {
		s, err := p.k.Snapshot(ctx)
		if err != nil {
			return err
		}
		return WriteSave(w, s, SaveOptions{names: names})
	})
}

func parseID(t *testing.T, name string) kernel.ServiceID {
	t.Helper()
	id, err := kernel.ParseServiceID(name)
	if err != nil {
		t.Fatal(err)
	}
	return id
}
