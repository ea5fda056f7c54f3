package sim

import (
	"encoding/binary"
	"net/netip"
	"time"

	"lvs/kernel"
)

// wheel holds all connections by the step in which their state changes, so that a
// step touches only those. A connection that is due after more than one turn of the
// wheel is put back when its slot comes.
type wheel struct {
	slots [1 << 13][]connection
	spare [][]connection // emptied slots, to be reused
	ends  map[end]struct{}
}

// end identifies a connection.
type end struct {
	client  netip.AddrPort
	service *service
}

// has reports whether there is a connection of the same client to the same service.
func (h *wheel) has(c *connection) bool {
	_, there := h.ends[end{c.client, c.service}]
	return there
}

func (h *wheel) slot(step int64) *[]connection { return &h.slots[step%int64(len(h.slots))] }

func (h *wheel) add(c connection) {
	slot := h.slot(c.due)
	if last := len(h.spare) - 1; *slot == nil && last >= 0 {
		*slot, h.spare = h.spare[last], h.spare[:last]
	}
	*slot = append(*slot, c)
	if h.ends == nil {
		h.ends = map[end]struct{}{}
	}
	h.ends[end{c.client, c.service}] = struct{}{}
}

// turn changes the state of every connection that is due in the world's step.
func (h *wheel) turn(w *world) {
	slot := h.slot(w.step)
	due := *slot
	*slot = nil
	for i := range due {
		if c := due[i]; c.due > w.step || w.next(&c) {
			h.add(c)
		} else {
			delete(h.ends, end{c.client, c.service})
		}
	}
	if due != nil {
		h.spare = append(h.spare, due[:0])
	}
}

// cut closes the connections of a machine that failed.
func (h *wheel) cut(w *world, machine netip.Addr) {
	var ended []connection
	for i, slot := range h.slots {
		kept := slot[:0]
		for _, c := range slot {
			if c.server.at.Addr() == machine && c.state <= established {
				c.cut(w.step)
				ended = append(ended, c)
			} else {
				kept = append(kept, c)
			}
		}
		h.slots[i] = kept
	}
	for _, c := range ended {
		h.add(c)
	}
}

// list returns a copy of the connections, the next to change first.
func (w *world) list() []connection {
	n := 0
	for _, slot := range w.wheel.slots {
		n += len(slot)
	}
	out := make([]connection, 0, n)
	for i := range int64(len(w.wheel.slots)) {
		out = append(out, *w.wheel.slot(w.step + 1 + i)...)
	}
	return out
}

// entry returns a connection as the kernel lists it.
func (c *connection) entry(step int64) kernel.Connection {
	s := c.service
	e := kernel.Connection{
		Protocol: s.Protocol, Client: c.client, Virtual: s.AddrPort(), Server: c.server.at,
		State: stateNames[c.state], Expires: c.expires(step), Origin: "LOCAL",
	}
	switch {
	case s.FWMark != 0 && c.state == bound: // the mark is in place of the address
		var mark [4]byte
		binary.BigEndian.PutUint32(mark[:], s.FWMark)
		e.Virtual = netip.AddrPortFrom(netip.AddrFrom4(mark), 0)
	case s.FWMark != 0:
		e.Protocol, e.Virtual = kernel.TCP, s.at
		e.Server = netip.AddrPortFrom(e.Server.Addr(), s.at.Port())
	}
	return e
}

// expires returns the time left, in whole seconds. Each packet of an established
// connection restarts its timeout.
func (c *connection) expires(step int64) time.Duration {
	left := time.Duration(c.due-step) * stepTime
	switch c.state {
	case synRecv:
		left = synTime
	case established:
		left = c.idleLimit - time.Duration((step-c.born)%c.pause)*stepTime
	}
	return max(left, 0).Truncate(time.Second)
}
