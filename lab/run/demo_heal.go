package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"lvs/lab"
)

// demoHealing is how long the director may take to see that a server died, or lives.
const demoHealing = 20 * time.Second

// heal hands the service to a director, and lets a server die and come back. stop ends the
// director.
func (d *demonstration) heal(service string) (stop func() error, err error) {
	dir, err := os.MkdirTemp("", "lvs-demo-")
	if err != nil {
		return nil, err
	}
	stop = func() error { return os.RemoveAll(dir) }
	file := filepath.Join(dir, "cluster.yaml")
	if err := os.WriteFile(file, []byte(d.clusterFile(service)), 0o600); err != nil {
		return stop, err
	}
	d.say("The same service in a file, with a check. A director adopts the table, and cuts nothing:")
	fmt.Fprintf(d.out, "$ cat cluster.yaml\n%s$ lvs director run -f cluster.yaml &\n", d.clusterFile(service))
	director, err := d.cluster.Director.Daemon(exec.Command(d.lvs, "director", "run", "-f", file))
	if err != nil {
		return stop, err
	}
	stop = func() error { return errors.Join(director.Stop(), os.RemoveAll(dir)) }
	victim := d.cluster.Servers[2] // the one with the smallest share
	err = d.healed(service, victim)
	if err != nil {
		err = fmt.Errorf("%w; the director said:\n%s", err, director.Output())
	}
	return stop, err
}

// clusterFile returns the cluster file of the demonstration's service.
func (d *demonstration) clusterFile(service string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `apiVersion: lvs/v1
kind: Cluster
services:
- name: web
  address: %s
  scheduler: wrr
  forward: nat
  check: {type: http, every: 1s, fastEvery: 200ms, fall: 2}
  servers:
`, service)
	for i, s := range d.cluster.Servers {
		fmt.Fprintf(&b, "  - {address: %s, weight: %d}\n", s.Addr4, 3-i)
	}
	b.WriteString("director: {sysctl: set}\n")
	return b.String()
}

// healed shows the director's state before, during and after the death of a server.
func (d *demonstration) healed(service string, victim *lab.Server) error {
	status := []string{"director", "status", "--columns", "service,server,health,weight,why,last"}
	address := victim.Addr4.String()
	for _, s := range d.cluster.Servers {
		if err := d.until(service, s.Addr4.String(), "up"); err != nil {
			return err
		}
	}
	if err := d.run(status); err != nil {
		return err
	}
	d.say("The web server of %s dies. The director finds out, and gives it no more connections:", address)
	died := time.Now()
	if err := victim.Stop(); err != nil {
		return err
	}
	if err := d.until(service, address, "down"); err != nil {
		return err
	}
	took := time.Since(died).Round(100 * time.Millisecond)
	d.wait()
	if err := d.run(status); err != nil {
		return err
	}
	d.say("That took %s. It is started again:", took)
	if err := victim.ServeHTTP(demoServed); err != nil {
		return err
	}
	if err := d.until(service, address, "up"); err != nil {
		return err
	}
	return d.run([]string{"director", "events"})
}

// until waits until the director's verdict on a server is as wanted.
func (d *demonstration) until(service, address, verdict string) error {
	const pause = 100 * time.Millisecond
	for deadline := time.Now().Add(demoHealing); ; time.Sleep(pause) {
		out, err := d.cluster.Director.Run(d.lvs, "director", "status", service, "-o", "csv", "--no-headers",
			"--columns", "server,health")
		if err == nil && strings.Contains(out, address+":80,"+verdict+"\n") {
			return nil
		}
		if d.ctx.Err() != nil {
			return d.ctx.Err()
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s is not %s after %s: %w: %s", address, verdict, demoHealing, err, out)
		}
	}
}
