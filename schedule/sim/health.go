package sim

import (
	"context"
	"net/netip"
	"time"

	"lvs/kernel"
)

// health makes a machine fail from time to time, and does what a health checker does:
// it sets the weight 0 and later the weight as it was.
type health struct {
	next int64 // the step of the next failure or recovery
	down []failed
}

// failed is a server whose weight the checker set to 0.
type failed struct {
	service *service
	server  *server
	weight  int // before the failure
}

func (h *health) step(w *world) {
	if w.step < h.next {
		return
	}
	if len(h.down) > 0 {
		for _, t := range h.down {
			if t.server.Weight == 0 { // not changed meanwhile
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

// fail sets the weight of every server of a machine to 0.
func (w *world) fail(machine netip.Addr) (down []failed) {
	for _, s := range w.services {
		for _, v := range s.pool {
			if v.Addr.Addr() == machine && v.Weight > 0 {
				down = append(down, failed{s, v, v.Weight})
				w.weigh(s, v, 0)
			}
		}
	}
	return down
}

// weigh sets a weight in the table, as a checker does. If the change is refused,
// because the server was deleted, the weight stays.
func (w *world) weigh(s *service, v *server, weight int) {
	to := v.Server
	to.Weight = weight
	err := w.table.Apply(context.Background(), []kernel.Change{{Op: kernel.EditServer, Service: s.set, Server: to}})
	if err == nil {
		v.Server = to
	}
}
