package lab_test

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"lvs/lab"
	"lvs/output"
)

// runningDirector is lvs director run on a node, with folders of its own. It stays usable
// when the process has ended.
type runningDirector struct {
	*lab.Daemon
	t       *testing.T
	node    *lab.Node
	program string // the path of lvs
	state   string
	sockets string
	files   []string
}

// startDirector runs a director with cluster files until the test ends.
func startDirector(t *testing.T, node *lab.Node, files ...string) *runningDirector {
	t.Helper()
	d := &runningDirector{t: t, node: node, program: filepath.Join(links(t, "lvs"), "lvs"), state: t.TempDir(),
		sockets: t.TempDir(), files: files}
	d.start()
	t.Cleanup(func() {
		if err := d.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the director said:\n%s", d.Output())
		}
	})
	return d
}

// start starts the process, and waits until it answers.
func (d *runningDirector) start() {
	d.t.Helper()
	args := []string{"director", "run"}
	for _, f := range d.files {
		args = append(args, "-f", f)
	}
	var err error
	if d.Daemon, err = d.node.Daemon(d.command(args...)); err != nil {
		d.t.Fatal(err)
	}
	lab.Eventually(d.t, 10*time.Second, func() error {
		select {
		case <-d.Ended():
			d.t.Fatalf("the director ended: %s", d.Output())
		default:
		}
		_, err := d.row()
		return err
	})
}

// command returns a command of lvs with the director's folders.
func (d *runningDirector) command(args ...string) *exec.Cmd {
	cmd := exec.Command(d.program, args...)
	cmd.Env = append(os.Environ(), "LVS_STATE_DIR="+d.state, "LVS_RUN_DIR="+d.sockets)
	return cmd
}

// lvs runs a command beside the director and returns what it prints.
func (d *runningDirector) lvs(status int, args ...string) string {
	d.t.Helper()
	cmd := d.command(args...)
	var out []byte
	var err error
	_ = d.node.Do(func() error { out, err = cmd.CombinedOutput(); return nil })
	if got := cmd.ProcessState.ExitCode(); got != status {
		d.t.Fatalf("lvs %q: exit status %d, not %d (%v): %s", args, got, status, err, out)
	}
	return string(out)
}

// row returns the state of the director.
func (d *runningDirector) row() (*output.DirectorRow, error) {
	cmd := d.command("director", "status", "-o", "json")
	var out []byte
	err := d.node.Do(func() (err error) { out, err = cmd.Output(); return err })
	if err != nil {
		return nil, fmt.Errorf("lvs director status: %w: %s", err, out)
	}
	var document struct{ Item output.DirectorRow }
	err = json.Unmarshal(out, &document)
	return &document.Item, err
}

// until waits until the state of the director is as wanted.
func (d *runningDirector) until(limit time.Duration, check func(*output.DirectorRow) error) *output.DirectorRow {
	d.t.Helper()
	var row *output.DirectorRow
	lab.Eventually(d.t, limit, func() (err error) {
		if row, err = d.row(); err == nil {
			err = check(row)
		}
		return err
	})
	return row
}

// directedServers calls check with each server of the files that has an address, and
// returns the first error. There must be one.
func directedServers(row *output.DirectorRow, address string, check func(*output.DirectedServerRow) error) error {
	met := false
	for i := range row.Services {
		for j := range row.Services[i].Servers {
			s := &row.Services[i].Servers[j]
			host, _, _ := net.SplitHostPort(s.Server)
			if address != "" && host != address {
				continue
			}
			met = true
			if err := check(s); err != nil {
				return fmt.Errorf("%s %s: %w (health %s, why %s)", s.Service, s.Server, err, s.Health, s.Why)
			}
		}
	}
	if !met {
		return fmt.Errorf("there is no server %s", address)
	}
	return nil
}

// weighs returns a check that a server has weight, or has none.
func weighs(wanted bool) func(*output.DirectedServerRow) error {
	return func(s *output.DirectedServerRow) error {
		if has := s.Weight != nil && *s.Weight > 0; has != wanted && !s.Fallback {
			return fmt.Errorf("it has weight: %v", has)
		}
		return nil
	}
}

// up waits until all servers have weight.
func (d *runningDirector) up(limit time.Duration) {
	d.t.Helper()
	d.until(limit, func(row *output.DirectorRow) error { return directedServers(row, "", weighs(true)) })
}

// masked waits until a server has no weight in any service.
func (d *runningDirector) masked(limit time.Duration, address string) {
	d.t.Helper()
	d.until(limit, func(row *output.DirectorRow) error { return directedServers(row, address, weighs(false)) })
}
