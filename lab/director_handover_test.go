package lab_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lvs/lab"
)

// TestCallerHandover replaces keepalived and ldirectord by a director as the pages in docs
// say, while clients use the service. No request fails.
func TestCallerHandover(t *testing.T) {
	lab.Need(t)
	for _, from := range []struct {
		name    string
		checker lab.Checker
	}{{"keepalived", lab.QuickKeepalived()}, {"ldirectord", lab.QuickLdirectord()}} {
		t.Run(from.name, func(t *testing.T) {
			lab.Need(t)
			c := lab.NewCluster(t, lab.Options{Clients: 2, Servers: 3, Forward: lab.Direct})
			for _, s := range c.Servers {
				serveLoad(t, s, 80)
			}
			dir := t.TempDir()
			old, err := from.checker.Start(c, dir)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { old.Kill() })
			full := func() error {
				table, err := c.Director.Run("ipvsadm", "-Sn")
				if err == nil && strings.Count(table, "-w 1") != len(c.Servers) {
					err = fmt.Errorf("the table is\n%s", table)
				}
				return err
			}
			lab.Eventually(t, settleLimit, full)
			load := startLoad(t, c.Clients, fmt.Sprintf("http://%s", c.VIP4))
			load.more(20)
			conf, err := filepath.Glob(filepath.Join(dir, "*.c*f"))
			if err != nil || len(conf) != 1 {
				t.Fatalf("%v %v", conf, err)
			}
			file := filepath.Join(t.TempDir(), "cluster.yaml")
			text := lvs(t, c.Director, 0, "import", "--from", from.name, conf[0])
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			lvs(t, c.Director, 0, "diff", "-f", file)
			shell(t, c.Director, "pkill -KILL "+from.name)
			load.more(20)
			d := startDirector(t, c.Director, file)
			d.up(20 * time.Second)
			load.more(20)
			if err := full(); err != nil {
				t.Error(err)
			}
			if done, failed := load.end(); failed > 0 {
				t.Errorf("%d of %d requests failed", failed, done)
			}
			if err := c.Servers[0].Stop(); err != nil {
				t.Fatal(err)
			}
			d.masked(20*time.Second, c.Servers[0].Addr4.String())
		})
	}
}

// TestCallerBesideKeepalived runs a director beside keepalived, each with services of its
// own. Neither touches those of the other.
func TestCallerBesideKeepalived(t *testing.T) {
	lab.Need(t)
	h := newHeld(t)
	conf := `virtual_server 192.0.2.97 80 {
	delay_loop 2
	protocol TCP
	lvs_sched rr
	lvs_method DR
	real_server 10.0.0.11 80 {
		TCP_CHECK {
			connect_timeout 1
		}
	}
}
`
	own := h.table()
	d, err := h.Cluster.Director.KeepalivedWith(t.TempDir(), conf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Kill() })
	const theirs = "-A -t 192.0.2.97:80 -s rr\n-a -t 192.0.2.97:80 -r 10.0.0.11:80 -g -w 1\n"
	both := func() error {
		if now := h.table(); !sameLines(now, own+theirs) {
			return fmt.Errorf("the table is\n%s", now)
		}
		return nil
	}
	lab.Eventually(t, settleLimit, both)
	h.stop()
	h.start()
	h.up(20 * time.Second)
	if err := both(); err != nil {
		t.Errorf("after a restart of the director: %v", err)
	}
	if err := d.Stop(); err != nil {
		t.Fatal(err)
	}
	lab.Eventually(t, settleLimit, func() error {
		if now := h.table(); !sameLines(now, own) {
			return fmt.Errorf("after the end of keepalived the table is\n%s", now)
		}
		return nil
	})
}
