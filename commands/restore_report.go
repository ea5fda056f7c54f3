package commands

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"lvs/commands/ipvsadm"
	"lvs/kernel"
	"lvs/plan"
)

// placer tells where a text says what an object is, as "line 3". Empty is
// nowhere.
type placer func(object) string

// undone tells why a plan was given up, and what became of the table.
func (a *App) undone(f *plan.Failure, where placer) error {
	status := exitFailed
	if f.Undo != nil {
		status = exitPartly
	}
	bad := a.causes(f, where, status)
	others := slices.ContainsFunc(bad, changedMeanwhile)
	told := func(format string, args ...any) {
		bad = append(bad, &fault{status: status, err: fmt.Errorf(format, args...)})
	}
	if f.Undo == nil && others {
		told := &fault{status: status, err: errors.New("the table was changed by someone else since it was read: all changes of this command were undone")}
		bad = append(bad, told.cure("run it again: it compares with the table as it is now"))
	} else if f.Undo == nil {
		told("all changes were undone: the table is as before")
	} else {
		told("the table is partly changed, because undoing failed: %w", f.Undo)
	}
	for i := range f.Left {
		told("to restore the table: %s", describe(&f.Left[i]))
	}
	if !errors.Is(f.Cause, context.Canceled) {
		return bad
	}
	if a.op != nil {
		a.op.Sent = f.Undo != nil
	}
	for i := 1; i < len(bad) && !a.global.wantsJSON(); i++ {
		fmt.Fprintf(a.Err, "%s: %s\n", a.Name, oneLine(bad[i].Error()))
	}
	return &fault{status: exitInterrupted, err: fmt.Errorf("interrupted: %w", bad[0])}
}

// changedMeanwhile tells whether the kernel refused something for what was not so
// when the table was read.
func changedMeanwhile(err error) bool {
	return errors.Is(err, kernel.ErrExists) || errors.Is(err, kernel.ErrNoService) ||
		errors.Is(err, kernel.ErrNoServer) || errors.Is(err, kernel.ErrNoDaemon)
}

// causes tells why a plan was given up.
func (a *App) causes(f *plan.Failure, where placer, status int) faults {
	refused, only := f.Cause.(kernel.Refusals)
	switch {
	case only:
		return refusedLines(refused, where, status)
	case errors.Is(f.Cause, context.Canceled):
		return nil
	case errors.Is(f.Cause, context.DeadlineExceeded):
		if f.Undo == nil {
			status = exitTimeout
		}
		return faults{&fault{status: status, err: fmt.Errorf("timed out after %s", a.global.timeout)}}
	}
	return faults{&fault{status: status, err: f.Cause}}
}

// refusedLines names the lines of the text that the kernel refused. The servers
// of a service that it refused are not told: they are a consequence.
func refusedLines(refused kernel.Refusals, where placer, status int) faults {
	without := map[kernel.ServiceID]bool{}
	var bad faults
	for _, r := range refused {
		if !r.Err.Server.IsValid() {
			without[r.Err.Service] = true
		} else if without[r.Err.Service] && errors.Is(r.Err, kernel.ErrNoService) {
			continue
		}
		err := error(r.Err)
		if where != nil {
			if place := where(object{r.Err.Service, r.Err.Server}); place != "" {
				err = fmt.Errorf("%s: %w", place, r.Err)
			}
		}
		bad = append(bad, &fault{status: status, err: err})
	}
	return bad
}

// object is a service, or a server of one.
type object struct {
	service kernel.ServiceID
	server  netip.AddrPort
}

// linesOf tells which line of a text says what an object is.
func linesOf(text []ipvsadm.Service) placer {
	lines := map[object]int{}
	for _, s := range text {
		lines[object{service: s.ServiceID}] = s.Line
		for _, v := range s.Servers {
			lines[object{s.ServiceID, v.Addr}] = v.Line
		}
	}
	return func(o object) string {
		if line := lines[o]; line > 0 {
			return fmt.Sprintf("line %d", line)
		}
		return ""
	}
}

// describe names a change.
func describe(c *kernel.Change) string {
	what := c.Op.String() + " " + c.Service.ServiceID.String()
	if c.Op.OnServer() {
		what += " " + c.Server.Addr.String()
	}
	return what
}
