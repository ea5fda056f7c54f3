package ipvsadm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"lvs/kernel"
)

// Program is ipvsadm, ipvsadm-save or ipvsadm-restore.
type Program struct {
	// Name is the program: ipvsadm, ipvsadm-save or ipvsadm-restore.
	Name string
	// Called is the name by which it was called, if that is another.
	Called   string
	In       io.Reader
	Out, Err io.Writer
	Open     func() (kernel.Kernel, error)
	// Names looks up the names of hosts and ports on the command line. If it is nil,
	// names are refused.
	Names Names

	kernel kernel.Kernel
}

// The exit statuses.
const (
	exitDone     = 0
	exitFailed   = 1   // a list or a save
	exitArgument = 2   // and no IPVS
	exitRefused  = 255 // by the kernel; or an unknown option
	exitPipe     = 128 + int(syscall.SIGPIPE)
	exitStopped  = 128 + int(syscall.SIGINT)
)

// Is reports whether a name is one of the three programs.
func Is(name string) bool {
	return name == "ipvsadm" || name == "ipvsadm-save" || name == "ipvsadm-restore"
}

// Run runs one command line and returns its exit status.
func (p *Program) Run(ctx context.Context, args []string) int {
	switch p.Name {
	case "ipvsadm-save":
		return p.runSave(ctx, args)
	case "ipvsadm-restore":
		return p.opened(ctx, func() int { return p.replace(ctx) })
	}
	read := &parser{names: p.Names, wide: true}
	cmd := Command{Verb: listTable}
	if len(args) > 0 {
		cmd, _ = read.parseArgs(args)
	}
	switch cmd.Verb {
	case showHelp, showVersion:
		return p.run(ctx, &cmd)
	}
	return p.opened(ctx, func() int {
		if len(read.faults) > 0 {
			return p.complain(read.faults[0].said)
		}
		return p.run(ctx, &cmd)
	})
}

// opened connects to IPVS and calls do. Like ipvsadm it first reads the version, which
// needs the privilege.
func (p *Program) opened(ctx context.Context, do func() int) int {
	k, err := p.Open()
	if err == nil {
		defer k.Close()
		p.kernel = k
		_, err = k.Info(ctx)
	}
	if err != nil {
		return p.fail(ctx, err, exitArgument)
	}
	return do()
}

// complain prints a complaint and returns its exit status.
func (p *Program) complain(c complaint) int {
	if c == askHelp {
		name := p.Called
		if name == "" {
			name = p.Name
		}
		c.text = fmt.Sprintf("Try `%s -h' or '%s --help' for more information.", name, name)
	}
	fmt.Fprintln(p.Err, c.text)
	return c.status
}

// fail prints the text of an error and returns the exit status, which may be another
// than the given one.
func (p *Program) fail(ctx context.Context, err error, status int) int {
	switch {
	case ctx.Err() != nil:
		return exitStopped
	case errors.Is(err, syscall.EPIPE):
		return exitPipe
	}
	text := reason(err)
	if errors.Is(err, kernel.ErrPermission) || errors.Is(err, kernel.ErrNotLoaded) {
		text = "Can't initialize ipvs: " + text + "\nAre you sure that IP Virtual Server is built in the kernel or as module?"
		status = exitArgument
	}
	fmt.Fprintln(p.Err, text)
	return status
}

// reason returns ipvsadm's text for an error of the kernel.
func reason(err error) string {
	text := ""
	switch {
	case errors.Is(err, kernel.ErrExists):
		text = "Service already exists"
		if onServer(err) {
			text = "Destination already exists"
		} else if onDaemon(err) {
			text = "Daemon has already run"
		}
	case errors.Is(err, kernel.ErrNoService):
		text = "No such service"
		if onServer(err) {
			text = "Service not defined"
		}
	case errors.Is(err, kernel.ErrNoServer):
		text = "No such destination"
	case errors.Is(err, kernel.ErrNoScheduler):
		text = "Scheduler or persistence engine not found"
	case errors.Is(err, kernel.ErrRange):
		text = "Numerical result out of range"
	case errors.Is(err, kernel.ErrInvalid):
		text = "Invalid operation.  Possibly wrong module version, address not unicast, ..."
	case errors.Is(err, kernel.ErrNoDaemon):
		text = "No daemon is running"
	case errors.Is(err, kernel.ErrNoInterface):
		text = "No such device"
	case errors.Is(err, kernel.ErrPermission):
		text = "Permission denied (you must be root)"
	case errors.Is(err, kernel.ErrNotLoaded):
		text = "Protocol not available"
	default:
		text = systems(err)
	}
	return text
}

// onServer reports whether an error concerns a server.
func onServer(err error) bool {
	var e *kernel.Error
	return errors.As(err, &e) && e.Server.IsValid()
}

// onDaemon reports whether an error concerns neither a service nor a server.
func onDaemon(err error) bool {
	var e *kernel.Error
	return errors.As(err, &e) && e.Service == (kernel.ServiceID{})
}

// systems returns the text of a system error as the C library writes it.
func systems(err error) string {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return err.Error()
	}
	text := errno.Error()
	return strings.ToUpper(text[:1]) + text[1:]
}
