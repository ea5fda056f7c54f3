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
	"time"

	"lvs/lab"
)

const (
	demoRate   = 100 * time.Millisecond // between two requests of a client
	demoPhase  = 3 * time.Second        // of traffic before a look at the counters
	demoServed = 80                     // the servers' port
)

// demo shows lvs doing its main job: a director in front of uneven servers,
// live HTTP traffic through it, a server taken out and put back meanwhile. On a
// terminal it ends with the dashboard.
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
	d.say("Two clients, a director with the virtual address %s, three uneven real servers.", c.VIP4)
	if err := d.show(); err != nil || !isTerminal(os.Stdin) || !isTerminal(os.Stdout) {
		return err
	}
	return d.top()
}

// demonstration is one run of it.
type demonstration struct {
	ctx     context.Context
	lvs     string
	out     io.Writer
	cluster *lab.Cluster
	vip     string
	served  atomic.Int64
	failed  atomic.Int64
}

func (d *demonstration) show() error {
	service := "tcp://" + d.vip
	server := func(i int) string { return d.cluster.Servers[i].Addr4.String() }
	d.say("A web service, and its servers with the share each can bear:")
	err := d.run([]string{"service", "add", service, "-s", "wrr"},
		[]string{"server", "add", service, server(0), "--nat", "-w", "3"},
		[]string{"server", "add", service, server(1), "--nat", "-w", "2"},
		[]string{"server", "add", service, server(2), "--nat", "-w", "1"})
	if err != nil {
		return err
	}
	stop := d.traffic()
	defer stop()

	d.say("Live requests now, %d a second. The kernel adds its counters up every two seconds.", int(time.Second/demoRate)*len(d.cluster.Clients))
	d.wait()
	if err := d.run([]string{"list", service}, []string{"stats", service}, []string{"connections", "--group-by", "server,state"}); err != nil {
		return err
	}
	d.say("The first server takes no new connections, as before its maintenance; nobody notices:")
	if err := d.run([]string{"weight", service, server(0), "0", "-v"}); err != nil {
		return err
	}
	d.wait()
	d.wait()
	if err := d.run([]string{"stats", service, "--rate"}, []string{"list", service}); err != nil {
		return err
	}
	d.say("And back. Scripts read JSON:")
	err = d.run([]string{"weight", service, server(0), "3"},
		[]string{"list", service, "-o", "json", "--jq", `.items[].servers[] | "\(.id) weight \(.weight)"`},
		[]string{"save"})
	if err != nil {
		return err
	}
	stop()
	d.say("%d requests were answered, %d failed.", d.served.Load(), d.failed.Load())
	if n := d.failed.Load(); n > 0 {
		return fmt.Errorf("%d requests failed", n)
	}
	return nil
}

// traffic lets every client ask again and again, until the returned function
// is called.
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
				if _, err := client.Get("http://" + d.vip + "/"); err != nil {
					d.failed.Add(1)
				} else {
					d.served.Add(1)
				}
			}
		})
	}
	return func() {
		cancel()
		clients.Wait()
	}
}

// wait lets the traffic go on for a while.
func (d *demonstration) wait() {
	select {
	case <-d.ctx.Done():
	case <-time.After(demoPhase):
	}
}

func (d *demonstration) say(format string, args ...any) {
	fmt.Fprintf(d.out, "\n# "+format+"\n", args...)
}

// run shows commands and what they print.
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

// quoted writes arguments as a shell would want them.
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

// What the dashboard shows of the demonstration, besides its web service: pages
// that take their time, from one to four seconds, asked for by so many people.
const (
	demoSlowPort = 8080
	demoPeople   = 30
)

// top opens the dashboard on the cluster, with live traffic, for whoever sits
// before it.
func (d *demonstration) top() error {
	service := "tcp://" + netip.AddrPortFrom(d.cluster.VIP4, demoSlowPort).String()
	commands := [][]string{{"service", "add", service, "-s", "wlc"}}
	for i, s := range d.cluster.Servers {
		if err := s.Serve(demoSlowPort, demoPage(time.Duration(1+i)*time.Second)); err != nil {
			return err
		}
		commands = append(commands, []string{"server", "add", service, s.Addr4.String(), "--nat", "-w", fmt.Sprint(30 - 10*i)})
	}
	d.say("A second service, whose pages take long, and the dashboard over it all: d drains, U takes back, ? helps, q ends.")
	if err := d.run(commands...); err != nil {
		return err
	}
	d.wait() // until that was read
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

// demoPage is a page that takes so long.
func demoPage(d time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(d):
		case <-r.Context().Done():
		}
		fmt.Fprintln(w, "at last")
	})
}

// people ask for slow pages, one after the other, until leave is called.
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
				case <-time.After(50 * time.Millisecond): // also when nobody answers
				}
				_, _ = client.Get("http" + service[len("tcp"):] + "/")
			}
		})
	}
	return func() { close(done); all.Wait() }
}
