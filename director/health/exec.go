package health

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// maxPrograms is how many programs an engine runs at a time. A check that has to wait for one
// of them to end uses up its own time.
const maxPrograms = 32

// askExec runs a program: exit status 0 is a pass. Its arguments may have {address} and
// {port}, which become those of the target. There is no shell, its input is empty, and of the
// environment it has PATH, LANG and HOME only. What it started in its process group is killed
// when it ends, and all of it at the timeout.
//
// A program that cannot be started is a fault of this machine, and changes no verdict.
func askExec(ctx context.Context, q *question) Result {
	if len(q.Command) == 0 {
		return local("no program is named")
	}
	if q.programs != nil {
		select {
		case q.programs <- struct{}{}:
			defer func() { <-q.programs }()
		case <-ctx.Done():
			return local(fmt.Sprintf("%d other programs were running", cap(q.programs)))
		}
	}
	said := new(head)
	cmd := exec.Command(q.Command[0], q.arguments()...)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOME=/"}
	cmd.Stdout, cmd.Stderr = said, said
	// Who holds its output open after the end is not waited for.
	cmd.WaitDelay = 100 * time.Millisecond
	timedOut, err := runGroup(ctx, cmd, q.Netns)
	var exit *exec.ExitError
	switch {
	case timedOut:
		return fail(Silent, said.text())
	case err == nil, errors.Is(err, exec.ErrWaitDelay):
		return q.exitResult(0, said.text())
	case errors.As(err, &exit) && exit.ExitCode() >= 0:
		return q.exitResult(exit.ExitCode(), said.text())
	case errors.As(err, &exit):
		return fail(ExitStatus, strings.TrimSpace(exit.String()+" "+said.text())) // the signal
	}
	return local(err.Error())
}

// arguments returns the arguments with the target in place of its placeholders.
func (q *question) arguments() []string {
	names := strings.NewReplacer(
		"{address}", q.Addr.Addr().String(), "{port}", strconv.Itoa(int(q.Addr.Port())))
	var args []string
	for _, a := range q.Command[1:] {
		args = append(args, names.Replace(a))
	}
	return args
}

// exitResult judges an exit status. With Dynamic it is keepalived's formula (misc_dynamic in
// keepalived.conf(5)): 0 is the declared weight, 1 a failure, 2 to 255 the weight 0 to 253.
func (q *question) exitResult(status int, said string) Result {
	const down, first = 1, 2
	words := strings.TrimSpace(strconv.Itoa(status) + " " + said)
	switch {
	case q.Dynamic && status == 0:
		return Result{Outcome: Pass, Agent: &AgentWords{Percent: 100, Weight: -1, Words: cut(words)}}
	case q.Dynamic && status != down:
		return Result{Outcome: Pass, Agent: &AgentWords{Percent: -1, Weight: status - first, Words: cut(words)}}
	case status == 0:
		return pass()
	}
	return fail(ExitStatus, words)
}

// head keeps the beginning of what a program prints.
type head struct{ kept []byte }

func (h *head) Write(b []byte) (int, error) {
	h.kept = append(h.kept, b[:min(len(b), maxDetail+1-len(h.kept))]...)
	return len(b), nil
}

// text returns it in one line.
func (h *head) text() string { return strings.Join(strings.Fields(string(h.kept)), " ") }
