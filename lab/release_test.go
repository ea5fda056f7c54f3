package lab_test

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"lvs/lab"
)

// These tests use --release on servers that clients talk to, with the kernel's default
// settings: no client hangs, and the settings are as before.

const (
	nodestSetting    = "expire_nodest_conn"
	quiescentSetting = "expire_quiescent_template"
)

// setting returns a setting of IPVS.
func setting(t *testing.T, n *lab.Node, name string) string {
	t.Helper()
	var text []byte
	err := n.Do(func() (err error) {
		text, err = os.ReadFile("/proc/sys/net/ipv4/vs/" + name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

func TestReleaseNAT(t *testing.T)    { releaseTest(t, lab.NAT, "nat") }
func TestReleaseDirect(t *testing.T) { releaseTest(t, lab.Direct, "direct") }
func TestReleaseTunnel(t *testing.T) { releaseTest(t, lab.Tunnel, "tunnel") }

func releaseTest(t *testing.T, forward lab.Forward, word string) {
	t.Parallel()
	lab.Need(t)
	w := newDeletion(t, forward, word)
	w.add(keptPort)
	w.add(1)
	orphans := func() string {
		return strings.TrimSpace(w.lvs("connections", "--filter", "orphaned=true", "-o", "csv", "--no-headers"))
	}

	// Without it clients hang, and their connections are marked.
	old := w.open(1)
	w.deleteServers(1)
	for _, f := range old {
		if met := f.say(500 * time.Millisecond); met != "silent" {
			t.Errorf("without --release: %s: %s", f.protocol, met)
		}
	}
	if n := len(strings.Split(orphans(), "\n")); n != len(old) {
		t.Errorf("%d orphaned connections of %d:\n%s", n, len(old), orphans())
	}

	// With it they go on elsewhere: those of servers that were deleted before, too.
	w.add(2)
	flows := w.open(2)
	var promised []map[string]cuts
	for _, f := range flows {
		id := w.id(f.protocol, 2)
		args := []string{"server", "delete", "--yes", "--release", id, w.deleted[id]}
		promised = append(promised, w.promised(w.lvs(append(args, "--dry-run", "-o", "json")...)))
		w.lvs(args...)
		if now := setting(t, w.director, nodestSetting); now != "0" {
			t.Errorf("the setting stays %s", now)
		}
	}
	for i, f := range flows {
		w.compare("server delete --release", []*flowing{f}, promised[i])
	}
	if left := orphans(); left != "" {
		t.Errorf("still orphaned:\n%s", left)
	}
	for _, f := range old {
		met := f.until(20*time.Second, func(met string) bool { return met != "silent" })
		if met == "silent" || met == "same" {
			t.Errorf("%s of a server deleted before: %s", f.protocol, met)
		}
		f.conn.Close()
	}

	// All services of a server that does not get rid of its clients.
	w.add(3)
	vip := netip.AddrPortFrom(w.cluster.VIP4, 3).String()
	w.lvs("service", "edit", "tcp://"+vip, "--persistent=300")
	flows = w.open(3)
	address := flows[0].address // of TCP
	bound := w.lvs("connections", "--service", "tcp://"+vip, "-o", "csv", "--no-headers", "--filter", "client~:0$")
	if !strings.Contains(bound, address) {
		t.Errorf("the client is not bound to %s: %s", address, bound)
	}
	_, errs := drainRun(t, w.director, w.dir, 0, "drain", address, "--delete", "--release", "--timeout", "2s", "--yes")
	for _, want := range []string{
		"net.ipv4.vs.expire_nodest_conn=1 net.ipv4.vs.expire_quiescent_template=1",
		"cut after 2s: tcp://" + vip + " " + address, "is deleted after",
	} {
		if !strings.Contains(errs, want) {
			t.Errorf("it does not say %q:\n%s", want, errs)
		}
	}
	if met := flows[0].until(5*time.Second, func(met string) bool { return met != "silent" }); met != "reset" {
		t.Errorf("the client of the drained server: %s", met)
	}
	again := &flowing{protocol: "tcp", server: flows[0].server}
	var err error
	if again.conn, err = w.dial("tcp", netip.AddrPortFrom(w.cluster.VIP4, 3)); err != nil {
		t.Fatal(err)
	}
	if met := again.say(5 * time.Second); met != "moved" {
		t.Errorf("the bound client, again: %s", met)
	}
	for _, name := range []string{nodestSetting, quiescentSetting} {
		if now := setting(t, w.director, name); now != "0" {
			t.Errorf("%s stays %s", name, now)
		}
	}
}

// However a command with --release ends, the settings are restored: by itself, by its
// background process, or by the next command.
func TestReleaseEnds(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	for _, end := range []string{"interrupted", "killed", "killed together"} {
		t.Run(end, func(t *testing.T) {
			lab.Need(t)
			w := newDeletion(t, lab.NAT, "nat")
			w.add(1)
			flow := w.open(1)[0]
			program := filepath.Join(links(t, "lvs"), "lvs")
			cmd := exec.Command(program, "drain", flow.address, "--delete", "--release", "--netns", w.director.NetNS)
			cmd.Env = append(os.Environ(), "LVS_STATE_DIR="+w.dir)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			wait := func(want string) {
				t.Helper()
				lab.Eventually(t, 20*time.Second, func() error {
					if now := setting(t, w.director, nodestSetting); now != want {
						log, _ := os.ReadFile(filepath.Join(w.dir, "later.log"))
						return fmt.Errorf("the setting is %s, not %s: %s", now, want, log)
					}
					return nil
				})
			}
			wait("1")
			switch end {
			case "interrupted":
				cmd.Process.Signal(syscall.SIGINT)
			case "killed":
				cmd.Process.Kill()
			case "killed together":
				pids := background(t, w.dir)
				if len(pids) == 0 {
					t.Fatal("no background process")
				}
				for _, pid := range pids {
					if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
						t.Fatal(err)
					}
				}
				cmd.Process.Kill()
			}
			cmd.Wait()
			if end == "killed together" {
				lab.Eventually(t, 10*time.Second, func() error {
					if left := background(t, w.dir); len(left) > 0 {
						return fmt.Errorf("still there: %d", left)
					}
					return nil
				})
				_, errs := drainRun(t, w.director, w.dir, 0, "weight", w.id("tcp", 1), flow.address, "3")
				const want = "set back to 0, because a command with --release was killed: net.ipv4.vs.expire_nodest_conn"
				if !strings.Contains(errs, want) {
					t.Errorf("the next command does not say %q: %s", want, errs)
				}
			}
			wait("0")
		})
	}
}

// background returns the processes that have a job of a state folder open.
func background(t *testing.T, dir string) (pids []int) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		to, err := os.Readlink(file)
		if err != nil || !strings.HasPrefix(to, filepath.Join(dir, "later")+"/") {
			continue
		}
		var pid int
		if _, err := fmt.Sscanf(file, "/proc/%d/", &pid); err == nil && pid != os.Getpid() {
			pids = append(pids, pid)
		}
	}
	return pids
}
