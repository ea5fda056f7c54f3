package commands

import (
	"slices"

	"lvs/kernel"
	"lvs/output"
)

// drainReport prints rows: at the end, and in jsonl each time that one is new.
type drainReport struct {
	app     *App
	printer *output.Printer
	told    map[kernel.ServerKey]output.Drain
}

// stream prints what is new where that is wanted.
func (r *drainReport) stream(rows []output.Drain) error {
	if r.app.global.output != "jsonl" || !r.app.reports() {
		return nil
	}
	if r.told == nil {
		r.told = map[kernel.ServerKey]output.Drain{}
	}
	var fresh []output.Drain
	for _, row := range drainsByAddress(rows) {
		at := kernel.ServerKey{Service: row.Service, Server: row.Server}
		if r.told[at] != row {
			r.told[at] = row
			fresh = append(fresh, row)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	return r.printer.Drains(fresh)
}

// last prints where all ended.
func (r *drainReport) last(rows []output.Drain) error {
	switch {
	case !r.app.reports():
		return nil
	case r.app.global.output == "jsonl":
		return r.stream(rows)
	}
	return r.printer.Drains(drainsByAddress(rows))
}

// drainsByAddress puts the servers of each service into the order of their addresses.
// The kernel has the last one first.
func drainsByAddress(rows []output.Drain) []output.Drain {
	out := slices.Clone(rows)
	for rest := out; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].Service == rest[0].Service {
			n++
		}
		slices.SortFunc(rest[:n], func(a, b output.Drain) int { return a.Server.Compare(b.Server) })
		rest = rest[n:]
	}
	return out
}
