package main

import (
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"sync"
	"time"
)

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
