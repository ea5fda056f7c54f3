package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"lvs/lab"
)

const (
	demoRate   = 100 * time.Millisecond // between two requests of a client
	demoPhase  = 3 * time.Second        // of traffic before the counters are shown
	demoServed = 80                     // the servers' port
)

// demo shows what lvs is for: a director in front of servers of different size,
// live HTTP traffic through it, a server that is taken out and put back, and one
// that dies. On a terminal it ends with the dashboard.
func demo(ctx context.Context, lvs string, args []string, out io.Writer) (err error) {
	c, err := lab.StartCluster(lab.Options{Clients: 2, Servers: 3, Forward: lab.NAT, Prefix: "demo"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	for _, s := range c.Servers {
		if err := s.ServeHTTP(demoServed); err != nil {
			return err
		}
	}
	d := &demonstration{ctx: ctx, lvs: lvs, out: out, cluster: c, vip: netip.AddrPortFrom(c.VIP4, 80).String()}
	d.say("Two clients, a director with the virtual address %s, three real servers of different size.", c.VIP4)
	leave, err := d.show()
	if err == nil && isTerminal(os.Stdin) && isTerminal(os.Stdout) {
		err = d.top()
	}
	return errors.Join(err, leave())
}

// demonstration is one run of demo.
type demonstration struct {
	ctx     context.Context
	lvs     string
	out     io.Writer
	cluster *lab.Cluster
	vip     string
	served  atomic.Int64 // requests
	again   atomic.Int64 // requests that were served at the second attempt
	failed  atomic.Int64 // requests
}

// show prints what an administrator types, and what lvs answers. leave ends the director
// that it has started.
func (d *demonstration) show() (leave func() error, err error) {
	leave = func() error { return nil }
	service := "tcp://" + d.vip
	server := func(i int) string { return d.cluster.Servers[i].Addr4.String() }
	d.say("A web service, and its servers with a weight for the share of each:")
	err = d.run([]string{"service", "add", service, "-s", "wrr"},
		[]string{"server", "add", service, server(0), "--nat", "-w", "3"},
		[]string{"server", "add", service, server(1), "--nat", "-w", "2"},
		[]string{"server", "add", service, server(2), "--nat", "-w", "1"})
	if err != nil {
		return leave, err
	}
	stop := d.traffic()
	defer stop()

	perSecond := int(time.Second/demoRate) * len(d.cluster.Clients)
	d.say("Live requests, %d per second. The kernel updates its counters every two seconds.", perSecond)
	d.wait()
	err = d.run([]string{"list", service}, []string{"stats", service},
		[]string{"connections", "--group-by", "server,state"})
	if err != nil {
		return leave, err
	}
	d.say("Before maintenance, the first server takes no new connections; no request fails:")
	if err := d.run([]string{"weight", service, server(0), "0", "-v"}); err != nil {
		return leave, err
	}
	d.wait()
	d.wait()
	if err := d.run([]string{"stats", service, "--rate"}, []string{"list", service}); err != nil {
		return leave, err
	}
	d.say("Back to its weight. Scripts read JSON:")
	err = d.run([]string{"weight", service, server(0), "3"},
		[]string{"list", service, "-o", "json", "--jq", `.items[].servers[] | "\(.id) weight \(.weight)"`},
		[]string{"save"})
	if err != nil {
		return leave, err
	}
	if leave, err = d.heal(service); err != nil {
		return leave, err
	}
	stop()
	d.say("%d requests succeeded, %d failed. Clients try once more if a connection is refused;\n"+
		"%d did, between the death of the server and the director's verdict.",
		d.served.Load(), d.failed.Load(), d.again.Load())
	if n := d.failed.Load(); n > 0 {
		return leave, fmt.Errorf("%d requests failed", n)
	}
	return leave, nil
}

// traffic makes every client send requests until stop is called.
func (d *demonstration) traffic() (stop func()) {
	ctx, cancel := context.WithCancel(d.ctx)
	var clients sync.WaitGroup
	for _, client := range d.cluster.Clients {
		clients.Go(func() {
			tick := time.NewTicker(demoRate)
			defer tick.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				}
				d.ask(client)
			}
		})
	}
	return func() {
		cancel()
		clients.Wait()
	}
}

// ask requests a page. If the connection is refused, it tries once more, as many programs do.
func (d *demonstration) ask(client *lab.Node) {
	_, err := client.Get("http://" + d.vip + "/")
	if errors.Is(err, syscall.ECONNREFUSED) {
		if _, err = client.Get("http://" + d.vip + "/"); err == nil {
			d.again.Add(1)
		}
	}
	if err != nil {
		d.failed.Add(1)
	} else {
		d.served.Add(1)
	}
}

// wait waits for a phase of traffic.
func (d *demonstration) wait() {
	select {
	case <-d.ctx.Done():
	case <-time.After(demoPhase):
	}
}

func (d *demonstration) say(format string, args ...any) {
	fmt.Fprintf(d.out, "\n# "+format+"\n", args...)
}

// run runs commands of lvs on the director. It prints them and what they print.
func (d *demonstration) run(commands ...[]string) error {
	for _, args := range commands {
		fmt.Fprintf(d.out, "$ lvs %s\n", quoted(args))
		err := d.cluster.Director.Do(func() error {
			cmd := exec.CommandContext(d.ctx, d.lvs, args...)
			cmd.Stdout, cmd.Stderr = d.out, d.out
			return cmd.Run()
		})
		if err != nil {
			return fmt.Errorf("lvs %s: %w", strings.Join(args, " "), err)
		}
	}
	return nil
}

// quoted returns arguments as they are typed in a shell.
func quoted(args []string) string {
	out := make([]string, len(args))
	for i, arg := range args {
		if strings.ContainsAny(arg, ` |"\`) {
			arg = "'" + arg + "'"
		}
		out[i] = arg
	}
	return strings.Join(out, " ")
}

// The second service of the dashboard: pages that take one to three seconds, and
// how many people read them.
const (
	demoSlowPort = 8080
	demoPeople   = 30
)

// top runs the dashboard on the cluster, with live traffic, until it is left.
func (d *demonstration) top() error {
	service := "tcp://" + netip.AddrPortFrom(d.cluster.VIP4, demoSlowPort).String()
	commands := [][]string{{"service", "add", service, "-s", "wlc"}}
	for i, s := range d.cluster.Servers {
		if err := s.Serve(demoSlowPort, demoPage(time.Duration(1+i)*time.Second)); err != nil {
			return err
		}
		weight := fmt.Sprint(30 - 10*i)
		commands = append(commands, []string{"server", "add", service, s.Addr4.String(), "--nat", "-w", weight})
	}
	d.say("A second service with slow pages, and the dashboard: d drains, U undoes, ? is help, q quits.")
	if err := d.run(commands...); err != nil {
		return err
	}
	d.wait() // so that the line above can be read
	stop := d.traffic()
	defer stop()
	leave := d.people(service)
	defer leave()
	return d.cluster.Director.Do(func() error {
		cmd := exec.CommandContext(d.ctx, d.lvs, "top")
		cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
		return cmd.Run()
	})
}

// demoPage returns a page that takes d.
func demoPage(d time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(d):
		case <-r.Context().Done():
		}
		fmt.Fprintln(w, "done")
	})
}

// people read slow pages, one after the other, until leave is called.
func (d *demonstration) people(service string) (leave func()) {
	done := make(chan struct{})
	var all sync.WaitGroup
	for i := range demoPeople {
		client := d.cluster.Clients[i%len(d.cluster.Clients)]
		all.Go(func() {
			for {
				select {
				case <-done:
					return
				case <-time.After(50 * time.Millisecond): // a pause, in case requests fail at once
				}
				_, _ = client.Get("http" + service[len("tcp"):] + "/")
			}
		})
	}
	return func() { close(done); all.Wait() }
}
