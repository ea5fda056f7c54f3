package output

import (
	"net/netip"

	"lvs/kernel"
)

// Order is a service whose servers stay in another order than wanted, although its
// scheduler goes by the order. Both lists are in the order of adding.
type Order struct {
	Service      kernel.ServiceID
	Scheduler    string
	Have, Wanted []netip.AddrPort
	// Share is the share of the clients that would get another server in the wanted
	// order, -1 if it is unknown.
	Share float64
}

// OrderRow is a service whose servers stay in another order than wanted.
type OrderRow struct {
	Service   string   `json:"service" doc:"The service's id."`
	Scheduler string   `json:"scheduler" doc:"The scheduler, which goes by the order."`
	Current   []string `json:"current" doc:"The servers in the order of adding, which is the opposite of the kernel's."`
	Wanted    []string `json:"wanted" doc:"The same servers in the order of the file or text."`
	Share     *float64 `json:"share" doc:"The share of clients, 0 to 1, that the wanted order would move, or null."`
}

// Orders adds services to the next ChangeList: their servers stay in their order.
func (p *Printer) Orders(orders []Order) {
	p.orders = make([]OrderRow, len(orders))
	texts := func(list []netip.AddrPort) []string {
		out := make([]string, len(list))
		for i := range list {
			out[i] = list[i].String()
		}
		return out
	}
	for i := range orders {
		o := &orders[i]
		row := OrderRow{o.Service.String(), o.Scheduler, texts(o.Have), texts(o.Wanted), nil}
		if o.Share >= 0 {
			row.Share = &o.Share
		}
		p.orders[i] = row
	}
}
