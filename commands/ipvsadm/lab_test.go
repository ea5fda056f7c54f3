package ipvsadm

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lvs/kernel"
	"lvs/lab"
)

// everyAttribute is a table as ipvsadm writes it, with every attribute that it can
// write.
const everyAttribute = `-A -t 192.168.0.1:80 -s rr
-a -t 192.168.0.1:80 -r 10.0.0.1:80 -g -w 0
-a -t 192.168.0.1:80 -r 10.0.0.2:8080 -m -w 2147483647
-a -t 192.168.0.1:80 -r 10.0.0.3:80 -i -w 1 --tun-type ipip
-a -t 192.168.0.1:80 -r 10.0.0.4:80 -i -w 65536 --tun-type gue --tun-port 6080 --tun-nocsum
-a -t 192.168.0.1:80 -r 10.0.0.5:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-csum
-a -t 192.168.0.1:80 -r 10.0.0.6:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-remcsum
-a -t 192.168.0.1:80 -r 10.0.0.7:80 -i -w 1 --tun-type gre --tun-nocsum
-a -t 192.168.0.1:80 -r 10.0.0.8:80 -i -w 1 --tun-type gre --tun-csum
-a -t 192.168.0.1:80 -r [2001:db8::1]:80 -i -w 1 --tun-type ipip
-A -t 10.0.0.1:0 -s wlc -p 2678400 -M 255.255.255.0
-a -t 10.0.0.1:0 -r 10.0.1.1:0 -g -w 1
-A -t 10.0.0.1:443 -s mh -b mh-fallback,mh-port
-A -u 10.0.0.1:53 -s sh -o -b sh-fallback
-A -u 10.0.0.1:5060 -s wlc -p 60 --pe sip
-A -u 10.0.0.1:5061 -s rr -p 60 --pe sip -o -b flag-1,flag-2,flag-3
-A --sctp-service 10.0.0.1:80 -s dh
-A -t [2001:db8::10]:80 -s wrr -p 360 -M 64
-a -t [2001:db8::10]:80 -r [2001:db8::11]:8080 -m -w 1
-a -t [2001:db8::10]:80 -r 10.0.1.1:80 -i -w 1 --tun-type ipip
-A -t [::1.2.3.4]:80 -s nq
-A -t [::ffff:1.2.3.4]:80 -s sed
-A -f 7 -s lblcr -o
-a -f 7 -r 10.0.1.1:0 -g -w 1
-a -f 7 -r 10.0.1.1:80 -m -w 1
-A -f 7 -6 -s ovf -p 1
-a -f 7 -6 -r [2001:db8::11]:80 -m -w 1
-A -f 2147483647 -s fo
`

var features = lab.Feature{Name: "GRE tunnels", Major: 5, Minor: 3}

// TestSaveIsTheOracles fills the table with ipvsadm -R, and saves it with both.
func TestSaveIsTheOracles(t *testing.T) {
	lab.Need(t, features)
	oracle(t, everyAttribute, "-R")
	text := oracle(t, "", "-Sn")
	if n := strings.Count(text, "\n"); n != strings.Count(everyAttribute, "\n") {
		t.Errorf("the kernel took %d lines of\n%s", n, everyAttribute)
	}
	if d := cmp.Diff(text, save(t, open(t))); d != "" {
		t.Errorf("(-ipvsadm -Sn +ours)\n%s", d)
	}
}

// TestOracleReadsOurText fills the table with this package, and reads its text with
// ipvsadm -R into an empty table.
func TestOracleReadsOurText(t *testing.T) {
	lab.Need(t, features)
	k := open(t)
	load(t, k, everyAttribute)
	ours := save(t, k)
	if d := cmp.Diff(oracle(t, "", "-Sn"), ours); d != "" {
		t.Errorf("(-ipvsadm -Sn +ours)\n%s", d)
	}
	oracle(t, "", "-C")
	oracle(t, ours, "-R")
	if d := cmp.Diff(ours, save(t, k)); d != "" {
		t.Errorf("(-our text +the table that ipvsadm -R made of it)\n%s", d)
	}
}

// TestSaveOfRandomTables compares bytes and order of tables whose addresses are so far
// apart that ipvsadm's comparison of them is not transitive.
func TestSaveOfRandomTables(t *testing.T) {
	lab.Need(t, features)
	k := open(t)
	for seed := range uint64(40) {
		snap := randomTable(rand.New(rand.NewPCG(seed, 2)), 60)
		if err := k.Flush(context.Background()); err != nil {
			t.Fatal(err)
		}
		if err := k.Apply(context.Background(), changes(snap)); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		// The kernel may reorder its table at any time, as it grows.
		var want, got, again string
		for want == "" || want != again {
			want, got, again = oracle(t, "", "-Sn"), save(t, k), oracle(t, "", "-Sn")
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("seed %d (-ipvsadm -Sn +ours)\n%s", seed, d)
		}
	}
}

// TestOracleAccepts runs ipvsadm with the accepted lines of read_test.go: one text
// clears the table, adds a line, prints the table, and so on.
func TestOracleAccepts(t *testing.T) {
	lab.Need(t, features)
	var text, want strings.Builder
	for _, c := range accepted {
		fmt.Fprintf(&text, "-C\n%s\n-S -n\n", c.line)
		fmt.Fprintln(&want, c.want)
	}
	if d := cmp.Diff(want.String(), oracle(t, text.String(), "-R")); d != "" {
		t.Errorf("(-ours +ipvsadm -R)\n%s", d)
	}
}

func TestOracleRefuses(t *testing.T) {
	lab.Need(t, features)
	oracle(t, "-A -t 10.0.0.1:80\n", "-R")
	for _, c := range refused {
		cmd := exec.Command("ipvsadm", "-R") // no subtest: it would run in another namespace
		cmd.Stdin = strings.NewReader(c.line + "\n")
		if out, err := cmd.CombinedOutput(); err == nil {
			t.Errorf("ipvsadm -R accepts %s: %s", c.line, out)
		}
	}
}

func open(t *testing.T) *kernel.Client {
	t.Helper()
	k, err := kernel.Open(kernel.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	return k
}

func oracle(t *testing.T, input string, args ...string) string {
	t.Helper()
	cmd := exec.Command("ipvsadm", args...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("ipvsadm %v: %v: %s%s", args, err, out, input)
	}
	return string(out)
}

// save returns the kernel's table as our text.
func save(t *testing.T, k *kernel.Client) string {
	t.Helper()
	snap, err := k.Snapshot(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := WriteSave(&b, snap, SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// load fills the kernel's table from a text.
func load(t *testing.T, k *kernel.Client, text string) {
	t.Helper()
	lines, err := parseSave(strings.NewReader(text), SystemNames(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	services, err := replay(lines)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Apply(context.Background(), changes(snapshot(services))); err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
}

// changes returns the changes that make a table of an empty one.
func changes(s *kernel.Snapshot) []kernel.Change {
	var out []kernel.Change
	for _, e := range s.Services {
		out = append(out, kernel.Change{Op: kernel.AddService, Service: e.Service})
		for _, v := range e.Servers {
			out = append(out, kernel.Change{Op: kernel.AddServer, Service: e.Service, Server: v.Server})
		}
	}
	return out
}
