package commands

import (
	"context"
	"math"
	"slices"

	"github.com/spf13/cobra"

	"lvs/output"
	"lvs/plan/journal"
)

type history struct {
	app   *App
	limit string
	all   bool
}

func newHistory(a *App) *cobra.Command {
	o := &history{app: a}
	c := &cobra.Command{
		Use:   "history",
		Short: "Show what was changed, when and by whom",
		Long: `Show what lvs changed in this table, newest first: number, time, user, how many
services, servers and settings were added (+), edited (~) and deleted (-), the
outcome, and the command line. For the outcome refused, the numbers are what was asked
for. -o json has everything, with the settings before and after.

The outcome is done; partly, if the kernel refused some of it; refused, if nothing
was changed in the end; interrupted at N, the weight that lvs weight --over had reached;
undone-by-N; or unknown, if the command is still running, was killed or could not find
out. lvs undo undoes an entry. An entry with --job or, after apply --confirm-within, with
undo --yes was made automatically.

Every change that lvs makes is an entry. Changes by other programs are not recorded.
Changes by lvs under the name ipvsadm are recorded if LVS_JOURNAL=all is set in the
environment. The machine has one journal, in /var/lib/lvs, which root and the group of
that folder use. If there is no such folder, a user other than root has a journal in
~/.local/state/lvs (XDG_STATE_HOME). LVS_STATE_DIR replaces both. It keeps at least the
last 8 MiB of each table. If it cannot be written, lvs reports that and makes the change
anyway.
A table lasts until the next boot, or as long as its network namespace; --all also
shows changes to other tables.`,
		Example: `  lvs history
  lvs history --limit 0 -o json --jq '.items[] | select(.user == "root") | .command'
  lvs history --all --columns id,time,netns,command`,
		RunE:              o.run,
		ValidArgsFunction: nothing,
	}
	f := c.Flags()
	f.StringVar(&o.limit, "limit", "20", "show the newest `N` entries, or all with 0 (default 20)")
	f.BoolVar(&o.all, "all", false,
		"also show entries of other tables: of other namespaces, and from before the last boot")
	f.Lookup("limit").DefValue = "" // it is in the text
	complete(c, "limit", nothing)
	a.kernelFlags(c)
	a.showFlags(c, "HistoryList")
	a.quietFlag(c)
	complete(c, "columns", completeKeys(func() []string { return output.ColumnKeys("HistoryList") }))
	return c
}

func (o *history) run(c *cobra.Command, args []string) error {
	limit, err := parseNumber("--limit", o.limit, 0, math.MaxInt32)
	if err := both(noMore(args, "leave it out; -o json shows everything of every entry"), err); err != nil {
		return err
	}
	p, err := o.app.printer(output.Options{})
	if err != nil {
		return err
	}
	entries, table, err := o.app.entries(o.all)
	if err != nil {
		return err
	}
	slices.Reverse(entries)
	if n := len(entries); limit > 0 && n > int(limit) {
		entries = entries[:limit]
		o.app.note("%d of %d entries; --limit 0 shows all", limit, n)
	}
	for i := range entries {
		entries[i].Time = entries[i].Time.Local()
	}
	return p.History(entries, table)
}

// entries returns the journal's entries of the table of this command, or of all tables,
// and the table's name.
func (a *App) entries(ofAll bool) (list []journal.Entry, table string, err error) {
	if table, err = a.Identity(a.global.netns); err != nil {
		return nil, "", err
	}
	of := table
	if ofAll {
		of = ""
	}
	dir := a.state().Dir
	var read []journal.Entry // a disk that hangs must not share the result
	ctx := a.ctx
	if ctx == nil { // completion
		ctx = context.Background()
	}
	err = interruptible(ctx, func() (err error) {
		read, err = (&journal.Journal{Dir: dir}).Entries(of)
		return err
	})
	if err != nil {
		return nil, table, err
	}
	return read, table, nil
}
