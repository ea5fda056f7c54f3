package sim

import (
	"context"
	"net/netip"
	"time"

	"lvs/kernel"
)

// health is a machine that dies now and then, and the checker that takes it out
// and puts it back.
type health struct {
	next int64 // the step in which something happens
	down []taken
}

// taken is a server that the checker gave weight 0, and what it had.
type taken struct {
	service *service
	server  *server
	weight  int
}

func (h *health) step(w *world) {
	if w.step < h.next {
		return
	}
	if len(h.down) > 0 {
		for _, t := range h.down {
			if t.server.Weight == 0 { // nobody else has set it meanwhile
				w.weigh(t.service, t.server, t.weight)
			}
		}
		h.down = nil
		h.next = w.step + w.steps(150*time.Second, 5*time.Minute)
		return
	}
	machine := frail[w.rand.IntN(len(frail))]
	h.next = w.step + w.steps(35*time.Second, time.Minute)
	h.down = w.fail(machine)
	w.wheel.cut(w, machine)
}

// fail gives every server of a machine weight 0, but those that have it.
func (w *world) fail(machine netip.Addr) (down []taken) {
	for _, s := range w.services {
		for _, v := range s.pool {
			if v.Addr.Addr() == machine && v.Weight > 0 {
				down = append(down, taken{s, v, v.Weight})
				w.weigh(s, v, 0)
			}
		}
	}
	return down
}

// weigh sets a weight as a checker does: in the table. One that is refused,
// because the server is gone, stays as it is.
func (w *world) weigh(s *service, v *server, weight int) {
	to := v.Server
	to.Weight = weight
	err := w.table.Apply(context.Background(), []kernel.Change{{Op: kernel.EditServer, Service: s.set, Server: to}})
	if err == nil {
		v.Server = to
	}
}
