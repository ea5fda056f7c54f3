package director

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
)

// Reach answers whether this machine itself can reach its servers, as far as that can be
// seen from here: its interfaces, routes and gateways. It is asked when many servers fail at
// once. Its methods may be called by several goroutines at once.
type Reach struct {
	net Network

	mu sync.Mutex
	// known has the interface that leads to each server while all is well. When an interface
	// is switched off, its routes are gone, and a default route, if there is one, seems to
	// lead to its servers.
	known map[netip.Addr]string
}

// NewReach returns a Reach that knows no server yet.
func NewReach(n Network) *Reach { return &Reach{net: n, known: map[netip.Addr]string{}} }

// Learn keeps how the servers are reached now, and forgets other servers. It is called now
// and then, so that a later Reach has something to compare with. A way over an interface
// that is broken is kept: a way beside it leads elsewhere.
func (r *Reach) Learn(servers []netip.Addr) {
	r.mu.Lock()
	before := r.known
	r.mu.Unlock()
	known := make(map[netip.Addr]string, len(servers))
	for _, a := range servers {
		if _, done := known[a]; done {
			continue
		}
		name := before[a]
		if w, err := r.net.Way(a); err == nil && (name == "" || name == w.Interface || r.broken(name) == "") {
			name = w.Interface
		}
		if name != "" {
			known[a] = name
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known = known
}

// Reach reports whether nothing on this machine explains that these servers do not answer.
// ok is false if the way to more than half of them is broken here, or if a default gateway
// does not answer; why says what is broken. What cannot be read is taken to be well.
func (r *Reach) Reach(ctx context.Context, servers []netip.Addr) (ok bool, why string) {
	servers = slices.Clone(servers)
	slices.SortFunc(servers, netip.Addr.Compare)
	servers = slices.Compact(servers)
	broken := 0
	for _, a := range servers {
		if ctx.Err() != nil {
			return true, ""
		}
		if fault := r.fault(a); fault != "" {
			if broken++; why == "" {
				why = fault
			}
		}
	}
	if broken*2 > len(servers) {
		return false, why
	}
	ways, err := r.net.DefaultWays()
	if err != nil {
		return true, ""
	}
	for i := range ways {
		if ways[i].Lost {
			return false, lost(&ways[i])
		}
	}
	return true, ""
}

// fault returns what is broken on the way to a server, as far as the servers are not
// themselves the cause. It is empty if nothing is.
func (r *Reach) fault(server netip.Addr) string {
	r.mu.Lock()
	name := r.known[server]
	r.mu.Unlock()
	w, err := r.net.Way(server)
	switch {
	case errors.Is(err, ErrNoWay) && name == "":
		return fmt.Sprintf("there is no route to %s", server)
	case err != nil && name == "":
		return ""
	case name == "":
		name = w.Interface
	}
	if broken := r.broken(name); broken != "" {
		return broken
	}
	switch {
	case errors.Is(err, ErrNoWay):
		return fmt.Sprintf("there is no route to %s any more", server)
	case err == nil && w.Lost:
		return lost(&w)
	}
	return ""
}

// broken returns what is wrong with a network interface. It is empty if nothing is.
func (r *Reach) broken(name string) string {
	link, err := r.net.Link(name)
	switch {
	case errors.Is(err, ErrNoLink):
		return fmt.Sprintf("the network interface %s is gone", name)
	case err == nil && !link.Up:
		return fmt.Sprintf("the network interface %s is down", name)
	case err == nil && !link.Carrier:
		return fmt.Sprintf("the network interface %s has no carrier", name)
	}
	return ""
}

func lost(w *Way) string {
	return fmt.Sprintf("the gateway %s on %s does not answer", w.Gateway, w.Interface)
}
