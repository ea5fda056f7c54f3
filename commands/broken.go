package commands

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"lvs/operate"
	"lvs/operate/state"
)

// tellsBroken reports whether a verb prints which promises are not kept: those that show
// the table or what was done, and those that people use to change weights and files.
func tellsBroken(c *cobra.Command) bool {
	return slices.Contains([]string{
		"list", "show", "history", "confirm", "undrain", "drain", "weight", "apply", "undo",
	}, c.Name()) || !c.HasParent() // lvs without a verb
}

// tellBroken prints what --for and --confirm-within promised for this table and what
// nobody does any more: the background process was killed, or the machine was restarted.
// A restart is printed once, because the table is gone, too.
func (a *App) tellBroken(ctx context.Context) {
	if a.global.quiet || a.detached || a.Identity == nil {
		return
	}
	// A disk that does not answer must not delay a verb that only shows the table.
	ctx, cancel := context.WithTimeout(ctx, time.Second/2)
	defer cancel()
	folder := a.state()
	folder.Context = ctx
	broken := folder.Broken()
	if len(broken) == 0 {
		return
	}
	table, err := a.Identity(a.global.netns)
	if err != nil {
		return // the verb reports it
	}
	for i := range broken {
		j := &broken[i]
		switch {
		case !state.SameBoot(j.Table, table):
			if folder.CallOff(j.ID) { // one command prints it
				a.note("%s did not happen: the machine was restarted before", a.promise(j))
			}
		case j.Table == table:
			a.tellDead(folder, j)
		}
	}
}

// tellDead prints that the process is gone that waited for a job of this table.
func (a *App) tellDead(folder state.Folder, j *state.Job) {
	hint := ""
	switch {
	case j.Kind == operate.UndrainJob:
		weights, err := folder.Restores(j.Table, j.ID)
		if err == nil && len(weights) == 0 {
			folder.CallOff(j.ID) // there is nothing left to restore
			return
		}
		hint = fmt.Sprintf("%s undrain --job %s restores %s", a.here(), j.ID, plural(len(weights), "weight"))
		if len(weights) == 1 {
			hint = fmt.Sprintf("%s undrain %s --service %s", a.here(), weights[0].Server, weights[0].Service)
		}
	case j.Kind == operate.ConfirmJob && len(j.Args) > 1:
		hint = fmt.Sprintf("%[1]s undo %[2]s undoes the change, %[1]s confirm keeps it", a.here(), j.Args[1])
	}
	will := "will not happen"
	if !j.At.IsZero() && j.At.Before(a.Now()) {
		will = "did not happen"
	}
	a.note("%s %s: its background process was ended", a.promise(j), will)
	if hint != "" {
		a.say("hint: %s", hint)
	}
}

// promise returns what a job was to do, when, and which command of whom promised it.
func (a *App) promise(j *state.Job) string {
	text := "the automatic " + j.Kind
	switch j.Kind {
	case operate.ConfirmJob:
		text = "the automatic undo"
	case operate.UndrainJob:
		text = "the automatic undrain"
	}
	if !j.At.IsZero() {
		text += " at " + whenShown(j.At, a.Now())
	}
	if j.Command == "" {
		return text
	}
	if j.User != "" {
		return text + " (" + j.User + ": " + j.Command + ")"
	}
	return text + " (" + j.Command + ")"
}

// whenShown returns a time of day, with its date if it is not today.
func whenShown(at, now time.Time) string {
	at, now = at.Local(), now.Local()
	if at.YearDay() == now.YearDay() && at.Year() == now.Year() {
		return at.Format(time.TimeOnly)
	}
	return at.Format(time.DateTime)
}

// confirmJobs returns the jobs that undo an apply of this table unless lvs confirm cancels
// them, also those whose process is gone.
func (a *App) confirmJobs() ([]state.Job, error) {
	table, err := a.Identity(a.global.netns)
	if err != nil {
		return nil, err
	}
	folder := a.state()
	jobs := folder.Jobs(table, operate.ConfirmJob)
	for _, j := range folder.Broken() {
		if j.Table == table && j.Kind == operate.ConfirmJob {
			jobs = append(jobs, j)
		}
	}
	return jobs, nil
}

// undoes reports whether a job undoes an entry of the journal.
func undoes(j *state.Job, entry uint64) bool {
	return len(j.Args) > 1 && j.Args[1] == strconv.FormatUint(entry, 10)
}
