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

// scope is which connections are meant: those to a service, to a server of it,
// to a machine, or all.
type scope struct {
	service kernel.ServiceID
	server  netip.AddrPort
	machine netip.Addr
	// servers stand for a service that is a firewall mark: the connection table
	// does not tell marks.
	servers map[netip.AddrPort]bool
}

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

// sameServer minds that a server on port 0 takes every port.
func sameServer(got, want netip.AddrPort) bool {
	return got == want || want.Port() == 0 && got.Addr() == want.Addr()
}

// grouping is what connections are counted by.
type grouping struct {
	name, title string
	// bits4 and bits6 cut a client's address; -1 takes no client.
	bits4, bits6 int
	of           func(*kernel.Connection) netip.AddrPort
}

var groupings = []grouping{
	{name: "client network", title: "CLIENTS OF", bits4: 24, bits6: 64},
	{name: "client", title: "CLIENT", bits4: 32, bits6: 128},
	{name: "large client network", title: "CLIENTS OF", bits4: 16, bits6: 48},
	{name: "server", title: "SERVER", of: func(c *kernel.Connection) netip.AddrPort { return c.Server }},
	{name: "virtual address", title: "VIRTUAL", of: func(c *kernel.Connection) netip.AddrPort { return c.Virtual }},
}

// groupKey is a network of clients, or an address with a port.
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

// connectionGroup is what connections with one key have in common.
type connectionGroup struct {
	key                   groupKey
	name                  string
	all, open, templates  uint64
	longestIdle, longLeft time.Duration
}

// What one walk may keep, however large the table is.
const (
	maxGroups  = 20000
	maxEntries = 1000
)

// idleSteps are the bounds of the counts by idle time.
var idleSteps = []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute}

// walked is what one walk through the connection table found.
type walked struct {
	by             string // the name of the grouping
	at             time.Time
	took           time.Duration
	read           uint64 // entries of the whole table
	all, templates uint64
	// expire is net.ipv4.vs.expire_quiescent_template: templates of a server of
	// weight 0 are ignored.
	expire bool
	// templateLeft is the longest time that a template has left.
	templateLeft time.Duration
	states       map[string]uint64
	// idle counts by idleSteps, the last one what is above them. Of states whose
	// timeout is not known nothing is counted.
	idle   []uint64
	groups []connectionGroup
	// others are entries of groups that were too many to keep.
	others  uint64
	entries []kernel.Connection
}

// walker walks.
type walker struct {
	open     func() (kernel.Kernel, error)
	now      func() time.Time
	scope    scope
	by       grouping
	only     *groupKey // entries of this group are kept, not groups
	settings bool      // look at the settings that decide about templates
	timeouts kernel.Timeouts
}

// walk counts the connections. It holds a kernel of its own while it lasts.
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
	if w.settings {
		settings, _ := k.Sysctls(ctx)
		for _, s := range settings {
			out.expire = out.expire || s.Name == "expire_quiescent_template" && s.Value != "0"
		}
	}
	out.took = w.now().Sub(start)
	return out, ctx.Err()
}

// keep copies what the walk would overwrite.
func keep(c *kernel.Connection) kernel.Connection {
	out := *c
	out.State, out.Engine, out.EngineData = strings.Clone(c.State), strings.Clone(c.Engine), strings.Clone(c.EngineData)
	return out
}

func (w *walked) count(c *kernel.Connection, idle time.Duration, known bool) {
	w.all++
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
	case c.Template():
		g.templates++
	case c.State == "ESTABLISHED" || c.State == "UDP":
		g.open++
	}
	g.longestIdle = max(g.longestIdle, idle)
	g.longLeft = max(g.longLeft, c.Expires)
}

// idleOf tells how long no packet has come: what is missing of the state's
// timeout. The kernel tells of no age.
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

// walks is what a screen needs to walk the connection table now and then.
type walks struct {
	ctx    context.Context
	cancel context.CancelFunc
	busy   bool
	began  time.Time
	took   time.Duration
}

// walkEvery is the least time between two walks. One that is slow leaves ten
// times as long alone.
const walkEvery = 2 * time.Second

// walkMsg is what came of a walk for a screen.
type walkMsg struct {
	to  interface{ walked(*Model, *walked, error) }
	w   *walked
	err error
}

// start walks beside the loop, if it is time.
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

// leave ends a walk that nobody waits for any more.
func (s *walks) leave() {
	if s.cancel != nil {
		s.cancel()
		s.ctx = nil
	}
}

// ended takes the result of a walk; false is one that was broken off.
func (s *walks) ended(w *walked, err error) bool {
	s.busy = false
	if w != nil {
		s.took = w.took
	}
	return !errors.Is(err, context.Canceled)
}
