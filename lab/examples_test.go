package lab_test

import (
	"fmt"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lvs/lab"
)

// webCluster returns the cluster that examples/table.yaml describes, with one more
// server.
func webCluster(t *testing.T) *lab.Cluster {
	t.Helper()
	c := lab.NewCluster(t, lab.Options{
		Clients: 2, Servers: 4, Forward: lab.Direct, VIP4: netip.MustParseAddr("192.0.2.10"),
	})
	for _, s := range c.Servers {
		serveLoad(t, s, 80)
		serveLoad(t, s, 443)
	}
	if err := c.Director.Sysctl("net.ipv4.vs.expire_nodest_conn", "1"); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestExampleWeb applies examples/table.yaml to an empty table: on both ports every server
// has the share of its weight.
func TestExampleWeb(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	c := webCluster(t)
	lvs(t, c.Director, 0, "apply", "-f", "../examples/table.yaml")
	for _, port := range []int{80, 443} {
		got := map[string]int{}
		for range 70 {
			name, err := c.Clients[0].Get(fmt.Sprintf("http://192.0.2.10:%d/", port))
			if err != nil {
				t.Fatal(err)
			}
			got[name]++
		}
		for i, want := range []int{40, 20, 10} {
			if n := got[c.Servers[i].Name]; math.Abs(float64(n-want)) > 4 {
				t.Errorf("port %d: %s served %d of 70 requests; %d by its weight", port, c.Servers[i].Name, n, want)
			}
		}
	}
	lvs(t, c.Director, 0, "diff", "-f", "../examples/table.yaml")
}

// TestReadmeUnderLoad runs the commands of the README's section about the cluster file
// while clients use the cluster.
func TestReadmeUnderLoad(t *testing.T) {
	lab.Need(t)
	c := webCluster(t)
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := sessionsBelow(string(text), "## A web cluster from a file")
	if len(commands) < 10 {
		t.Fatalf("the README has %d commands there", len(commands))
	}
	dir := t.TempDir()
	examples, err := filepath.Abs("../examples")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(examples, filepath.Join(dir, "examples")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", links(t, "lvs")+":"+os.Getenv("PATH"))
	t.Setenv("LVS_STATE_DIR", t.TempDir())
	var l *load
	for i, command := range commands {
		out, err := c.Director.Run("sh", "-c", "cd "+dir+"; "+command)
		if err != nil && !strings.HasPrefix(command, "lvs diff") { // exits with 1 for a difference
			t.Fatal(err)
		}
		t.Logf("$ %s\n%s", command, out)
		if i == 0 {
			l = startLoad(t, c.Clients, "http://192.0.2.10")
		}
		l.more(60)
	}
	lvs(t, c.Director, 0, "diff", "-f", "../examples/table.yaml")
	done, failed := l.end()
	t.Logf("%d requests, %d failed", done, failed)
}

// sessionsBelow returns the commands of the console blocks of one section.
func sessionsBelow(text, title string) (commands []string) {
	_, text, _ = strings.Cut(text, title+"\n")
	text, _, _ = strings.Cut(text, "\n## ")
	inside := false
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "```") {
			inside = line == "```console\n"
		} else if command, ok := strings.CutPrefix(line, "$ "); ok && inside {
			commands = append(commands, strings.TrimSpace(command))
		}
	}
	return commands
}
