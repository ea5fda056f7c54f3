package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"

	"lvs/cluster"
	"lvs/commands/ipvsadm"
	"lvs/kernel"
	"lvs/operate"
	"lvs/operate/state"
	"lvs/output"
	"lvs/plan"
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

// Run executes a command line and returns the exit status. No other function prints
// errors.
func (a *App) Run(ctx context.Context, args []string) int {
	defer a.close()
	status := a.run(ctx, args)
	if a.unrecorded != nil && status != exitPermission { // the journal is not what was missing
		a.tellUnrecorded(a.unrecorded)
	}
	a.unrecorded = nil
	return status
}

func (a *App) run(ctx context.Context, args []string) int {
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
	c, err := root.ExecuteContextC(ctx)
	if err == nil {
		err = a.unhelped
	}
	a.doing = verbName(c)
	if err == nil || errors.Is(err, syscall.EPIPE) {
		return exitDone
	}
	if err == errNo {
		return exitNo
	}
	if status, ok := answered(err); ok {
		return status
	}
	var own *fault // of a verb that reports itself what remains
	switch {
	case errors.As(err, &own) && own.status == exitInterrupted:
	case ctx.Err() != nil:
		err = &fault{status: exitInterrupted, err: errors.New("interrupted")}
	case errors.Is(err, context.DeadlineExceeded):
		err = &fault{status: exitTimeout, err: errors.New("timed out after " + a.global.timeout + lockedBy(err))}
	}
	f := (*fault)(nil)
	if a.sent() && errors.As(err, &f) && (f.status == exitTimeout || f.status == exitInterrupted) && f.hint == "" {
		f.hintf("check the table: some changes may have been made")
	}
	return a.report(err)
}

// lockedBy returns which lock or disk the command waited for, if it did.
func lockedBy(err error) string {
	var locked *state.LockedError
	var silent *state.SilentError
	switch {
	case errors.As(err, &locked):
		return ": " + locked.Error()
	case errors.As(err, &silent):
		return ": " + silent.Error()
	}
	return ""
}

// broken reports whether --timeout or an interrupt ended the work, which may show in
// the error or only in the context.
func broken(ctx context.Context, err error) (timedOut, interrupted bool) {
	timedOut = errors.Is(err, context.DeadlineExceeded) || errors.Is(ctx.Err(), context.DeadlineExceeded)
	interrupted = errors.Is(err, context.Canceled) || errors.Is(ctx.Err(), context.Canceled)
	return timedOut, interrupted && !timedOut
}

// report prints an error and returns its exit status.
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
		if i == maxMarked && len(file)+len(text) > i+1 {
			fmt.Fprintf(a.Err, "%s: %d more errors\n", a.Name, len(list)-i)
			break
		}
		fmt.Fprintf(a.Err, "%s: %s\n", a.Name, oneLine(e.Error()))
		printPlace(a.Err, e)
		if hint := a.hint(e); hint != "" && (i+1 == len(list) || hint != a.hint(list[i+1])) {
			fmt.Fprintf(a.Err, "hint: %s\n", oneLine(hint))
		}
	}
	return status
}

// maxMarked is how many faults of a cluster file, or of a text to restore, are shown. -o json
// has all of them.
const maxMarked = 50

// printPlace prints the line of a fault in a cluster file, and marks the place.
func printPlace(w io.Writer, err error) {
	f, ok := err.(cluster.Fault)
	if !ok {
		return
	}
	if line, caret := f.Marked(); caret != "" {
		fmt.Fprintf(w, "  %s\n  %s\n", oneLine(line), caret)
	}
}

// oneLine returns a text as one line, limited in length and without control characters:
// an error may contain the name of a file or an argument.
func oneLine(s string) string {
	const head, tail = 1500, 500 // bytes, of a text that is longer than both
	if len(s) > head+tail {
		s = strings.ToValidUTF8(s[:head], "") + " … " + strings.ToValidUTF8(s[len(s)-tail:], "")
	}
	return plan.Visible(s)
}

func errs[T any](list []T, err func(T) error) []error {
	out := make([]error, len(list))
	for i := range list {
		out[i] = err(list[i])
	}
	return out
}

// worst returns the exit status of several errors: that of wrong usage, if there is one,
// or that of the first error.
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
	if what == "" {
		what = a.doing
	}
	row := output.ErrorRow{What: what, Why: why, ExitStatus: status}
	if hint := a.hint(list[0]); hint != "" {
		row.Hint = &hint
	}
	if status == exitUsage || len(list) > 1 {
		for _, e := range list {
			row.Faults = append(row.Faults, a.faultRow(e))
		}
	}
	output.WriteError(a.Err, row)
}

func (a *App) faultRow(err error) output.FaultRow {
	switch f := err.(type) {
	case ipvsadm.Fault:
		return output.FaultRow{Line: orNull(f.Line), Column: orNull(f.Column), Text: orNull(f.Text), Why: f.Why}
	case cluster.Fault:
		return output.FaultRow{File: orNull(f.File), Line: orNull(f.Line), Column: orNull(f.Column), Text: orNull(f.Text),
			Why: f.Why, Hint: orNull(f.Hint)}
	}
	return output.FaultRow{Why: err.Error(), Hint: orNull(a.hint(err))}
}

// orNull returns nil for the zero value.
func orNull[T comparable](v T) *T {
	var none T
	if v == none {
		return nil
	}
	return &v
}

// whatWhy splits the text of an error into the operation and the reason.
func whatWhy(err error) (what, why string) {
	what, why, ok := strings.Cut(err.Error(), ": ")
	if !ok {
		return "", what
	}
	return what, why
}

// statusOf returns the exit status of an error.
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
	case errors.Is(err, fs.ErrNotExist):
		return exitNotFound
	}
	return exitFailed
}

// hint returns the hint for an error, or nothing.
func (a *App) hint(err error) string {
	var f *fault
	if errors.As(err, &f) && f.hint != "" {
		return f.hint
	}
	var file cluster.Fault
	if errors.As(err, &file) {
		return file.Hint
	}
	if hint := a.stateHint(err); hint != "" {
		return hint
	}
	switch {
	case output.IsUnquoted(err):
		return "quote it in a shell: --filter 'active>100'"
	case errors.Is(err, kernel.ErrPermission) && a.global.netns != "":
		return "run as root, or with CAP_SYS_ADMIN and CAP_NET_ADMIN: sudo " + a.Name + " …"
	case errors.Is(err, kernel.ErrPermission), errors.Is(err, fs.ErrPermission):
		return "run as root, or with CAP_NET_ADMIN: sudo " + a.Name + " …"
	case errors.Is(err, kernel.ErrLoopbackDown):
		return a.inNetns("ip link set lo up")
	case errors.Is(err, kernel.ErrMixedFamilies):
		return a.mixedHint(err)
	case errors.Is(err, kernel.ErrInvalid):
		return a.invalidHint(err)
	case errors.Is(err, kernel.ErrNotLoaded):
		return loadHint(os.DirFS("/lib/modules"), kernelRelease(), os.Geteuid() == 0)
	case errors.Is(err, kernel.ErrNoNamespace) && strings.HasPrefix(a.global.netns, "pid:"):
		return "list the processes: ps -e"
	case errors.Is(err, kernel.ErrNoNamespace):
		return "list the namespaces: ip netns list"
	case errors.Is(err, kernel.ErrNoService):
		return "list the services: " + a.Name + " list -o name"
	case errors.Is(err, kernel.ErrNoServer):
		service := "SERVICE"
		if e := (*kernel.Error)(nil); errors.As(err, &e) && e.Service != (kernel.ServiceID{}) {
			service = e.Service.String()
		}
		return "list the servers: " + a.Name + " server list " + service
	case errors.Is(err, kernel.ErrNoScheduler):
		return unknownNameHint(err)
	case errors.Is(err, kernel.ErrNoInterface):
		return "list the interfaces: ip -br link"
	case errors.Is(err, kernel.ErrNoDaemon):
		return "list the sync daemons: " + a.Name + " sync status"
	}
	return ""
}

// mixedHint returns the hint for a server of another family that excludes a sync daemon:
// which of the two is in the way depends on what was refused.
func (a *App) mixedHint(err error) string {
	if e := (*kernel.Error)(nil); errors.As(err, &e) && !e.Server.IsValid() {
		return "delete these servers first; list the servers: " + a.here() + " list --columns service,server"
	}
	return "use a server of the service's family, or stop the sync daemon first; list the daemons: " + a.here() +
		" sync status"
}

// invalidHint returns the hint for a server that the kernel refuses without a known cause,
// though its settings are valid: its address may be the broadcast address of a network here.
func (a *App) invalidHint(err error) string {
	e := (*kernel.Error)(nil)
	if !errors.As(err, &e) || !e.Server.IsValid() {
		return ""
	}
	return "check that this is the address of one host: " + a.inNetns("ip route get "+e.Server.Addr().String())
}

// inNetns returns a command line of ip that runs in the namespace of this command.
func (a *App) inNetns(ip string) string {
	name := a.global.netns
	pid, isPID := strings.CutPrefix(name, "pid:")
	switch {
	case name == "":
		return ip
	case isPID:
		return "nsenter --target " + pid + " --net " + ip
	case strings.Contains(name, "/"):
		return "nsenter --net=" + shellWord(name) + " " + ip
	}
	return "ip -n " + shellWord(name) + strings.TrimPrefix(ip, "ip")
}

// loadHint returns how to load IPVS, given the directory of all kernels' modules.
func loadHint(modules fs.FS, release string, root bool) string {
	if !hasIPVS(modules, release) {
		return "install the module ip_vs, which /lib/modules/" + release + " does not have; " +
			"in a container, load it on the host"
	}
	if root {
		return "load the kernel module: modprobe ip_vs"
	}
	return "load the kernel module: sudo modprobe ip_vs"
}

// hasIPVS reports whether a kernel's modules include ip_vs. It returns true if they
// cannot be read.
func hasIPVS(modules fs.FS, release string) bool {
	for _, list := range []string{"modules.dep", "modules.builtin"} {
		b, err := fs.ReadFile(modules, path.Join(release, list))
		if err != nil && !errors.Is(err, fs.ErrNotExist) || strings.Contains(string(b), "/ip_vs.ko") {
			return true
		}
	}
	return false
}
