package commands

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lvs/kernel"
)

type drain struct {
	app *App
	machineSelector
	wait, delete, expire bool
	hold                 string
	holdFor              time.Duration
	// only are the services that were named.
	only []kernel.ServiceID
	// before are the weights that are remembered.
	before map[kernel.ServerKey]int
}

func (a *App) newDrain() *cobra.Command {
	o := &drain{app: a}
	c := &cobra.Command{
		Use:   "drain SERVER…",
		Short: "Let a server's connections end and give it no new ones",
		Long: `Gives a server the weight 0 in every service that has it: connections go on, new
ones go elsewhere. SERVER is an address, for every port of it, or ADDR:PORT. The
weights before are remembered: lvs undrain restores them. What was drained before
keeps the weight remembered first.

With --wait it waits until nothing is left: no active connection, no client bound
by persistence, and for UDP, which has no ends, and firewall marks, which may
carry it, no packet for 5 seconds. It stays drained when --timeout passes or it is
interrupted.

A client that persistence binds to a server comes back to it even at the weight 0,
unless the sysctl net.ipv4.vs.expire_quiescent_template is set. --expire-templates
sets it, for all services of the table; it stays set.

With --for a process waits to undrain it, whether or not the shell stays. (A system
that ends all of a user's processes at logout ends that one too: KillUserProcesses
of systemd-logind.) lvs undrain calls it off.

Where a service would be left without a server that takes new connections, it
asks; without a terminal it needs --yes.`,
		Example: `  lvs drain 10.0.0.11
  lvs drain 10.0.0.11 --wait --timeout 10m
  lvs drain 10.0.0.11:80 --service tcp://192.0.2.10:80 --wait --delete
  lvs drain 10.0.0.11 --for 30m
  lvs drain 10.0.0.11 --wait -o jsonl`,
		RunE:              o.run,
		ValidArgsFunction: a.completeMachine,
	}
	o.machineSelector.register(a, c)
	f := c.Flags()
	f.BoolVar(&o.wait, "wait", false, "wait until nothing is left, or until --timeout")
	f.BoolVar(&o.delete, "delete", false, "delete it from the services when nothing is left; waits for that")
	f.BoolVar(&o.expire, "expire-templates", false, "set net.ipv4.vs.expire_quiescent_template, for all services: clients bound by persistence go elsewhere")
	f.StringVar(&o.hold, "for", "", "undrain it by itself after `DURATION`, such as 30m, even when the shell has gone (default: it stays drained)")
	a.changeFlags(c)
	a.askFlags(c)
	return c
}

func (o *drain) run(c *cobra.Command, args []string) error {
	var bad faults
	names, ids, err := o.parse(args)
	bad.add(err)
	if o.hold != "" {
		o.holdFor, err = parseHold(o.hold)
		bad.add(err)
	}
	if o.delete && o.hold != "" {
		bad.add(usagef("--delete and --for exclude one another: what is deleted cannot come back"))
	}
	if err := bad.err(); err != nil {
		return err
	}
	ctx := c.Context()
	o.only = ids
	found, snap, err := o.app.members(ctx, names, ids)
	if err != nil {
		return err
	}
	if what := emptied(snap, found, names); what != "" {
		if err := o.app.confirm(ctx, what); err != nil {
			return err
		}
	}
	w, err := o.app.watchDrain(ctx)
	if err != nil {
		return err
	}
	if err := o.mindTemplates(ctx, w, found); err != nil {
		return err
	}
	steps := weightSteps(found, 0)
	if o.app.global.dryRun {
		if len(steps) == 0 {
			return o.app.nothingChanges("the weight is 0 already")
		}
		return o.app.apply(ctx, steps)
	}
	if err := o.quiesce(ctx, found, steps); err != nil {
		return err
	}
	return o.follow(ctx, w, found)
}

// parseHold reads the time of --for.
func parseHold(s string) (time.Duration, error) {
	d, err := parseDuration(s)
	if err != nil || d <= 0 {
		return 0, usagef("--for %q: it is a time such as 90s, 30m or 2h", s)
	}
	return d, nil
}

// emptied names the services that would be left without a server that takes new
// connections, and have one now. None is the empty text.
func emptied(snap *kernel.Snapshot, found []member, names []machine) string {
	leaving := map[kernel.ServerKey]bool{}
	for i := range found {
		leaving[kernel.ServerKey{Service: found[i].service.ServiceID, Server: found[i].Addr}] = true
	}
	var list []string
	for i := range snap.Services {
		s := &snap.Services[i]
		had, left := false, false
		for _, srv := range s.Servers {
			if srv.Weight > 0 {
				had = true
				left = left || !leaving[kernel.ServerKey{Service: s.ServiceID, Server: srv.Addr}]
			}
		}
		if had && !left {
			list = append(list, s.ServiceID.String())
		}
	}
	if len(list) == 0 {
		return ""
	}
	return fmt.Sprintf("drain %s and leave %s without a server that takes new connections", textOf(names), enumerate(list))
}

func textOf(names []machine) string {
	list := make([]string, len(names))
	for i := range names {
		list[i] = names[i].text
	}
	return enumerate(list)
}

// enumerate joins a few words, and counts the rest.
func enumerate(list []string) string {
	const most = 5
	if len(list) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
	}
	return strings.Join(list, ", ")
}

// mindTemplates tells what persistence will do, or sees to it that it does not.
func (o *drain) mindTemplates(ctx context.Context, w *drainWatch, found []member) error {
	a := o.app
	if o.expire && !w.expire {
		a.note("%s net.ipv4.vs.%s to 1, for all services of the table; it stays so", a.sets(), expireTemplates)
		if !a.global.dryRun {
			k, err := a.kernel()
			if err != nil {
				return err
			}
			if err := k.SetSysctl(ctx, expireTemplates, "1"); err != nil {
				return err
			}
		}
		w.expire = true
	}
	for i := range found {
		if m := &found[i]; m.service.Persistence > 0 && m.Persistent > 0 && !w.expire {
			a.note("net.ipv4.vs.%s is 0: clients bound by persistence keep coming to %v, in %v %d of them",
				expireTemplates, m.Addr, m.service.ServiceID, m.Persistent)
			a.say("hint: %s --expire-templates sets it, for all services of the table", o.command("drain", found))
			break
		}
	}
	return nil
}

func (a *App) sets() string {
	if a.global.dryRun {
		return "would set"
	}
	return "sets"
}

// say is a line of note without the program's name.
func (a *App) say(format string, args ...any) {
	if !a.global.quiet {
		fmt.Fprintln(a.Err, oneLine(fmt.Sprintf(format, args...)))
	}
}

// weightSteps gives the servers a weight, those that have another.
func weightSteps(found []member, weight int) []step {
	var steps []step
	for i := range found {
		before := &found[i].Server
		if before.Weight == weight {
			continue
		}
		after := *before
		after.Weight = weight
		steps = append(steps, step{
			Change:       kernel.Change{Op: kernel.EditServer, Service: kernel.Service{ServiceID: found[i].service.ServiceID}, Server: after},
			serverBefore: before,
		})
	}
	return steps
}
