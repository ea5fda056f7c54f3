package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"text/tabwriter"
	"time"

	"lvs/lab"
)

const (
	// faultsPart is the part that needs keepalived, ldirectord and nginx.
	faultsPart = "faults"
	// faultClusters is how many clusters fail at the same time. A guest has one processor.
	faultClusters = 4
	// faultLimit is how long masking, or returning, may take. keepalived asks once a minute.
	faultLimit = 4 * time.Minute
)

// faults measures how soon a failed server is out of use, and back, with the director and
// with the programs that it replaces.
func (b *benchmark) faults() error {
	b.title(fmt.Sprintf("A server of three fails; one client, %d requests a second", time.Second/lab.RequestEvery))
	out := tabwriter.NewWriter(b.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(out, "FAULT\tCHECKER\tMASKED AFTER\tREQUESTS LOST\tRETURNED AFTER\n")
	for _, checker := range []lab.Checker{
		lab.Director(b.lvs), lab.QuickKeepalived(), lab.QuickLdirectord(), lab.Keepalived(), lab.Ldirectord(),
	} {
		if err := b.faultsOf(checker, out); err != nil {
			return err
		}
		if err := out.Flush(); err != nil { // the next one takes minutes
			return err
		}
	}
	fmt.Fprintf(b.out, "\nOf several runs the median, and the worst in brackets. Lost are requests that began\n"+
		"after the fault and before the server was masked, and failed.\n")
	return nil
}

// faultsOf measures all faults with one checker, some at the same time.
func (b *benchmark) faultsOf(checker lab.Checker, out *tabwriter.Writer) error {
	faults := lab.Faults()
	outages, errs := make([][]*lab.Outage, len(faults)), make([]error, len(faults))
	slots := make(chan struct{}, faultClusters)
	var all sync.WaitGroup
	for i, f := range faults {
		all.Go(func() {
			for range b.runs {
				slots <- struct{}{}
				o, err := b.outage(checker, f)
				<-slots
				errs[i] = errors.Join(errs[i], err)
				if err == nil {
					outages[i] = append(outages[i], o)
				}
			}
		})
	}
	all.Wait()
	for i, f := range faults {
		if len(outages[i]) > 0 {
			fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\n", f.Name, checker.Name,
				middle(outages[i], "%.1f s", func(o *lab.Outage) float64 { return o.Masked.Seconds() }),
				middle(outages[i], "%.0f", func(o *lab.Outage) float64 { return float64(o.Lost) }),
				middle(outages[i], "%.1f s", func(o *lab.Outage) float64 { return o.Returned.Seconds() }))
		}
		for _, o := range outages[i] {
			if o.Later+o.Back+o.Wrong > 0 {
				errs[i] = errors.Join(errs[i], fmt.Errorf("%s: %s: %d requests failed while the server was masked, %d after "+
					"its return, %d healthy servers masked", checker.Name, f.Name, o.Later, o.Back, o.Wrong))
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		fmt.Fprintf(out, "%v\n", err) // the other checkers are still of interest
	}
	return b.ctx.Err()
}

// outage measures one fault in a cluster of its own.
func (b *benchmark) outage(checker lab.Checker, f lab.Fault) (o *lab.Outage, err error) {
	c, err := lab.StartCluster(lab.Options{Servers: 3, Forward: lab.Direct})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	faulty, closeWeb, err := c.ServeWeb()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, closeWeb()) }()
	dir := filepath.Join(b.dir, c.Director.NetNS)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	d, err := checker.Start(c, dir)
	if err != nil {
		return nil, err
	}
	o, err = c.Measure(f, faulty, faultLimit)
	if stopped := d.Stop(); stopped != nil {
		err = errors.Join(err, stopped)
	}
	if err != nil {
		err = fmt.Errorf("%s: %s: %w\n%s", checker.Name, f.Name, err, d.Output())
	}
	return o, err
}

// middle returns the median of a number, and the worst.
func middle(outages []*lab.Outage, format string, of func(*lab.Outage) float64) string {
	var all []float64
	for _, o := range outages {
		all = append(all, of(o))
	}
	slices.Sort(all)
	text := fmt.Sprintf(format, all[len(all)/2])
	if len(all) > 1 {
		text += fmt.Sprintf(" ("+format+")", all[len(all)-1])
	}
	return text
}
