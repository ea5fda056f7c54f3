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
	"strings"
	"syscall"

	"lvs/lab/machine"
)

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
	os.Exit(runAndReport(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// runAndReport runs a command line, prints why it failed and returns the exit status.
// Help that is asked for goes to out; after wrong usage the help of the
// subcommand goes to errs, and below it what is wrong.
func runAndReport(ctx context.Context, args []string, out, errs io.Writer) (status int) {
	status, err := run(ctx, args, out, errs)
	var wanted helpWanted
	var usage *usageError
	switch {
	case err == nil:
		return status
	case errors.As(err, &wanted):
		fmt.Fprint(out, helpFor(string(wanted)))
		return 0
	case errors.As(err, &usage):
		fmt.Fprint(errs, helpFor(usage.command))
		if usage.text != "" {
			fmt.Fprintf(errs, "\nlab: %s\n", usage.text)
		}
		return 2
	}
	fmt.Fprintln(errs, "lab:", err)
	return max(status, 1)
}

// run runs a subcommand. The status is that of the command in the guest.
func run(ctx context.Context, args []string, out, errs io.Writer) (status int, err error) {
	if len(args) == 0 {
		return 0, &usageError{}
	}
	l := &launcher{out: out, errs: errs}
	verb, rest := args[0], args[1:]
	switch {
	case verb == "exec":
		return l.exec(ctx, rest)
	case verb == "test":
		return l.test(ctx, rest)
	case verb == "demo":
		if err := noArguments(verb, rest); err != nil {
			return 0, err
		}
		return l.runProgram(ctx, verb, rest)
	case verb == "bench":
		if err := checkBench(rest); err != nil {
			return 0, err
		}
		return l.runProgram(ctx, verb, rest)
	case verb == "fetch":
		if err := noArguments(verb, rest); err != nil {
			return 0, err
		}
		return 0, l.fetch(ctx)
	case verb == inside:
		return 0, l.runInside(ctx, rest)
	case verb == "help" && len(rest) > 0 && isCommand(rest[0]):
		return 0, helpWanted(rest[0])
	case verb == "help" && len(rest) == 0, asksForHelp(verb):
		return 0, helpWanted("")
	case verb == "help":
		verb = rest[0]
	}
	if strings.HasPrefix(verb, "-") {
		return 0, usagef("", "unknown option %q", verb)
	}
	return 0, usagef("", "unknown command %q", verb)
}

// launcher runs subcommands. Output goes to out, progress and trouble to errs.
type launcher struct {
	out, errs io.Writer
}

func (l *launcher) say(format string, args ...any) {
	fmt.Fprintf(l.errs, "lab: "+format+"\n", args...)
}

// choose returns the kernel to boot and prints which it is.
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

// fetch downloads everything that a later run may need.
func (l *launcher) fetch(ctx context.Context) error {
	cache, err := machine.OpenCache(l.say)
	if err != nil {
		return err
	}
	if err := machine.Fetch(ctx, cache); err != nil {
		return err
	}
	_, err = cache.Callers(ctx)
	if err == nil {
		_, err = cache.Programs(ctx)
	}
	return err
}
