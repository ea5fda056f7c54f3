// Package commands has the verbs of the command line. A verb parses and checks its
// arguments, calls kernel or operate, and prints with output.
//
// A verb has a file with its options, its constructor and its run method. All verbs
// share app.go (what a verb uses), run.go (errors and exit status), fault.go (errors
// with a hint), flags.go (global options), select.go and machine.go (services and
// servers on the command line), check.go (checks before the kernel is asked), change.go
// (changes), confirm.go, complete.go, suggest.go (hints for unknown words and options).
package commands

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/term"

	"lvs/commands/ipvsadm"
	"lvs/kernel"
	"lvs/operate"
	"lvs/operate/state"
	"lvs/output"
)

// App is what a verb uses: everything outside the process, and the state of one command
// line.
type App struct {
	In       io.Reader
	Out, Err io.Writer
	// What In, Out and Err are connected to.
	InTerminal, OutTerminal, ErrTerminal Terminal

	// Name is the name that the program was called by: lvs or lvsctl. Help and errors
	// use it.
	Name string
	// Called is that name with its path, as in argv[0].
	Called string
	// Env returns an environment variable, empty if it is not set.
	Env func(string) string
	Now func() time.Time
	// Sleep waits. It returns the context's error if that ends first.
	Sleep func(ctx context.Context, d time.Duration) error
	// OpenTerminal opens the controlling terminal, for questions if standard input is a
	// pipe or a file. Nil: there is none.
	OpenTerminal func() (io.ReadCloser, error)
	// OpenKernel opens IPVS. It is called when a verb first needs it; help and schema
	// never do.
	OpenKernel func(kernel.Options) (kernel.Kernel, error)
	// Detach starts the program again, detached from shell and terminal, and returns
	// when that process has opened the table. It inherits the files, and its output is
	// appended to the log of the folder.
	Detach func(args []string, files []*os.File, folder state.Folder) error
	// KeepEnv are variables that a detached process needs, besides those that Detach
	// knows.
	KeepEnv []string
	// Identity returns a name for the table of a network namespace that no other table
	// ever has. State is stored under this name.
	Identity func(netns string) (string, error)

	global globals
	// args is the command line.
	args   []string
	unused *hiddenFlags
	// garbageSet ends what limitGarbage began. Nil: it did not.
	garbageSet *atomic.Bool
	// doing is the name of the verb, for errors that have no other subject. unhelped is the
	// error of a request for help about a command that does not exist.
	doing    string
	unhelped error
	// early are faults of global options. The verb looks for its own faults first, but gets
	// no kernel.
	early faults
	// unrecorded is why the journal does not have the whole change, until that is printed.
	unrecorded error
	// ctx is the verb's context, for functions that do not get it as an argument.
	ctx    context.Context
	cancel context.CancelFunc
	opened kernel.Kernel
	// alone is set by verbs that do nothing else while they wait for the kernel.
	alone bool
	// op carries out the changes of this command. Nil before the first.
	op *operate.Operator
	// line shows progress. Nil: there is none.
	line    *liveLine
	waiting waitLine
	// advice returns how to continue, or go back, when part of the work is done.
	advice func() string
	// orders are the services whose servers stay in another order than wanted, for JSON.
	orders []output.Order
	// detached is set in a background process, whose messages nobody reads.
	detached bool
	// changing is set by verbs that change the table. unlock releases the lock that they
	// take before they read it; nil: it is not taken.
	changing bool
	unlock   func()
	// acting is the director of this table, if actorAsked is set and one runs. handed is set
	// by verbs that have handed over to it what it owns.
	acting             *actor
	actorAsked, handed bool
	// undoes is the entry that this command undoes, or zero.
	undoes uint64
}

// Terminal describes one end of a standard stream.
type Terminal struct {
	// Is reports whether it is a terminal.
	Is bool
	// Width is in columns; zero if unknown.
	Width int
}

// Main runs the program with the arguments of the process and returns the exit status.
func Main() int { return System().Main(os.Args[1:]) }

// Main runs a command line of this process, and handles its signals.
func (a *App) Main(args []string) int {
	a.limitGarbage()
	// A closed pipe (lvs list | head) must be an error of Write, not a signal that
	// kills.
	signal.Ignore(syscall.SIGPIPE)
	if looksOnce(a.Name, args) {
		return a.Run(context.Background(), args)
	}
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	// A lost SSH connection must not leave a change half done. Under nohup the signal
	// stays ignored.
	if !signal.Ignored(syscall.SIGHUP) && !staysForHangup(args) {
		ends = append(ends, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	// A second interrupt kills. A second SIGHUP does not: the kernel and the shell both
	// send one when a terminal closes, and cleaning up must not stop.
	context.AfterFunc(ctx, func() {
		signal.Ignore(syscall.SIGHUP)
		stop()
	})
	return a.Run(ctx, args)
}

// looksOnce reports whether a command line, of a program called name, only reads once
// and prints. A signal may kill it at any time, since there is nothing to undo.
// Handling signals would take two threads, a tenth of the time of a start.
func looksOnce(name string, args []string) bool {
	if ipvsadm.Is(name) {
		return false
	}
	return len(args) == 0 || slices.Contains([]string{"list", "ls", "version", "--version"}, args[0])
}

// staysForHangup reports whether a command line runs a director, which reads its files again
// when it gets a SIGHUP.
func staysForHangup(args []string) bool {
	return slices.Contains(args, "director") && slices.Contains(args, "run")
}

// System returns the App of this process.
func System() *App {
	a := &App{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		InTerminal: terminalOf(os.Stdin), OutTerminal: terminalOf(os.Stdout), ErrTerminal: terminalOf(os.Stderr),
		Name:         calledAs(os.Args[0]),
		Called:       os.Args[0],
		Env:          os.Getenv,
		Now:          time.Now,
		Sleep:        sleep,
		OpenTerminal: openTerminal,
		OpenKernel:   openKernel,
		Identity:     kernel.Identity,
	}
	a.Detach = a.detach
	return a
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

func terminalOf(f *os.File) Terminal {
	fd := int(f.Fd())
	if !term.IsTerminal(fd) {
		return Terminal{}
	}
	width, _, err := term.GetSize(fd)
	if err != nil {
		width = 0
	}
	return Terminal{Is: true, Width: width}
}

// openTerminal fails if the process has no controlling terminal, such as a service or
// a cron job.
func openTerminal() (io.ReadCloser, error) { return os.Open("/dev/tty") }

// calledAs returns the name for help and errors: argv[0] without its path.
func calledAs(arg0 string) string {
	name := strings.TrimSuffix(filepath.Base(arg0), ".exe")
	if name == "" || name == "." || name == string(filepath.Separator) {
		return "lvs"
	}
	return name
}

func openKernel(o kernel.Options) (kernel.Kernel, error) {
	k, err := kernel.Open(o)
	if err != nil {
		return nil, err
	}
	return k, nil
}

// kernel returns IPVS of the namespace on the command line. It opens it once.
func (a *App) kernel() (kernel.Kernel, error) {
	if len(a.early) > 0 {
		return nil, a.early
	}
	if a.opened != nil {
		return a.opened, nil
	}
	k, err := a.OpenKernel(kernel.Options{Netns: a.global.netns, Alone: a.alone})
	if err != nil {
		return nil, &openError{err}
	}
	a.opened = k
	return k, a.lockTable(a.ctx)
}

// reopen opens IPVS again, and closes the old one if that succeeds.
func (a *App) reopen() (kernel.Kernel, error) {
	k, err := a.OpenKernel(kernel.Options{Netns: a.global.netns})
	if err != nil {
		return nil, &openError{err}
	}
	a.opened.Close()
	a.opened = k
	return k, nil
}

// close closes what the command has opened.
func (a *App) close() {
	a.endLine()
	a.op = nil
	a.release()
	if a.opened != nil {
		a.opened.Close()
		a.opened = nil
	}
	if a.cancel != nil {
		a.cancel()
	}
}

// note prints a line on standard error, with the program's name, unless -q is set.
func (a *App) note(format string, args ...any) {
	if !a.global.quiet {
		a.endLine()
		fmt.Fprintf(a.Err, "%s: %s\n", a.Name, oneLine(fmt.Sprintf(format, args...)))
	}
}

// say is note without the program's name.
func (a *App) say(format string, args ...any) {
	if !a.global.quiet {
		a.endLine()
		fmt.Fprintln(a.Err, oneLine(fmt.Sprintf(format, args...)))
	}
}
