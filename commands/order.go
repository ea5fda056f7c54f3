package commands

import (
	"fmt"
	"math"
	"net/netip"
	"slices"

	"lvs/kernel"
	"lvs/output"
	"lvs/plan"
	"lvs/schedule"
)

// stayingOrders returns the services whose servers stay in another order than wanted
// although that would send clients to other servers.
func stayingOrders(before *kernel.Snapshot, want []plan.Service, changes []kernel.Change) []output.Order {
	var out []output.Order
	all := plan.Orders(before, want, changes)
	for i := range all {
		o := &all[i]
		r := reordered(o)
		if !r.Moves {
			continue
		}
		row := output.Order{Service: o.Service.ServiceID, Scheduler: o.Service.Scheduler, Share: -1,
			Have: placesOf(o.Have), Wanted: placesOf(o.Want)}
		if r.Known {
			row.Share = r.Share
		}
		out = append(out, row)
	}
	return out
}

// reordered returns what the wanted order would change.
func reordered(o *plan.Order) schedule.Reorder {
	n := len(o.Have)
	servers, place := make([]schedule.Server, n), map[netip.AddrPort]int{}
	for i := range o.Have { // the kernel lists the last added first
		at := n - 1 - i
		servers[at] = schedule.Server{Weight: o.Have[i].Weight}
		place[o.Have[i].Addr] = at
	}
	other := make([]int, n)
	for i := range o.Want {
		other[n-1-i] = place[o.Want[i].Addr]
	}
	return schedule.Reordered(o.Service.Scheduler, servers, other)
}

func placesOf(servers []kernel.Server) []netip.AddrPort {
	out := make([]netip.AddrPort, len(servers))
	for i := range servers {
		out[i] = servers[i].Addr
	}
	return out
}

// noteOrders prints the services whose servers stay in another order than that of the
// source, a file or a text, and has them in the JSON.
func (a *App) noteOrders(orders []output.Order, source string) {
	a.orders = orders
	for i := range orders {
		if i == mostListed {
			a.note("… and %s with servers in another order than the %s", plural(len(orders)-i, "other service"), source)
			break
		}
		o := &orders[i]
		a.note("%v: the servers stay in another order than in the %s; with %s, the order of the %s would send %s "+
			"to other servers", o.Service, source, o.Scheduler, source, shareText(o))
	}
	if len(orders) > 0 {
		id, show, again := orders[0].Service, "export", "apply the file"
		if source != "file" {
			show, again = "save", "restore the text"
		}
		a.say("hint: %[1]s %[5]s %[2]v shows the present order, to use in the %[3]s; to use that of the %[3]s, run "+
			"%[1]s service delete %[2]v and %[4]s again", a.here(), id, source, again, show)
	}
}

// shareText returns how many clients another order moves.
func shareText(o *output.Order) string {
	switch {
	case slices.Contains([]string{"fo", "ovf"}, o.Scheduler):
		return "all new connections"
	case o.Share < 0:
		return "some clients"
	case o.Scheduler == "dh":
		return fmt.Sprintf("the clients of %s of all addresses", percent(o.Share))
	}
	return percent(o.Share) + " of the clients"
}

// percent returns a share that is not zero as a whole number, at least 1 %.
func percent(share float64) string { return fmt.Sprintf("%.0f %%", max(1, math.Round(share*100))) }
