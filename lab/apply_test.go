package lab_test

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lvs/lab"
)

// These tests change a cluster with its file while clients use it. No request may
// fail.

func TestApplyUnderLoadNAT(t *testing.T)    { applyUnderLoad(t, lab.NAT, "nat") }
func TestApplyUnderLoadDirect(t *testing.T) { applyUnderLoad(t, lab.Direct, "direct") }
func TestApplyUnderLoadTunnel(t *testing.T) { applyUnderLoad(t, lab.Tunnel, "tunnel") }

func applyUnderLoad(t *testing.T, forward lab.Forward, word string) {
	t.Parallel()
	lab.Need(t)
	c := lab.NewCluster(t, lab.Options{Clients: 2, Servers: 5, Forward: forward})
	for _, s := range c.Servers {
		serveLoad(t, s, 80)
	}
	// Otherwise clients that reuse a port within the two minutes after a FIN would hang
	// on servers that are deleted, of which apply warns.
	if err := c.Director.Sysctl("net.ipv4.vs.expire_nodest_conn", "1"); err != nil {
		t.Fatal(err)
	}
	vip := netip.AddrPortFrom(c.VIP4, 80).String()
	f := clusterFile{t: t, c: c, path: filepath.Join(t.TempDir(), "cluster.yaml"), forward: word}
	f.apply("wlc", "1=1 2=1")
	l := startLoad(t, c.Clients, "http://"+vip)
	const some = 150
	l.more(some)
	for _, step := range []struct{ scheduler, servers string }{
		{"wlc", "1=1 2=1 3=2"},     // one more server
		{"wlc", "1=5 2=1 3=1 4=1"}, // weights, and another server
		{"wlc", "1=5 2=0 3=1 4=1"}, // one is drained
		{"wlc", "1=5 3=1 4=1"},     // and deleted
		{"wlc", "3=1 4=3"},         // another is deleted while it is busy
		{"wlc", "1=1 2=3 5=10"},    // other servers
		{"wlc", "1=1 2=1 3=1 4=1 5=1"},
		{"wlc", "4=1"},
		{"wlc", "1=2 2=2"},
	} {
		f.apply(step.scheduler, step.servers)
		l.more(some)
	}
	second := netip.AddrPortFrom(c.VIP4, 8080)
	f.extra = fmt.Sprintf("- {name: more, address: %v, servers: [%v]}\n", second, c.Servers[0].Addr4)
	f.apply("wlc", "1=2 2=2 3=1")
	f.extra = ""
	f.apply("wlc", "1=2 2=2 3=1", "--prune")
	l.more(some)
	done, failed := l.end()
	t.Logf("%s: %d requests, %d failed", word, done, failed)
}

// clusterFile is a cluster file that the test rewrites and applies.
type clusterFile struct {
	t             *testing.T
	c             *lab.Cluster
	path, forward string
	extra         string // more services
}

// apply writes the file with a scheduler (and its flags) and servers (number=weight),
// applies it, and checks that nothing is left to do.
func (f *clusterFile) apply(scheduler, servers string, options ...string) {
	f.t.Helper()
	name, flags, _ := strings.Cut(scheduler, " ")
	var b strings.Builder
	fmt.Fprintf(&b, "apiVersion: lvs/v1\nkind: Cluster\ndefaults: {forward: %s}\nservices:\n%s", f.forward, f.extra)
	fmt.Fprintf(&b, "- name: web\n  address: tcp://%v\n  scheduler: %s\n", netip.AddrPortFrom(f.c.VIP4, 80), name)
	if flags != "" {
		fmt.Fprintf(&b, "  flags: [%s]\n", flags)
	}
	b.WriteString("  servers:\n")
	for _, s := range strings.Fields(servers) {
		var number, weight int
		if _, err := fmt.Sscanf(s, "%d=%d", &number, &weight); err != nil {
			f.t.Fatal(err)
		}
		fmt.Fprintf(&b, "  - {address: %v, weight: %d}\n", f.c.Servers[number-1].Addr4, weight)
	}
	if err := os.WriteFile(f.path, []byte(b.String()), 0o600); err != nil {
		f.t.Fatal(err)
	}
	lvs(f.t, f.c.Director, 0, append([]string{"apply", "-f", f.path, "--yes", "--drain", "60s"}, options...)...)
	if rest := lvs(f.t, f.c.Director, 0, append([]string{"diff", "-f", f.path}, options...)...); rest != "" {
		f.t.Errorf("after apply:\n%s", rest)
	}
}
