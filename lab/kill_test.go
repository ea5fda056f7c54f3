package lab_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"lvs/lab"
)

// TestApplyKilled kills apply 200 times on its way between two tables that have little in
// common: at random moments of the whole run, or soon after the journal has the start of
// the changes. The next apply must repair the table.
func TestApplyKilled(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	c := lab.NewCluster(t, lab.Options{Servers: 1})
	dir, state := t.TempDir(), t.TempDir()
	program := filepath.Join(links(t, "lvs"), "lvs")
	files := []string{filepath.Join(dir, "a.json"), filepath.Join(dir, "b.json")}
	for i, name := range files {
		if err := os.WriteFile(name, []byte(killedFile(i)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	start := func(file string) *exec.Cmd {
		cmd := exec.Command(program, "apply", "--prune", "--yes", "-q", "-f", file, "--netns", c.Director.NetNS)
		cmd.Env = append(os.Environ(), "LVS_STATE_DIR="+state)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	begun := time.Now()
	if err := start(files[0]).Wait(); err != nil {
		t.Fatal(err)
	}
	whole := time.Since(begun) // the time of a run that is not killed
	r := rand.New(rand.NewPCG(1, 1))
	killed, partly, i := 0, 0, 0
	for ; killed < 200; i++ {
		if i == 1000 {
			t.Fatalf("%d of %d killed: the moments are badly chosen", killed, i)
		}
		file := files[(i+1)%2]
		moment := time.Duration(r.Int64N(int64(whole)))
		written := journalSize(state)
		cmd := start(file)
		if r.IntN(2) == 0 {
			for limit := time.Now().Add(10 * time.Second); time.Now().Before(limit); {
				if journalSize(state) != written {
					break
				}
				time.Sleep(100 * time.Microsecond)
			}
			moment /= 8
		}
		time.Sleep(moment) // the moment of the kill is what is tested
		cmd.Process.Kill()
		err := cmd.Wait()
		if err == nil || !cmd.ProcessState.Sys().(syscall.WaitStatus).Signaled() {
			whole -= whole / 20 // too late
			continue
		}
		killed++
		if differs(t, c.Director, file) && differs(t, c.Director, files[i%2]) {
			partly++
		}
		lvs(t, c.Director, 0, "apply", "--prune", "--yes", "-q", "-f", file)
		if differs(t, c.Director, file) {
			t.Fatalf("apply after kill %d did not repair the table", killed)
		}
	}
	t.Logf("killed 200 of %d, %d with the table half-way", i, partly)
	if partly == 0 {
		t.Error("none left the table half-way")
	}
}

// size returns the size of a file, or 0 if there is none.
func size(name string) int64 {
	info, err := os.Stat(name)
	if err != nil {
		return 0
	}
	return info.Size()
}

// differs reports whether lvs diff finds a difference.
func differs(t *testing.T, n *lab.Node, file string) bool {
	t.Helper()
	status, _, errs := run(t, n, "diff", "--prune", "-f", file)
	if status > 1 {
		t.Fatalf("lvs diff: exit status %d: %s", status, errs)
	}
	return status == 1
}

// killedFile returns one of two cluster files with many services and servers. Half of
// them are in both files, with different weights.
func killedFile(which int) string {
	var services []string
	for i := range 100 {
		var servers []string
		for j := range 10 {
			servers = append(servers, fmt.Sprintf(`{"address": "10.0.0.%d", "weight": %d}`, 11+j+5*which, 1+which+j))
		}
		services = append(services, fmt.Sprintf(`{"address": "tcp://192.0.2.10:%d", "scheduler": "%s", "servers": [%s]}`,
			1000+i+50*which, []string{"rr", "wlc"}[which], strings.Join(servers, ", ")))
	}
	return `{"apiVersion": "lvs/v1", "kind": "Cluster", "services": [` + strings.Join(services, ",\n") + "]}\n"
}

// journalSize returns the size of the journal in a state folder.
func journalSize(state string) (total int64) {
	files, _ := filepath.Glob(filepath.Join(state, "journal-*.jsonl"))
	for _, name := range files {
		total += size(name)
	}
	return total
}
