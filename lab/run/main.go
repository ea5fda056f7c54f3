// Command lab runs programs, tests, the demonstration and the benchmarks in a
// Linux kernel that has IPVS.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"lvs/lab/machine"
)

const usage = `usage: lab exec [--keep-tty] -- COMMAND [ARGUMENT…]   run a command in a lab kernel
       lab test [FLAG…] [PACKAGE…]                   run Go tests in a lab kernel
       lab demo                                      show a cluster with live traffic
       lab bench                                     measure against ipvsadm
       lab fetch                                     download kernel and tools now

LVS_LAB=host|uml|qemu chooses the kernel; without it, the first that works.
LVS_LAB_KERNEL=6.1|6.12 chooses QEMU's. LVS_LAB_CACHE is the cache folder.
`

// errUsage stands for a command line that makes no sense.
var errUsage = errors.New("usage")

func main() {
	if machine.IsGuest() {
		machine.GuestMain()
	}
	if machine.IsNamespaced() {
		if err := machine.NamespacedMain(); err != nil {
			fmt.Fprintln(os.Stderr, "lab:", err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	status, err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, errUsage):
		fmt.Fprint(os.Stderr, usage)
		status = 2
	case err != nil:
		fmt.Fprintln(os.Stderr, "lab:", err)
		status = max(status, 1)
	}
	os.Exit(status)
}

// run is one sub-command. The status is that of the command in the guest.
func run(ctx context.Context, args []string, out, errs io.Writer) (status int, err error) {
	if len(args) == 0 {
		return 0, errUsage
	}
	l := &launcher{out: out, errs: errs}
	switch verb, rest := args[0], args[1:]; verb {
	case "exec":
		return l.exec(ctx, rest)
	case "test":
		return l.test(ctx, rest)
	case "demo", "bench":
		return l.runProgram(ctx, verb, rest)
	case inside:
		return 0, l.runInside(ctx, rest)
	case "fetch":
		return 0, l.fetch(ctx)
	case "help", "-h", "--help":
		fmt.Fprint(out, usage)
		return 0, nil
	default:
		return 0, errUsage
	}
}

// launcher is what a sub-command is given.
type launcher struct {
	out, errs io.Writer
}

func (l *launcher) say(format string, args ...any) {
	fmt.Fprintf(l.errs, "lab: "+format+"\n", args...)
}

// choose returns the kernel and says which it is.
func (l *launcher) choose(ctx context.Context) (machine.Machine, error) {
	cache, err := machine.OpenCache(l.say)
	if err != nil {
		return nil, err
	}
	m, err := machine.Choose(ctx, cache)
	if err == nil {
		l.say("%s", m.Describe())
	}
	return m, err
}

func (l *launcher) fetch(ctx context.Context) error {
	cache, err := machine.OpenCache(l.say)
	if err != nil {
		return err
	}
	if err := machine.Fetch(ctx, cache); err != nil {
		return err
	}
	_, err = cache.Callers(ctx)
	return err
}
