package commands

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"

	"lvs/cluster"
	"lvs/commands/ipvsadm"
	"lvs/kernel"
	"lvs/operate"
	"lvs/operate/state"
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

// Run executes one command line and gives its exit status. It is the one place
// that prints an error.
func (a *App) Run(ctx context.Context, args []string) int {
	defer a.close()
	a.args = args
	if status, ok := a.asIpvsadm(ctx, args); ok {
		return status
	}
	root := a.rootFor(args)
	if slices.Contains(args, "weight") {
		if c, _, err := root.Find(args); err == nil && c.Name() == "weight" {
			args = relativeWeight(args)
		}
	}
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil || errors.Is(err, syscall.EPIPE) {
		return exitDone
	}
	if err == errNo {
		return exitNo
	}
	var told *fault // a verb that says itself what is left
	switch {
	case errors.As(err, &told) && told.status == exitInterrupted:
	case ctx.Err() != nil:
		err = &fault{status: exitInterrupted, err: errors.New("interrupted")}
	case errors.Is(err, context.DeadlineExceeded):
		err = &fault{status: exitTimeout, err: errors.New("timed out after " + a.global.timeout + lockedBy(err))}
	}
	if f := (*fault)(nil); a.sent() && errors.As(err, &f) && (f.status == exitTimeout || f.status == exitInterrupted) && f.hint == "" {
		f.hintf("what was sent before that may have been done")
	}
	return a.report(err)
}

// lockedBy says which lock was waited for, if any.
func lockedBy(err error) string {
	var locked *state.LockedError
	if errors.As(err, &locked) {
		return ": " + locked.Error()
	}
	return ""
}

// broken tells whether work was broken off by --timeout or an interrupt, which may
// show in the error or only in the context.
func broken(ctx context.Context, err error) (timedOut, interrupted bool) {
	timedOut = errors.Is(err, context.DeadlineExceeded) || errors.Is(ctx.Err(), context.DeadlineExceeded)
	interrupted = errors.Is(err, context.Canceled) || errors.Is(ctx.Err(), context.Canceled)
	return timedOut, interrupted && !timedOut
}

// report prints an error and gives the exit status that belongs to it.
func (a *App) report(err error) int {
	a.endLine()
	list := []error{err}
	var several faults
	var refused kernel.Refusals
	var text ipvsadm.Faults
	var file cluster.Faults
	switch {
	case errors.As(err, &several):
		list = several
	case errors.As(err, &refused):
		list = errs(refused, func(r kernel.Refusal) error { return r.Err })
	case errors.As(err, &text):
		list = errs(text, func(f ipvsadm.Fault) error { return f })
	case errors.As(err, &file):
		list = errs(file, func(f cluster.Fault) error { return f })
	}
	status := worst(list)
	if part := (*operate.PartlyError)(nil); errors.As(err, &part) {
		status = exitPartly
		list = append(list, &fault{status: status, err: fmt.Errorf("partly applied: %d of %d changes were made",
			part.Made, part.Made+len(part.Refused))})
	}
	if a.global.wantsJSON() {
		a.printJSON(list, status)
		return status
	}
	for i, e := range list {
		if i == maxMarked && len(file) > i+1 {
			fmt.Fprintf(a.Err, "%s: %d more faults\n", a.Name, len(file)-i)
			break
		}
		fmt.Fprintf(a.Err, "%s: %s\n", a.Name, oneLine(e.Error()))
		a.printPlace(e)
		if hint := a.hint(e); hint != "" {
			fmt.Fprintf(a.Err, "hint: %s\n", oneLine(hint))
		}
	}
	return status
}

// maxMarked is how many faults of cluster files are shown with their lines: a
// person reads no more, and -o json has them all.
const maxMarked = 50

// printPlace shows the line of a fault, and marks the place.
func (a *App) printPlace(err error) {
	f, ok := err.(cluster.Fault)
	if !ok {
		return
	}
	if line, caret := f.Marked(); caret != "" {
		fmt.Fprintf(a.Err, "  %s\n  %s\n", oneLine(line), caret)
	}
}

// oneLine shows a text on one line that can be read, without anything a terminal
// obeys: an error may name a file or an argument, which hold what they like.
func oneLine(s string) string {
	const head, tail = 1500, 500 // bytes, of a text that is longer than both
	if len(s) > head+tail {
		s = strings.ToValidUTF8(s[:head], "") + " … " + strings.ToValidUTF8(s[len(s)-tail:], "")
	}
	if !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == '"' || r == '\\' {
			b.WriteRune(r)
		} else {
			quoted := strconv.Quote(s[:n])
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		s = s[n:]
	}
	return b.String()
}

func errs[T any](list []T, err func(T) error) []error {
	out := make([]error, len(list))
	for i := range list {
		out[i] = err(list[i])
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
			row.Faults = append(row.Faults, faultRow(e))
		}
	}
	output.WriteError(a.Err, row)
}

func faultRow(err error) output.FaultRow {
	switch f := err.(type) {
	case ipvsadm.Fault:
		return output.FaultRow{Line: orNull(f.Line), Column: orNull(f.Column), Text: orNull(f.Text), Why: f.Why}
	case cluster.Fault:
		return output.FaultRow{File: orNull(f.File), Line: orNull(f.Line), Column: orNull(f.Column), Text: orNull(f.Text),
			Why: f.Why, Hint: orNull(f.Hint)}
	}
	return output.FaultRow{Why: err.Error()}
}

// orNull is null for what is not known.
func orNull[T comparable](v T) *T {
	var none T
	if v == none {
		return nil
	}
	return &v
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
	var text ipvsadm.Fault
	var file cluster.Fault
	var open *openError
	switch {
	case errors.As(err, &f):
		return f.status
	case errors.As(err, &use), errors.As(err, &text), errors.As(err, &file):
		return exitUsage
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
	var file cluster.Fault
	if errors.As(err, &file) {
		return file.Hint
	}
	switch {
	case errors.Is(err, kernel.ErrPermission) && a.global.netns != "":
		return "another namespace needs CAP_SYS_ADMIN and CAP_NET_ADMIN: sudo " + a.Name + " …"
	case errors.Is(err, kernel.ErrPermission), errors.Is(err, fs.ErrPermission):
		return "needs CAP_NET_ADMIN: sudo " + a.Name + " …"
	case errors.Is(err, kernel.ErrNotLoaded):
		return loadHint(os.DirFS("/lib/modules"), kernelRelease(), os.Geteuid() == 0)
	case errors.Is(err, kernel.ErrNoNamespace) && strings.HasPrefix(a.global.netns, "pid:"):
		return "the processes are listed by: ps -e"
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
	}
	return ""
}

// loadHint tells how IPVS gets into a running kernel, given the folder of all
// kernels' modules.
func loadHint(modules fs.FS, release string, root bool) string {
	if !hasIPVS(modules, release) {
		return "this kernel has none: /lib/modules/" + release + " has no ip_vs (in a container it is the host's to load)"
	}
	if root {
		return "IPVS is a kernel module: modprobe ip_vs"
	}
	return "IPVS is a kernel module: sudo modprobe ip_vs"
}

// hasIPVS tells whether a kernel's modules have ip_vs. What cannot be read may
// have it.
func hasIPVS(modules fs.FS, release string) bool {
	for _, list := range []string{"modules.dep", "modules.builtin"} {
		b, err := fs.ReadFile(modules, path.Join(release, list))
		if err != nil && !errors.Is(err, fs.ErrNotExist) || strings.Contains(string(b), "/ip_vs.ko") {
			return true
		}
	}
	return false
}
