package commands

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lvs/doctor"
	"lvs/kernel"
	"lvs/operate"
	"lvs/operate/state"
	"lvs/output"
	"lvs/plan"
	"lvs/plan/journal"
)

// state returns the state folder. It may not exist yet.
func (a *App) state() state.Folder { return state.Folder{Dir: state.Default(a.Env), Context: a.ctx} }

// operator returns the operator that carries out this command's changes. All of them
// are one journal entry.
func (a *App) operator() (*operate.Operator, error) {
	k, err := a.kernel()
	if err != nil {
		return nil, err
	}
	return a.operatorOf(k), nil
}

// operatorOf returns the operator for a kernel that is open.
func (a *App) operatorOf(k kernel.Kernel) *operate.Operator {
	if a.op == nil {
		folder := a.state()
		a.op = &operate.Operator{
			Netns: a.global.netns, State: folder, Describe: a.describe, Now: a.Now, Sleep: a.sleepApart, Tell: a.tell,
			Reason: a.global.reason,
			Start: func(j *state.HeldJob, done *os.File) error {
				args, files := []string{"later", j.ID, "--ready"}, []*os.File{j.File}
				if done != nil {
					args, files = append(args, "--after"), append(files, done)
				}
				return a.Detach(args, files, folder)
			},
		}
		if a.Identity != nil {
			a.op.Journal = &journal.Journal{Dir: folder.Dir}
			if a.detached {
				a.op.Journal.Source = journal.Job
			}
			a.op.Table, a.op.NoTable = a.Identity(a.global.netns)
		}
		a.op.Kernel = k
		a.restoreBroken(a.op)
	}
	a.op.Kernel = k
	return a.op
}

// describe returns the journal entry of this command, without its changes.
func (a *App) describe() journal.Entry {
	e := journal.Entry{Command: shellLine(a.Name, a.args), Undoes: a.undoes, Reason: a.global.reason,
		SudoUser: a.Env("SUDO_USER")}
	e.User, e.UID = currentUser()
	return e
}

// currentUser returns the user that runs the program. If the name is unknown, it is
// the number.
func currentUser() (name string, uid int) {
	uid = os.Getuid()
	return userName(uid), uid
}

// sent reports whether a change may have reached the kernel.
func (a *App) sent() bool { return a.op != nil && a.op.Sent }

// tell prints what happens while changes are carried out.
func (a *App) tell(e operate.Event) {
	switch e := e.(type) {
	case operate.Unrecorded:
		a.unrecorded = e.Err // the first line is for the change itself
	case operate.SetAside:
		a.note("%v: the file was renamed to %s, and the weights in it are forgotten", e.UnreadableError,
			filepath.Base(e.SetAside))
	case operate.Unremembered:
		a.note("cannot remember the weights in %s: %v", a.state().Dir, e.Err)
		for i := range e.Servers {
			if m := &e.Servers[i]; m.Weight > 0 {
				a.say("hint: %s weight %v %v %d undrains it", a.here(), m.Service.ServiceID, m.Addr, m.Weight)
			}
		}
	case operate.NotForgotten:
		a.note("cannot update the remembered weights: %s", a.stateText(e.Err))
		if hint := a.stateHint(e.Err); hint != "" {
			a.say("hint: %s", hint)
		}
	case operate.CalledOff:
		a.note("canceled: the automatic undrain at %s", e.At.Local().Format(time.TimeOnly))
	case operate.Progress:
		if e.Total >= longWork {
			a.live().show(func() string { return fmt.Sprintf("%d of %d changes", e.Done, e.Total) })
		}
	case operate.Deleting:
		a.warnDropped(&e.Cost, "")
	case operate.DrainProgress:
		a.showDraining(e.Servers)
	case operate.WaitEnded:
		a.tellCut(e)
	case operate.LeftAlone:
		a.note("the table was changed by someone else meanwhile; not done: %s", countSteps(&e.Steps, true))
	case operate.Quiesced:
		advice := "run it again"
		if a.op.EntryID() != 0 {
			advice = a.advice()
		}
		a.note("servers to delete have the weight 0 but are not deleted yet: %s", advice)
	case operate.Unprivileged:
		a.note("without privilege, clients bound by persistence are not seen (needs CAP_NET_ADMIN: sudo %s …)", a.Name)
	}
}

// carry carries out the steps from one table to another and returns why they failed.
// where returns the place in a file that a step comes from; it may be nil.
func (a *App) carry(ctx context.Context, all *operate.Carry, before *plan.Table, steps plan.Steps, where placer) error {
	if err := a.refuseOwned(ctx, servicesOfChanges(steps.Changes)); err != nil {
		return err
	}
	err := all.Run(ctx, before, steps)
	a.endLine()
	if failure := (*plan.Failure)(nil); errors.As(err, &failure) {
		return a.undone(failure, where)
	}
	return err
}

// quote prints a diagnosis; nil is none.
func (a *App) quote(d *doctor.Diagnosis) {
	if d == nil {
		return
	}
	a.note("%s: %s", d.What, d.Why)
	a.say("hint: %s", a.inNamespace(d.Fix))
}

// inNamespace returns a fix for the network namespace on the command line: a sysctl of
// IPVS belongs to one.
func (a *App) inNamespace(fix string) string {
	netns := a.global.netns
	if netns == "" || !strings.HasPrefix(fix, "sysctl ") {
		return fix
	}
	enter := shellLine("ip", []string{"netns", "exec", netns})
	if pid, ok := strings.CutPrefix(netns, "pid:"); ok {
		enter = shellLine("nsenter", []string{"-n", "-t", pid})
	} else if strings.Contains(netns, "/") {
		enter = shellLine("nsenter", []string{"--net=" + netns})
	}
	return enter + " " + fix
}

// tellCut prints which servers still had connections when the time had passed.
func (a *App) tellCut(e operate.WaitEnded) {
	const most = 5
	for i := range e.Cut {
		if i == most {
			a.note("… and %s", plural(len(e.Cut)-i, "other server"))
			return
		}
		d := &e.Cut[i]
		a.note("cut after %s: %v %v had %s", output.Duration(e.After), d.Service, d.Server, reasonText(d))
	}
}
