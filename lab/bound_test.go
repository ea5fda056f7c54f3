package lab_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lvs/lab"
)

// Every verb that sets the weight of a server to 0 says that clients bound by persistence
// keep coming to it, as drain does, and they do.
func TestWeightZeroPersistent(t *testing.T) {
	lab.Need(t)
	r := newReturning(t, lab.NAT, "--nat", false, "--persistent=300")
	name, err := visit(r.Clients[0], 43001, r.to)
	if err != nil {
		t.Fatal(err)
	}
	bound := r.server(name)
	addr := bound.Addr4.String() + ":80"
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var cluster, save strings.Builder
	fmt.Fprintf(&cluster, "apiVersion: lvs/v1\nkind: Cluster\ndefaults: {forward: nat}\nservices:\n"+
		"- name: web\n  address: '%s'\n  scheduler: rr\n  persistent: 300s\n  servers:\n", r.service)
	fmt.Fprintf(&save, "-A -t %v -s rr -p 300\n", r.to)
	for _, s := range r.Servers {
		weight := 1
		if s == bound {
			weight = 0
		}
		fmt.Fprintf(&cluster, "  - {address: %v, weight: %d}\n", s.Addr4, weight)
		fmt.Fprintf(&save, "-a -t %v -r %v:80 -m -w %d\n", r.to, s.Addr4, weight)
	}
	want := fmt.Sprintf("lvs: net.ipv4.vs.expire_quiescent_template is 0: clients bound by persistence keep coming to "+
		"%s in %s (1 now, for at least 5m after the last connection)\n", addr, r.service)
	hint := "hint: ip netns exec " + r.Director.NetNS + " sysctl -w net.ipv4.vs.expire_quiescent_template=1\n"
	for i, line := range []string{
		"weight " + r.service + " " + addr + " 0",
		"weight " + r.service + " " + addr + " 0 --dry-run",
		"weight " + r.service + " " + addr + " 0 --over 300ms",
		"weight " + r.service + " " + addr + " -1",
		"server edit " + r.service + " " + addr + " --weight 0",
		"apply --yes -f " + write("cluster.yaml", cluster.String()),
		"apply --yes --dry-run -f " + write("cluster.yaml", cluster.String()),
		"restore --yes -f " + write("save", save.String()),
		"undo --yes",
		"drain --yes " + addr,
	} {
		if strings.HasPrefix(line, "undo") { // of what sets the weight to 1
			r.lvs(0, "weight", r.service, addr, "0")
			r.lvs(0, "weight", r.service, addr, "1")
		}
		errs := r.lvs(0, strings.Fields(line)...)
		if strings.HasPrefix(line, "drain") {
			hint = "--expire-templates sets it, for all services of the table"
		}
		if !strings.Contains(errs, want) || !strings.Contains(errs, hint) || strings.Count(errs, "clients bound") != 1 {
			t.Errorf("lvs %s says:\n%s\nwant\n%s%s", line, errs, want, hint)
		}
		if !strings.Contains(line, "--dry-run") {
			name, err := visit(r.Clients[0], 43010+i, r.to)
			if err != nil {
				t.Fatal(err)
			}
			if name != bound.Name {
				t.Errorf("after lvs %s the client comes to %s: what it says is wrong", line, name)
			}
			r.lvs(0, "weight", r.service, addr, "1")
		}
	}

	// Once the templates expire, nothing is said, and the old template is named.
	r.set("expire_quiescent_template", "1")
	r.set("expire_nodest_conn", "1")
	if errs := r.lvs(0, "weight", r.service, addr, "0"); strings.Contains(errs, "clients") {
		t.Errorf("it says %q", errs)
	}
	if name, err = visit(r.Clients[0], 43099, r.to); err != nil || name == bound.Name {
		t.Fatalf("%v; the client still comes to %s", err, name)
	}
	out := drainLVS(t, r.Director, r.state, 0, "connections", "--state", "released", "-o", "csv", "--no-headers",
		"--columns", "client,server,state")
	if want := fmt.Sprintf("%v:0,%v:65535,RELEASED\n", r.Clients[0].Addr4, bound.Addr4); out != want {
		t.Errorf("released templates: %q, want %q", out, want)
	}
	out = drainLVS(t, r.Director, r.state, 0, "connections", "--group-by", "state", "--filter", "state=RELEASED",
		"-o", "csv", "--no-headers", "--columns", "state,total")
	if out != "RELEASED,1\n" {
		t.Errorf("counted: %q", out)
	}
}
