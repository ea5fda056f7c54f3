package commands

import (
	"context"

	"github.com/spf13/cobra"

	"lvs/tui"
)

// topBatch is the dashboard for a file or a pipe.
type topBatch struct {
	on    bool
	count string
}

func (o *topBatch) register(c *cobra.Command) {
	f := c.Flags()
	f.BoolVarP(&o.on, "batch", "b", false, "write plain text, a block at the end of every interval, and take no keys")
	f.StringVarP(&o.count, "count", "n", "", "with --batch: end after `N` blocks (default: go on until interrupted)")
	complete(c, "count", words("1", "10"))
}

// parse gives the number of blocks; 0 goes on.
func (o *topBatch) parse() (int, error) {
	switch {
	case o.count == "":
		return 0, nil
	case !o.on:
		return 0, usagef("--count has no effect without --batch")
	}
	n, err := parseNumber("--count", o.count, 1, 1<<31-1)
	return int(n), err
}

func (o *top) writeBatches(ctx context.Context, options tui.Options, count int) error {
	a := o.app
	if options.ReadOnly != "" && !o.readOnly {
		a.note("without privilege: counters, rates and thresholds are not known (needs CAP_NET_ADMIN: sudo %s …)", a.Name)
	}
	return tui.Batch(ctx, options, tui.Batches{Count: count, Sleep: a.Sleep})
}
