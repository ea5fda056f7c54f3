// Package commands is the verbs of the command line: it reads arguments, checks
// them, asks the kernel and hands what it got to output. It knows neither how
// a table is drawn nor how a netlink message looks.
//
// A verb is one file: its options, its constructor, its run. What all verbs
// share is in app.go (what a verb is given), run.go (errors and exit status),
// flags.go (options), select.go (which service, which server), check.go (what
// can be refused before the kernel is asked), change.go (the one way to change
// something), confirm.go and complete.go.
package commands

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"lvs/commands/ipvsadm"
	"lvs/kernel"
	"lvs/operate"
)

// App is what a verb is given: everything it may touch outside itself.
type App struct {
	In       io.Reader
	Out, Err io.Writer
	// What In, Out and Err are connected to.
	InTerminal, OutTerminal, ErrTerminal Terminal

	// Name is what the program was called as: lvs or lvsctl. Help and errors
	// say it.
	Name string
	// Called is the same with its path, as the system was told it.
	Called string
	// Env reads an environment variable; empty when it is not set.
	Env func(string) string
	Now func() time.Time
	// Sleep waits. It ends early with the context's error when that ends.
	Sleep func(ctx context.Context, d time.Duration) error
	// OpenTerminal opens the terminal that the program was started from, for
	// questions where standard input is a pipe or a file. Nil is none.
	OpenTerminal func() (io.ReadCloser, error)
	// OpenKernel opens IPVS. It is called once, by the first verb that needs
	// it; help, version and schema never do.
	OpenKernel func(kernel.Options) (kernel.Kernel, error)
	// Detach starts the program again, out of the reach of shell and terminal, and
	// returns when that holds what it works on. Its output is added to a file.
	Detach func(args []string, log string) error
	// Identity names the table of a network namespace while it exists: what is
	// remembered about a table is remembered under it.
	Identity func(netns string) (string, error)

	global globals
	// args is the command line.
	args   []string
	strays []*pflag.Flag
	// ctx is the verb's, for what it does not pass on itself.
	ctx    context.Context
	cancel context.CancelFunc
	opened kernel.Kernel
	// alone is set by verbs that do nothing while they wait for the kernel.
	alone bool
	// op carries out the changes of this command. Nil before the first.
	op *operate.Operator
	// line is the line that shows work going on. Nil is none.
	line    *liveLine
	waiting waitLine
	// advice says how to go on after half of the work, and how back.
	advice func() string
	// undoes is the entry that this command undoes, or zero.
	undoes uint64
}

// Terminal describes one end of a standard stream.
type Terminal struct {
	// Is tells whether a person may be sitting there.
	Is bool
	// Width is in columns; zero when it is not known.
	Width int
}

// Main runs the program as the system started it and gives its exit status.
func Main() int { return System().Main(os.Args[1:]) }

// Main runs one command line of this process, minding its signals.
func (a *App) Main(args []string) int {
	// A command lives for milliseconds: below 16 MiB (4 MiB by default) of heap
	// collecting garbage takes longer than what it gives back.
	debug.SetGCPercent(400)
	// Of a table or a file that is large, much less may be garbage.
	debug.SetMemoryLimit(96 << 20)
	// A reader that goes away (lvs list | head) must be an error of Write, not
	// a signal that kills.
	signal.Ignore(syscall.SIGPIPE)
	if looksOnce(a.Name, args) {
		return a.Run(context.Background(), args)
	}
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	// The end of the connection to this machine leaves nothing half done either.
	// Under nohup it is ignored, and stays so.
	if !signal.Ignored(syscall.SIGHUP) {
		ends = append(ends, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	// The second interrupt is the system's: it kills. Not so the end of a terminal,
	// which the kernel and the shell both tell: what is being undone is undone.
	context.AfterFunc(ctx, func() {
		signal.Ignore(syscall.SIGHUP)
		stop()
	})
	return a.Run(ctx, args)
}

// looksOnce reports whether a command line, of a program called name, only reads
// once and prints. A signal may end that at any time, as it ends ls: there is
// nothing to undo, and to listen for signals takes two threads, a tenth of a start.
func looksOnce(name string, args []string) bool {
	if ipvsadm.Is(name) {
		return false
	}
	return len(args) == 0 || slices.Contains([]string{"list", "ls", "version", "--version"}, args[0])
}

// System is the App of the running process.
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

// openTerminal fails where a process has no controlling terminal: a service, a
// job of cron.
func openTerminal() (io.ReadCloser, error) { return os.Open("/dev/tty") }

// calledAs gives the name in help and errors: that of the link, without path.
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

// kernel opens IPVS in the namespace that was asked for, once.
func (a *App) kernel() (kernel.Kernel, error) {
	if a.opened != nil {
		return a.opened, nil
	}
	k, err := a.OpenKernel(kernel.Options{Netns: a.global.netns, Alone: a.alone})
	if err != nil {
		return nil, &openError{err}
	}
	a.opened = k
	return k, nil
}

// reopen opens IPVS anew; the old one ends when the new one is there.
func (a *App) reopen() (kernel.Kernel, error) {
	k, err := a.OpenKernel(kernel.Options{Netns: a.global.netns})
	if err != nil {
		return nil, &openError{err}
	}
	a.opened.Close()
	a.opened = k
	return k, nil
}

// close ends what the run has opened.
func (a *App) close() {
	a.endLine()
	a.op = nil
	if a.opened != nil {
		a.opened.Close()
		a.opened = nil
	}
	if a.cancel != nil {
		a.cancel()
	}
}

// note tells a person something on standard error; -q silences it.
func (a *App) note(format string, args ...any) {
	if !a.global.quiet {
		a.endLine()
		fmt.Fprintf(a.Err, "%s: %s\n", a.Name, oneLine(fmt.Sprintf(format, args...)))
	}
}

// say is a line of note without the program's name.
func (a *App) say(format string, args ...any) {
	if !a.global.quiet {
		a.endLine()
		fmt.Fprintln(a.Err, oneLine(fmt.Sprintf(format, args...)))
	}
}
