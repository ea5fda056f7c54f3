package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"lvs/director"
	"lvs/output"
	"lvs/plan"
)

// AlarmHook is the code of the alarm of a hook that fails.
const AlarmHook = "hook"

// Hook runs a program for each event of a director, one after another. It never keeps the
// director waiting: events that come faster than the program ends are kept by the director
// as long as it keeps them for everybody.
type Hook struct {
	Control director.Control
	// Program returns the program with its arguments, and how long it may take. No program
	// runs none.
	Program func() (argv []string, timeout time.Duration)
	// Alarm reports a fault; an empty text ends it.
	Alarm func(what string)
}

// Run runs the program until the context ends, from the first event on.
func (h *Hook) Run(ctx context.Context) {
	last := uint64(0)
	for {
		events, missed, more := h.Control.Events(last)
		if missed > 0 {
			h.Alarm(fmt.Sprintf("the hook is too slow: it was not run for %d events", missed))
		}
		for i := range events {
			last = events[i].ID
			h.tell(ctx, &events[i])
			if ctx.Err() != nil {
				return
			}
		}
		if len(events) > 0 {
			continue
		}
		select {
		case <-more:
		case <-ctx.Done():
			return
		}
	}
}

// tell runs the program for an event. It is not run for its own alarm.
func (h *Hook) tell(ctx context.Context, e *director.Event) {
	argv, timeout := h.Program()
	if len(argv) == 0 || e.Kind == director.EventAlarm && e.From == AlarmHook {
		return
	}
	row := EventRow(e)
	if err := runHook(ctx, argv, timeout, &row); err != nil && ctx.Err() == nil {
		h.Alarm(fmt.Sprintf("the hook failed for event %d: %v", e.ID, err))
		return
	}
	h.Alarm("")
}

// runHook runs a program for an event. What it leaves behind is killed with its process
// group.
func runHook(ctx context.Context, argv []string, timeout time.Duration, row *output.DirectorEventRow) error {
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	text, err := json.Marshal(row)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(limited, argv[0], argv[1:]...)
	cmd.Dir, cmd.Env = "/", hookEnv(row)
	cmd.Stdin = bytes.NewReader(append(text, '\n'))
	said := &tail{}
	cmd.Stdout, cmd.Stderr = said, said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	err = cmd.Run()
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
	switch {
	case limited.Err() != nil:
		return fmt.Errorf("%s: it took longer than %s", argv[0], plan.DurationText(timeout))
	case errors.Is(err, exec.ErrWaitDelay):
		return nil // it has left a process behind, which is killed
	case err != nil && len(said.b) > 0:
		return fmt.Errorf("%s: %w: %s", argv[0], err, plan.Visible(strings.TrimSpace(string(said.b))))
	case err != nil:
		return fmt.Errorf("%s: %w", argv[0], err)
	}
	return nil
}

// hookEnv returns the environment of the program: the search path, and the event in words.
func hookEnv(e *output.DirectorEventRow) []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "LVS_EVENT=" + e.Event, "LVS_TIME=" + e.Time, "LVS_TEXT=" + e.Text}
	for _, v := range []struct {
		name  string
		value *string
	}{{"SERVICE", e.Service}, {"SERVER", e.Server}, {"FROM", e.From}, {"TO", e.To}, {"WHY", e.Why}, {"BY", e.By},
		{"REASON", e.Reason}} {
		value := ""
		if v.value != nil {
			value = plan.Visible(*v.value)
		}
		env = append(env, "LVS_"+v.name+"="+value)
	}
	return env
}

// tail keeps the last bytes that were written.
type tail struct{ b []byte }

func (t *tail) Write(p []byte) (int, error) {
	const most = 200
	t.b = append(t.b, p...)
	if len(t.b) > most {
		t.b = append(t.b[:0], t.b[len(t.b)-most:]...)
	}
	return len(p), nil
}
