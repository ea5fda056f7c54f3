package commands

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lvs/kernel"
	"lvs/output"
)

// The exit statuses.
const (
	exitDone        = 0
	exitNo          = 1 // the answer is no
	exitUsage       = 2 // usage or invalid input
	exitFailed      = 3
	exitNotFound    = 4
	exitExists      = 5
	exitPermission  = 6
	exitUnavailable = 7 // IPVS is not there
	exitTimeout     = 8
	exitPartly      = 9 // some of the changes were made
	exitInterrupted = 130
)

// fault is an error with its exit status and, where one is known, its cure.
type fault struct {
	status int
	err    error
	hint   string
}

func (f *fault) Error() string { return f.err.Error() }
func (f *fault) Unwrap() error { return f.err }

// usagef is a mistake in what was typed.
func usagef(format string, args ...any) *fault {
	return &fault{status: exitUsage, err: fmt.Errorf(format, args...)}
}

func (f *fault) cure(format string, args ...any) *fault {
	f.hint = fmt.Sprintf(format, args...)
	return f
}

// faults are several mistakes, all told at once.
type faults []error

func (f *faults) add(err error) {
	var several faults
	switch {
	case err == nil:
	case errors.As(err, &several):
		*f = append(*f, several...)
	default:
		*f = append(*f, err)
	}
}

// err is nil when there was no mistake.
func (f faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return f
}

func (f faults) Error() string { return errors.Join(f...).Error() }

// partly says that some changes were made and others refused.
type partly struct {
	made int
	err  kernel.Refusals
}

func (p *partly) Error() string { return p.err.Error() }
func (p *partly) Unwrap() error { return p.err }

// openError is a kernel that could not be opened at all.
type openError struct{ err error }

func (e *openError) Error() string { return e.err.Error() }
func (e *openError) Unwrap() error { return e.err }

// Run executes one command line and gives its exit status. It is the one place
// that prints an error.
func (a *App) Run(ctx context.Context, args []string) int {
	defer a.close()
	root := a.Root()
	root.SetArgs(a.rewrite(root, args))
	err := root.ExecuteContext(ctx)
	if err == nil || errors.Is(err, syscall.EPIPE) {
		return exitDone
	}
	if ctx.Err() != nil {
		err = context.Canceled
	}
	return a.report(err)
}

// rewrite turns a negative number into a flag where the verb takes one.
func (a *App) rewrite(root *cobra.Command, args []string) []string {
	if cmd, _, err := root.Find(args); err == nil && cmd.Name() == "weight" {
		return relativeWeight(args)
	}
	return args
}

// report prints an error and gives the exit status that belongs to it.
func (a *App) report(err error) int {
	list := []error{err}
	var several faults
	var refused kernel.Refusals
	switch {
	case errors.As(err, &several):
		list = several
	case errors.As(err, &refused):
		list = each(refused)
	}
	status := worst(list)
	if part := (*partly)(nil); errors.As(err, &part) {
		status = exitPartly
		list = append(list, &fault{status: status, err: fmt.Errorf("partly applied: %d of %d changes were made",
			part.made, part.made+len(part.err))})
	}
	if a.global.wantsJSON() {
		a.printJSON(list, status)
		return status
	}
	for _, e := range list {
		fmt.Fprintf(a.Err, "%s: %s\n", a.Name, e)
		if hint := a.hint(e); hint != "" {
			fmt.Fprintf(a.Err, "hint: %s\n", hint)
		}
	}
	return status
}

func each(r kernel.Refusals) []error {
	out := make([]error, len(r))
	for i := range r {
		out[i] = r[i].Err
	}
	return out
}

// worst is the status of several errors: what was typed comes before what was
// found.
func worst(list []error) int {
	for _, e := range list {
		if statusOf(e) == exitUsage {
			return exitUsage
		}
	}
	return statusOf(list[0])
}

func (a *App) printJSON(list []error, status int) {
	what, why := whatWhy(list[0])
	row := output.ErrorRow{What: what, Why: why, ExitStatus: status}
	if hint := a.hint(list[0]); hint != "" {
		row.Hint = &hint
	}
	if status == exitUsage || len(list) > 1 {
		for _, e := range list {
			row.Faults = append(row.Faults, output.FaultRow{Why: e.Error()})
		}
	}
	output.WriteError(a.Err, row)
}

// whatWhy splits an error into what was tried and why it failed.
func whatWhy(err error) (what, why string) {
	what, why, ok := strings.Cut(err.Error(), ": ")
	if !ok {
		return "", what
	}
	return what, why
}

// statusOf gives the exit status of one error.
func statusOf(err error) int {
	var f *fault
	var use *output.UsageError
	var open *openError
	switch {
	case errors.As(err, &f):
		return f.status
	case errors.As(err, &use):
		return exitUsage
	case errors.Is(err, context.DeadlineExceeded):
		return exitTimeout
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.Is(err, kernel.ErrPermission), errors.Is(err, fs.ErrPermission):
		return exitPermission
	case errors.Is(err, kernel.ErrNotLoaded):
		return exitUnavailable
	case errors.As(err, &open) && errors.Is(err, kernel.ErrNotSupported):
		return exitUnavailable
	case errors.Is(err, kernel.ErrExists):
		return exitExists
	case errors.Is(err, kernel.ErrNoService), errors.Is(err, kernel.ErrNoServer),
		errors.Is(err, kernel.ErrNoDaemon), errors.Is(err, kernel.ErrNoInterface),
		errors.Is(err, kernel.ErrNoSysctl), errors.Is(err, kernel.ErrNoNamespace):
		return exitNotFound
	case errors.Is(err, kernel.ErrInvalid), errors.Is(err, kernel.ErrRange), errors.Is(err, kernel.ErrNoScheduler):
		return exitUsage
	}
	return exitFailed
}

// hint gives the cure of an error, or nothing.
func (a *App) hint(err error) string {
	var f *fault
	if errors.As(err, &f) && f.hint != "" {
		return f.hint
	}
	switch {
	case errors.Is(err, kernel.ErrPermission), errors.Is(err, fs.ErrPermission):
		return "needs CAP_NET_ADMIN: sudo " + a.Name + " …"
	case errors.Is(err, kernel.ErrNotLoaded):
		return "IPVS is a kernel module: modprobe ip_vs"
	case errors.Is(err, kernel.ErrNoNamespace):
		return "the namespaces are listed by: ip netns list"
	case errors.Is(err, kernel.ErrNoService):
		return "the services are listed by: " + a.Name + " list -o name"
	case errors.Is(err, kernel.ErrNoServer):
		return "the servers are listed by: " + a.Name + " server list SERVICE"
	case errors.Is(err, kernel.ErrNoScheduler):
		return "the schedulers are " + strings.Join(schedulerNames(), ", ") + "; the persistence engine is sip"
	case errors.Is(err, kernel.ErrNoInterface):
		return "the interfaces are listed by: ip -br link"
	case errors.Is(err, kernel.ErrNoDaemon):
		return "the sync daemons are listed by: " + a.Name + " sync status"
	case errors.Is(err, context.DeadlineExceeded):
		return "what was sent before the time ran out may have been done"
	}
	return ""
}

// flagError makes one clear line of a mistake in an option.
func (a *App) flagError(cmd *cobra.Command, err error) error {
	help := cmd.CommandPath() + " --help"
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return usagef("%w", err).cure("%s", help)
	}
	name := unknown.GetSpecifiedName()
	shown := "--" + name
	if unknown.GetSpecifiedShortnames() != "" {
		shown = "-" + name
		if old, ok := ipvsadmCommands[name]; ok {
			return usagef("%s is ipvsadm's: %s does not know it", shown, cmd.CommandPath()).cure("%s %s", a.Name, old)
		}
	}
	if known := cmd.Root().Flags().Lookup(name); known != nil && len(name) > 1 {
		return usagef("%s has no effect on %s", shown, cmd.CommandPath()).cure("%s", help)
	}
	f := usagef("unknown option %s for %s", shown, cmd.CommandPath()).cure("%s", help)
	cmd.Flags().VisitAll(func(known *pflag.Flag) {
		if len(name) > 2 && strings.HasPrefix(known.Name, name) {
			f.cure("did you mean --%s?", known.Name)
		}
	})
	return f
}

// ipvsadmCommands are ipvsadm's one-letter commands and what does it here.
var ipvsadmCommands = map[string]string{
	"A": "service add", "E": "service edit", "D": "service delete",
	"a": "server add", "e": "server edit", "d": "server delete",
	"L": "list", "l": "list", "C": "clear", "Z": "zero", "S": "save", "R": "restore",
	"p": "service add … --persistent=SECONDS", "M": "service add … --netmask MASK",
}
