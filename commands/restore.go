package commands

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"lvs/cluster"
	"lvs/commands/ipvsadm"
	"lvs/kernel"
	"lvs/output"
)

type restore struct {
	app              *App
	file             string
	merge, keepGoing bool
}

func (a *App) newRestore() *cobra.Command {
	o := &restore{app: a}
	c := &cobra.Command{
		Use:   "restore",
		Short: "Make the table equal to a saved one",
		Long: `Reads what lvs save or ipvsadm-save wrote, all of it before anything is changed,
and changes the table where it differs. What is the same stays as it is with its
connections, new servers come before old ones go, and services that the text does
not have are deleted (--merge leaves them alone).

A faulty text changes nothing; every faulty line is told. If the kernel refuses a
line everything is undone, unless --keep-going leaves out what it refuses.

Where something would be deleted it asks first; without a terminal it needs --yes.`,
		Example: `  ipvsadm-save -n | lvs restore --dry-run
  ssh other lvs save | lvs restore --merge
  lvs restore --netns director --yes -f /var/lib/lvs/director.save`,
		RunE:              o.run,
		ValidArgsFunction: nothing,
	}
	f := c.Flags()
	f.StringVarP(&o.file, "file", "f", "", "read `FILE`, or standard input for - (default: standard input)")
	f.BoolVar(&o.merge, "merge", false, "leave services alone that the text does not have")
	f.BoolVar(&o.keepGoing, "keep-going", false, "leave out what the kernel refuses, instead of undoing everything")
	a.changeFlags(c)
	a.askFlags(c)
	numericFlag(c)
	return c
}

func (o *restore) run(c *cobra.Command, args []string) error {
	if err := noMore(args); err != nil {
		return err
	}
	ctx := c.Context()
	text, err := o.read(ctx)
	if err != nil {
		return err
	}
	k, err := o.app.kernel()
	if err != nil {
		return err
	}
	before, err := k.Snapshot(ctx)
	if err != nil {
		return err
	}
	plan := cluster.Plan(before, wanted(text), cluster.PlanOptions{Prune: !o.merge})
	if len(plan) == 0 {
		return o.app.nothingChanges("the table is as in the text")
	}
	if what := deletions(before, plan); what != "" {
		if err := o.app.confirm(ctx, what); err != nil {
			return err
		}
	}
	return o.apply(ctx, k, before, plan, text)
}

// read reads the whole text and tells all its faults. An interrupt ends it at
// once, even where no text comes.
func (o *restore) read(ctx context.Context) ([]ipvsadm.Service, error) {
	in, err := o.app.openInput(o.file)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	type result struct {
		services []ipvsadm.Service
		err      error
	}
	done := make(chan result, 1)
	go func() {
		services, err := ipvsadm.ReadSave(in, ipvsadm.SystemNames(ctx))
		done <- result{services, err}
	}()
	select {
	case r := <-done:
		return r.services, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func wanted(text []ipvsadm.Service) []cluster.Service {
	out := make([]cluster.Service, len(text))
	for i, s := range text {
		servers := make([]kernel.Server, len(s.Servers))
		for j := range s.Servers {
			servers[j] = s.Servers[j].Server
		}
		out[i] = cluster.Service{Service: s.Service, Servers: servers}
	}
	return out
}

// deletions says what a plan deletes and cuts. Nothing is the empty text.
func deletions(before *kernel.Snapshot, plan []kernel.Change) string {
	var services, servers tally
	entries := entriesOf(before)
	for i := range plan {
		e := entries[plan[i].Service.ServiceID]
		switch plan[i].Op {
		case kernel.DeleteService:
			services.add(*e)
		case kernel.DeleteServer:
			servers.addServer(*findServer(e, plan[i].Server.Addr))
		}
	}
	var what []string
	if services.services > 0 {
		what = append(what, fmt.Sprintf("delete %s %s", plural(services.services, "service"), services.servers()))
	}
	if servers.members > 0 {
		what = append(what, fmt.Sprintf("delete %s of services that stay, %s", plural(servers.members, "server"), servers.cuts()))
	}
	return strings.Join(what, ", and ")
}

func entriesOf(s *kernel.Snapshot) map[kernel.ServiceID]*kernel.ServiceEntry {
	out := make(map[kernel.ServiceID]*kernel.ServiceEntry, len(s.Services))
	for i := range s.Services {
		out[s.Services[i].ServiceID] = &s.Services[i]
	}
	return out
}

// apply carries the plan out and reports it.
func (o *restore) apply(ctx context.Context, k kernel.Kernel, before *kernel.Snapshot, plan []kernel.Change, text []ipvsadm.Service) error {
	a := o.app
	p, err := a.printer(output.Options{})
	if err != nil {
		return err
	}
	show := func(refused kernel.Refusals) error {
		rows := planRows(before, plan, a.global.dryRun)
		for _, r := range refused {
			rows[r.Index].Err = r.Err
		}
		return p.Changes(rows)
	}
	if a.global.dryRun {
		return show(nil)
	}
	progress, end := a.progress("changes", len(plan))
	_, err = cluster.Apply(ctx, k, before, plan, cluster.ApplyOptions{KeepGoing: o.keepGoing, Progress: progress})
	end()
	if failure := (*cluster.Failure)(nil); errors.As(err, &failure) {
		return a.undone(failure, text)
	}
	refused, _ := err.(kernel.Refusals)
	if a.reports() {
		if err := show(refused); err != nil && len(refused) == 0 {
			return err
		}
	}
	if len(refused) == 0 {
		return nil
	}
	return append(refusedLines(refused, text, exitPartly), &fault{status: exitPartly,
		err: fmt.Errorf("partly applied: %d of %d changes were made", len(plan)-len(refused), len(plan))})
}

// planRows shows changes with what they replace.
func planRows(before *kernel.Snapshot, plan []kernel.Change, dryRun bool) []output.Change {
	entries := entriesOf(before)
	rows := make([]output.Change, len(plan))
	for i := range plan {
		s := step{Change: plan[i]}
		if e := entries[s.Service.ServiceID]; e != nil {
			if !s.Op.OnServer() {
				s.serviceBefore = &e.Service
			} else if old := findServer(e, s.Server.Addr); old != nil {
				s.serverBefore = &old.Server
			}
		}
		rows[i] = s.row()
		rows[i].DryRun = dryRun
	}
	return rows
}
