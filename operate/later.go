package operate

import (
	"time"

	"lvs/operate/state"
)

// The kinds of jobs.
const (
	UndrainJob = "undrain" // restores weights
	ConfirmJob = "confirm" // undoes an apply that nobody confirmed
)

// Later makes sure that a command line of lvs runs on this table after a while,
// whatever becomes of this process. If it returns no error, a process waits for
// it. state.ThisJob among the arguments stands for the job's ID.
//
// The command line should look before it acts: what others did meanwhile was
// meant.
func (o *Operator) Later(kind string, wait time.Duration, args ...string) (state.Job, error) {
	if o.Table == "" {
		return state.Job{}, o.noTable()
	}
	j := state.Job{Kind: kind, Table: o.Table, Netns: o.Netns, Wait: wait, Args: args}
	if o.Netns != "" {
		j.Args = append(j.Args, "--netns", o.Netns)
	}
	j, err := o.State.NewJob(o.Now(), j)
	if err != nil {
		return j, err
	}
	if err := o.Start(j); err != nil {
		o.State.CallOff(j.ID)
		return j, err
	}
	return j, nil
}
