package main

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"sync/atomic"
	"time"

	"lvs/director/health"
)

// runChecks runs the director's engine of health checks alone, until it is asked to end: KIND
// PROBES EVERY ADDRESS. The address is that of the first server, and the others follow it. At the
// end it prints how many questions were asked, were late and lacked something here, and how
// many results were bad.
func runChecks(ctx context.Context, _ string, args []string, out io.Writer) error {
	if len(args) != 4 {
		return usagef("", "want KIND PROBES EVERY ADDRESS")
	}
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	every, err := time.ParseDuration(args[2])
	if err != nil {
		return err
	}
	first, err := netip.ParseAddrPort(args[3])
	if err != nil {
		return err
	}
	var bad atomic.Int64
	e := health.NewEngine(health.Options{Report: func(r health.Report) {
		if r.State.Last.Outcome != health.Pass {
			bad.Add(1)
		}
	}})
	e.Set(manyProbes(health.Kind(args[0]), n, every, first), nil)
	if err := e.Run(ctx); err != nil {
		return err
	}
	done, late, local := e.Stats()
	_, err = fmt.Fprintln(out, done, late, local, bad.Load())
	return err
}

// manyProbes returns probes of one kind for addresses in a row.
func manyProbes(kind health.Kind, n int, every time.Duration, first netip.AddrPort) []health.Probe {
	probes := make([]health.Probe, n)
	addr := first.Addr()
	for i := range probes {
		p := &probes[i]
		p.Kind, p.Every, p.Addr = kind, every, netip.AddrPortFrom(addr, first.Port())
		addr = addr.Next()
	}
	return probes
}
