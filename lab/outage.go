package lab

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Outage is what clients and the table saw of a fault of one server.
type Outage struct {
	Fault string
	// Masked is when the server was out of use, from the beginning of the fault on: without
	// weight or not in the table. Returned is when it had its weight again, from the end of
	// the fault on.
	Masked, Returned time.Duration
	// Sent are all requests. InFlight failed and began before the fault, Lost failed and
	// began before the server was masked, Later failed and began while it was masked, and
	// Back failed and began after it was mended.
	Sent, InFlight, Lost, Later, Back int
	// Wrong are servers that were masked though they worked.
	Wrong int
	// Errors are examples of what clients met.
	Errors []string
}

// RequestEvery is the pause between two requests of an outage's client.
const RequestEvery = 100 * time.Millisecond

// Measure makes a fault on the first server of a cluster, whose service on port 80 a
// checker keeps, and mends it when the server is masked. limit is how long masking and
// returning may take, each.
func (c *Cluster) Measure(f Fault, s *Faulty, limit time.Duration) (*Outage, error) {
	if err := c.settle(limit); err != nil {
		return nil, err
	}
	load := c.startRequests()
	defer load.end()
	o := &Outage{Fault: f.Name}
	time.Sleep(time.Second) // requests before the fault
	began := time.Now()
	if err := f.Make(s); err != nil {
		return nil, err
	}
	masked, err := c.until(limit, func(w map[string]int) bool { return w[at(s.Server)] == 0 })
	if err != nil {
		return nil, fmt.Errorf("%s: masking: %w", f.Name, err)
	}
	o.Masked = masked.Sub(began)
	time.Sleep(clientPatience + time.Second) // whoever met the server has given up by then
	weights, err := c.Weights()
	if err != nil {
		return nil, err
	}
	for _, other := range c.Servers {
		if other != s.Server && weights[at(other)] == 0 {
			o.Wrong++
		}
	}
	mended := time.Now()
	if err := f.Mend(s); err != nil {
		return nil, err
	}
	returned, err := c.until(limit, func(w map[string]int) bool { return w[at(s.Server)] > 0 })
	if err != nil {
		return nil, fmt.Errorf("%s: returning: %w", f.Name, err)
	}
	o.Returned = returned.Sub(mended)
	time.Sleep(2 * time.Second) // requests to the server that is back
	load.end()
	load.count(o, began, masked, mended)
	return o, nil
}

// settle waits until all servers have weight and answer.
func (c *Cluster) settle(limit time.Duration) error {
	_, err := c.until(limit, func(w map[string]int) bool {
		return !slices.ContainsFunc(c.Servers, func(s *Server) bool { return w[at(s)] == 0 })
	})
	for range 3 * len(c.Servers) {
		if err == nil {
			_, err = c.Clients[0].Get(c.url())
		}
	}
	return err
}

func (c *Cluster) url() string { return fmt.Sprintf("http://%s:80/", c.VIP4) }

// at returns the server's address and port as the kernel's table has them.
func at(s *Server) string { return netip.AddrPortFrom(s.Addr4, 80).String() }

// until reads the table until the weights are as they should be, and returns when.
func (c *Cluster) until(limit time.Duration, good func(map[string]int) bool) (time.Time, error) {
	const pause = 10 * time.Millisecond
	for deadline := time.Now().Add(limit); ; time.Sleep(pause) {
		weights, err := c.Weights()
		now := time.Now()
		if err != nil || good(weights) {
			return now, err
		}
		if now.After(deadline) {
			return now, fmt.Errorf("not within %s: %v", limit, weights)
		}
	}
}

// Weights returns the weights of all IPv4 servers in the director's table.
func (c *Cluster) Weights() (map[string]int, error) {
	text, err := c.Director.ReadProc("ip_vs")
	if err != nil {
		return nil, err
	}
	out := map[string]int{}
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 4 || f[0] != "->" || f[1] == "RemoteAddress:Port" {
			continue
		}
		where, err := hexAddrPort(f[1])
		if err != nil {
			return nil, err
		}
		if out[where.String()], err = strconv.Atoi(f[3]); err != nil {
			return nil, fmt.Errorf("%q: %w", line, err)
		}
	}
	return out, nil
}

// hexAddrPort reads 0A00000B:0050.
func hexAddrPort(text string) (netip.AddrPort, error) {
	addr, port, _ := strings.Cut(text, ":")
	a, err := strconv.ParseUint(addr, 16, 32)
	p, portErr := strconv.ParseUint(port, 16, 16)
	if err := errors.Join(err, portErr); err != nil {
		return netip.AddrPort{}, err
	}
	four := [4]byte{byte(a >> 24), byte(a >> 16), byte(a >> 8), byte(a)}
	return netip.AddrPortFrom(netip.AddrFrom4(four), uint16(p)), nil
}

// requests are what a client has asked, at a constant rate, whatever comes of it.
type requests struct {
	stop chan struct{}
	once sync.Once
	wait sync.WaitGroup
	mu   sync.Mutex
	all  []request
}

type request struct {
	began time.Time
	err   error
}

// startRequests asks the first client for pages of the service, each over a new
// connection.
func (c *Cluster) startRequests() *requests {
	r := &requests{stop: make(chan struct{})}
	r.wait.Go(func() {
		tick := time.NewTicker(RequestEvery)
		defer tick.Stop()
		for {
			select {
			case <-r.stop:
				return
			case <-tick.C:
				r.wait.Go(func() { r.ask(c.Clients[0], c.url()) })
			}
		}
	})
	return r
}

func (r *requests) ask(client *Node, url string) {
	began := time.Now()
	_, err := client.Get(url)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, request{began, err})
}

func (r *requests) end() {
	r.once.Do(func() { close(r.stop) })
	r.wait.Wait()
}

// count counts requests by when they began.
func (r *requests) count(o *Outage, fault, masked, mended time.Time) {
	o.Sent = len(r.all)
	for _, q := range r.all {
		switch {
		case q.err == nil:
			continue
		case q.began.Before(fault):
			o.InFlight++
		case q.began.Before(masked):
			o.Lost++
		case q.began.Before(mended):
			o.Later++
		default:
			o.Back++
		}
		text := fmt.Sprintf("%.1f s after the fault: %v", q.began.Sub(fault).Seconds(), q.err)
		if len(o.Errors) < 3 || q.began.After(masked) && !slices.Contains(o.Errors, text) {
			o.Errors = append(o.Errors, text)
		}
	}
}

// ServeWeb runs nginx on port 80 of every server, without a log. Faults are for the first.
// stop ends them.
func (c *Cluster) ServeWeb() (first *Faulty, stop func() error, err error) {
	var running []*Running
	stop = func() error {
		var errs []error
		for _, r := range running {
			errs = append(errs, r.Close())
		}
		return errors.Join(errs...)
	}
	for _, s := range c.Servers {
		r, err := StartProgram(&s.Namespace, Nginx("listen 80; access_log off; return 200 "+s.Name+";", 80))
		if err != nil {
			return nil, nil, errors.Join(err, stop())
		}
		running = append(running, r)
	}
	return &Faulty{Server: c.Servers[0], Web: running[0], Near: c.Director}, stop, nil
}
