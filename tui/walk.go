package tui

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"lvs/kernel"
)

// scope selects connections: those of a service, of a server of a service, or of
// a real server in all its services. The zero value: all.
type scope struct {
	service kernel.ServiceID
	server  netip.AddrPort
	machine netip.Addr
	// servers are the servers of a service with a firewall mark, because the
	// connection table does not contain the mark.
	servers map[netip.AddrPort]bool
}

// holds reports whether a connection is in the scope.
func (s *scope) holds(c *kernel.Connection) bool {
	switch {
	case s.machine.IsValid():
		return c.Server.Addr() == s.machine
	case s.server.IsValid() && !sameServer(c.Server, s.server):
		return false
	case s.service.FWMark != 0:
		return s.server.IsValid() || s.servers[c.Server] || s.servers[netip.AddrPortFrom(c.Server.Addr(), 0)]
	case s.service.Addr.IsValid():
		return c.Protocol == s.service.Protocol && c.Virtual.Addr() == s.service.Addr &&
			(c.Virtual.Port() == s.service.Port || s.service.Port == 0)
	}
	return true
}

// sameServer reports whether two addresses are those of one server. A server with
// port 0 serves all ports.
func sameServer(got, want netip.AddrPort) bool {
	return got == want || want.Port() == 0 && got.Addr() == want.Addr()
}

// grouping is how connections are grouped.
type grouping struct {
	name string
	// bits4 and bits6 are the prefix lengths of client networks.
	bits4, bits6 int
	// of returns the address to group by. Nil: the network of the client.
	of func(*kernel.Connection) netip.AddrPort
}

// groupings are the groupings that the key b cycles through.
var groupings = []grouping{
	{name: "client network", bits4: 24, bits6: 64},
	{name: "client", bits4: 32, bits6: 128},
	{name: "large client network", bits4: 16, bits6: 48},
	{name: "server", of: func(c *kernel.Connection) netip.AddrPort { return c.Server }},
	{name: "virtual address", of: func(c *kernel.Connection) netip.AddrPort { return c.Virtual }},
}

// groupKey identifies a group: a network of clients, or an address with a port.
type groupKey struct {
	network netip.Prefix
	end     netip.AddrPort
}

func (g *grouping) key(c *kernel.Connection) groupKey {
	if g.of != nil {
		return groupKey{end: g.of(c)}
	}
	a := c.Client.Addr()
	bits := g.bits4
	if a.Is6() {
		bits = g.bits6
	}
	p, _ := a.Prefix(bits)
	return groupKey{network: p}
}

func (k groupKey) String() string {
	switch {
	case !k.network.IsValid():
		return k.end.String()
	case k.network.IsSingleIP():
		return k.network.Addr().String()
	}
	return k.network.String()
}

// connectionGroup is a group of connections. longestIdle and longLeft are the
// longest times without a packet and until an entry expires.
type connectionGroup struct {
	key                   groupKey
	name                  string
	all, open, templates  uint64
	longestIdle, longLeft time.Duration
}

// Limits of what one walk keeps, however large the table is.
const (
	maxGroups  = 20000
	maxEntries = 1000
)

// idleSteps are the upper limits of the classes of idle time.
var idleSteps = []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute}

// walked is the result of a walk: of reading the connection table once.
type walked struct {
	by             string // name of the grouping
	at             time.Time
	took           time.Duration
	read           uint64 // entries of the whole table
	all, templates uint64
	// templateLeft is the longest time until a template expires.
	templateLeft time.Duration
	states       map[string]uint64
	// idle counts the connections by idleSteps; its last number is for those above
	// all steps. It does not count states whose timeout is unknown.
	idle   []uint64
	groups []connectionGroup
	// others is the number of entries in groups beyond maxGroups.
	others  uint64
	entries []kernel.Connection
}

// walker reads the connection table.
type walker struct {
	open     func() (kernel.Kernel, error)
	now      func() time.Time
	scope    scope
	by       grouping
	only     *groupKey // if set: keep the entries of this group, and no groups
	timeouts kernel.Timeouts
}

// walk counts the connections. It opens a kernel for itself.
func (w *walker) walk(ctx context.Context) (*walked, error) {
	k, err := w.open()
	if err != nil {
		return nil, err
	}
	defer k.Close()
	start := w.now()
	out := &walked{by: w.by.name, at: start, states: map[string]uint64{}, idle: make([]uint64, len(idleSteps)+1)}
	at := map[groupKey]int{}
	for c, err := range k.Connections(ctx, kernel.WithEngine) {
		if err != nil {
			return nil, err
		}
		out.read++
		if !w.scope.holds(c) {
			continue
		}
		key := w.by.key(c)
		if w.only != nil {
			if key != *w.only {
				continue
			}
			if len(out.entries) < maxEntries {
				out.entries = append(out.entries, keep(c))
			}
		}
		idle, known := idleOf(c, w.timeouts)
		out.count(c, idle, known)
		if w.only == nil {
			out.group(at, key, c, idle)
		}
	}
	for i := range out.groups {
		out.groups[i].name = out.groups[i].key.String()
	}
	out.took = w.now().Sub(start)
	return out, ctx.Err()
}

// keep returns a copy, because the walk overwrites a connection with the next.
func keep(c *kernel.Connection) kernel.Connection {
	out := *c
	out.State, out.Engine, out.EngineData = strings.Clone(c.State), strings.Clone(c.Engine), strings.Clone(c.EngineData)
	return out
}

func (w *walked) count(c *kernel.Connection, idle time.Duration, known bool) {
	w.all++
	if c.Released() {
		return // it binds nobody
	}
	if c.Template() {
		w.templates++
		w.templateLeft = max(w.templateLeft, c.Expires)
		return
	}
	if _, ok := w.states[c.State]; ok {
		w.states[c.State]++
	} else {
		w.states[strings.Clone(c.State)] = 1
	}
	if known {
		i := 0
		for i < len(idleSteps) && idle >= idleSteps[i] {
			i++
		}
		w.idle[i]++
	}
}

func (w *walked) group(at map[groupKey]int, key groupKey, c *kernel.Connection, idle time.Duration) {
	i, ok := at[key]
	if !ok {
		if len(w.groups) == maxGroups {
			w.others++
			return
		}
		i = len(w.groups)
		at[key] = i
		w.groups = append(w.groups, connectionGroup{key: key})
	}
	g := &w.groups[i]
	g.all++
	switch {
	case c.Released():
	case c.Template():
		g.templates++
	case c.State == "ESTABLISHED" || c.State == "UDP":
		g.open++
	}
	g.longestIdle = max(g.longestIdle, idle)
	g.longLeft = max(g.longLeft, c.Expires)
}

// idleOf returns the time since the last packet: the timeout of the state minus the
// time until the entry expires, because the kernel does not report ages. False: the
// timeout is unknown.
func idleOf(c *kernel.Connection, t kernel.Timeouts) (time.Duration, bool) {
	var full time.Duration
	switch c.State {
	case "ESTABLISHED":
		full = t.TCP
	case "FIN_WAIT":
		full = t.TCPFin
	case "UDP":
		full = t.UDP
	}
	if full == 0 || c.Template() || c.Protocol == kernel.SCTP {
		return 0, false
	}
	return max(full-c.Expires, 0), true
}

// walks is the part of a screen that walks the connection table repeatedly.
type walks struct {
	ctx    context.Context
	cancel context.CancelFunc
	busy   bool
	began  time.Time
	took   time.Duration
}

// walkEvery is the shortest time between two walks. After a slow walk the pause is
// ten times its duration.
const walkEvery = 2 * time.Second

// walkMsg is the result of a walk for a screen.
type walkMsg struct {
	to  interface{ walked(*Model, *walked, error) }
	w   *walked
	err error
}

// start begins a walk outside the event loop, unless one is running or the last one
// is too recent. With now, it does not wait.
func (s *walks) start(m *Model, to interface{ walked(*Model, *walked, error) }, w walker, now bool) tea.Cmd {
	if s.busy || !now && m.now().Sub(s.began) < max(walkEvery, 10*s.took) {
		return nil
	}
	if s.ctx == nil {
		s.ctx, s.cancel = context.WithCancel(m.ctx)
	}
	s.busy, s.began = true, m.now()
	w.open, w.now = m.o.Open, m.o.Now
	if m.sample != nil {
		w.timeouts = m.sample.slow.timeouts
	}
	ctx := s.ctx
	return func() tea.Msg {
		found, err := w.walk(ctx)
		return walkMsg{to, found, err}
	}
}

// leave cancels a walk when its screen is closed.
func (s *walks) leave() {
	if s.cancel != nil {
		s.cancel()
		s.ctx = nil
	}
}

// ended handles the end of a walk. False: the walk was cancelled.
func (s *walks) ended(w *walked, err error) bool {
	s.busy = false
	if w != nil {
		s.took = w.took
	}
	return !errors.Is(err, context.Canceled)
}
