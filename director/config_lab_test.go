package director

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"lvs/cluster"
	"lvs/lab"
)

// TestFileOfRunningDirector runs a director on a file with most of its keys for checks: a
// quorum by weight, tiers, a weight by exit status, a degraded server, a server that a file
// takes out.
func TestFileOfRunningDirector(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	c := lab.NewCluster(t, lab.Options{Servers: 4})
	serveAll(t, c)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "weigh"), []byte("#!/bin/sh\nexit 5\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := cluster.Read(filepath.Join(dir, "cluster.yaml"), fmt.Sprintf(`apiVersion: lvs/v1
kind: Cluster
checks:
  plain: {type: http, every: 300ms, status: [200-499]}
services:
- address: tcp://%v:80
  forward: nat
  check: [plain, {type: redis, every: 300ms, degrade: 50%%}] # it is no redis
  servers:
  - {address: %v, weight: 20, check: [plain, {type: file, every: 300ms, file: out/1}]}
  - {address: %v, weight: 10, check: {type: exec, every: 300ms, command: [./weigh], dynamic: true}}
  - {address: %v, weight: 10}
  - {address: %v, weight: 7, tier: 1, check: plain}
  minHealthy: {down: 60%%, up: 80%%, of: weight}
director: {netns: %q, start: trusted}
`, c.VIP4, c.Servers[0].Addr4, c.Servers[1].Addr4, c.Servers[2].Addr4, c.Servers[3].Addr4, c.Director.Path()))
	if err != nil {
		t.Fatal(err)
	}
	w, err := cluster.Resolve(f)
	if err != nil {
		t.Fatal(err)
	}
	m, err := NewModel(w, w.Paths())
	if err != nil {
		t.Fatal(err)
	}
	d := startDirector(t, c.Director, m)
	d.until(t, "20, 5 - 2, half of 10, and none in reserve", weights(20, 3, 5, 0))
	if err := os.Mkdir(filepath.Join(dir, "out"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "out", "1"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	d.until(t, "in maintenance, and the reserve in use", weights(0, 3, 5, 7))
	if err := os.Remove(filepath.Join(dir, "out", "1")); err != nil {
		t.Fatal(err)
	}
	d.until(t, "as in the beginning", weights(20, 3, 5, 0))
}
