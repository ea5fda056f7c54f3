package sim

import (
	"net/netip"
	"time"

	"lvs/kernel"
)

// state is the state of a connection. A connection passes through them in this
// order.
type state uint8

const (
	synRecv state = iota
	established
	finWait
	timeWait
	closed
	udp
	bound // a persistence template
)

var stateNames = []string{"SYN_RECV", "ESTABLISHED", "FIN_WAIT", "TIME_WAIT", "CLOSE", "UDP", "NONE"}

// The timeouts of states that have no setting (ip_vs_proto_tcp.c).
const (
	timeWaitTime = 2 * time.Minute
	closeTime    = 10 * time.Second
	synTime      = time.Minute
)

// connection is an entry of the table.
type connection struct {
	client  netip.AddrPort
	service *service
	server  *server
	by      *template // the template that bound it, or that it is
	state   state
	born    int64 // steps
	due     int64 // when it changes its state or is removed
	pause   int64 // steps between two packets
	moves   flow  // in a second, while established
	// idleLimit is the timeout of the established connection.
	idleLimit time.Duration
}

// template binds a client to a server as long as it has connections, and then until
// it expires.
type template struct {
	server *server
	until  int64
	holds  int
}

// open adds a connection, unless no server accepts it.
func (w *world) open(s *service) {
	c := connection{client: w.client(s), service: s, born: w.step}
	for w.wheel.has(&c) { // the client has no other connection from this port
		c.client = netip.AddrPortFrom(c.client.Addr(), c.client.Port()+1)
	}
	if !w.place(&c) {
		return
	}
	seen := c.server.Forward.RepliesPassDirector()
	c.server.total.Connections++
	if s.Protocol == kernel.UDP {
		c.state, c.due = udp, w.step+int64(w.timeouts.UDP/stepTime)
		c.server.inactive++
		f := flow{in: 1, out: 1, bytesIn: 60 + int64(w.rand.IntN(40)), bytesOut: 120 + int64(w.rand.IntN(300))}
		c.server.countPackets(f, seen)
	} else {
		c.state, c.due = synRecv, w.step+1
		c.server.active++
		c.moves, c.idleLimit = w.volume(s, seen), w.timeouts.TCP
		c.pause = 1 + int64(w.rand.IntN(12*int(stepsPerSecond)))
		c.server.countPackets(flow{in: 3, out: 1, bytesIn: 180, bytesOut: 60}, seen)
	}
	w.wheel.add(c)
}

// place sets the server of a connection: the one to which the client is bound, even
// if its weight is 0, or the scheduler's choice. It reports whether there is one.
func (w *world) place(c *connection) bool {
	s := c.service
	if s.set.Persistence == 0 {
		c.server = w.choose(s)
		return c.server != nil
	}
	t := s.templates[c.client.Addr()]
	if t == nil {
		v := w.choose(s)
		if v == nil {
			return false
		}
		t = &template{server: v}
		s.templates[c.client.Addr()] = t
		v.persistent++
		w.wheel.add(connection{
			client: netip.AddrPortFrom(c.client.Addr(), 0), service: s, server: v, by: t, state: bound,
			due: w.step + int64(s.set.Persistence/stepTime),
		})
	}
	t.until = w.step + int64(s.set.Persistence/stepTime)
	t.holds++
	c.by, c.server = t, t.server
	return true
}

// next puts a connection into its next state when it is due. It reports whether the
// connection stays in the table.
func (w *world) next(c *connection) bool {
	v := c.server
	switch c.state {
	case synRecv:
		c.state, c.due = established, w.step+w.life(c)
		v.moves.add(c.moves, 1)
	case established:
		v.moves.add(c.moves, -1)
		v.active--
		v.inactive++
		c.state, c.due = finWait, w.step+int64(w.timeouts.TCPFin/stepTime)
		if v.Forward.RepliesPassDirector() { // the director sees the server's FIN too
			c.due = w.step + w.steps(0, time.Second)
		}
	case finWait:
		if !v.Forward.RepliesPassDirector() {
			return c.remove()
		}
		c.state, c.due = timeWait, w.step+int64(timeWaitTime/stepTime)
	case bound:
		if c.by.until <= w.step && c.by.holds == 0 {
			v.persistent--
			delete(c.service.templates, c.client.Addr())
			return false
		}
		c.due = max(c.by.until, w.step+stepsPerSecond)
	default:
		return c.remove()
	}
	return true
}

// remove removes a connection from the counts. It returns false for next.
func (c *connection) remove() bool {
	c.server.inactive--
	if c.by != nil {
		c.by.holds--
	}
	return false
}

// cut closes a connection that is established or about to be.
func (c *connection) cut(step int64) {
	if c.state == established {
		c.server.moves.add(c.moves, -1)
	}
	c.server.active--
	c.server.inactive++
	c.state, c.due = closed, step+int64(closeTime/stepTime)
}

// life returns how long a connection stays established, in steps.
func (w *world) life(c *connection) int64 {
	at := w.rand.IntN(100)
	for _, l := range c.service.lives {
		if at -= l.share; at < 0 {
			steps := w.steps(l.from, l.to)
			if c.server.at.Addr() == slow {
				steps *= int64(slowness)
			}
			return steps
		}
	}
	return 1
}
