package commands

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lvs/cluster"
	"lvs/kernel"
	"lvs/output"
)

// serviceOptions are the configuration of a service as typed.
type serviceOptions struct {
	scheduler, schedFlags       string
	persistent, netmask, engine string
	ops                         bool
}

const defaultPersistence = 6 * time.Minute

func (o *serviceOptions) register(c *cobra.Command) {
	f := c.Flags()
	f.StringVarP(&o.scheduler, "scheduler", "s", "", "choose servers by the scheduler `NAME`: "+strings.Join(schedulerNames(), ", ")+" (default wlc)")
	f.StringVar(&o.schedFlags, "sched-flags", "", "the scheduler's switches `FLAGS`, a list with commas: sh-fallback, sh-port, mh-fallback, mh-port, flag-1, flag-2, flag-3, or none (default none)")
	f.StringVar(&o.persistent, "persistent", "", "keep a client on its server for `DURATION` after its last connection: seconds, 6m or 7d, at most 31 days; 0 or none is off (default off; 6m without a value)")
	f.Lookup("persistent").NoOptDefVal = output.Duration(defaultPersistence)
	f.StringVar(&o.netmask, "netmask", "", "treat the clients of a network as one for persistence: `MASK` is 255.255.255.0 or /24 for IPv4, 1 to 128 for IPv6, or none (default none: each by itself)")
	f.StringVar(&o.engine, "pe", "", "recognise clients by the persistence engine `NAME`: sip (by Call-ID), or none (default none: by address)")
	f.BoolVar(&o.ops, "ops", false, "schedule each datagram anew; for UDP and firewall marks (default off; --ops=false switches off)")
	complete(c, "scheduler", words(schedulerProposals()...))
	complete(c, "sched-flags", completeList("sh-fallback", "sh-port", "mh-fallback", "mh-port", "flag-1", "flag-2", "flag-3", "none"))
	complete(c, "persistent", words("6m", "none"))
	complete(c, "netmask", nothing)
	complete(c, "pe", words("sip", "none"))
}

// given tells whether any of the options was named.
func (o *serviceOptions) given(f *pflag.FlagSet) bool {
	for _, name := range []string{"scheduler", "sched-flags", "persistent", "netmask", "pe", "ops"} {
		if f.Changed(name) {
			return true
		}
	}
	return false
}

// overlay puts what was named over s and leaves the rest. What loses its
// meaning by it goes too: the flags of another scheduler; netmask and engine
// without persistence.
func (o *serviceOptions) overlay(f *pflag.FlagSet, s *kernel.Service) error {
	var bad faults
	if f.Changed("scheduler") {
		if !flagsSurvive(s.Scheduler, o.scheduler) {
			s.SchedFlags = 0
		}
		s.Scheduler = o.scheduler
	}
	if f.Changed("sched-flags") {
		flags, err := kernel.ParseSchedFlags(s.Scheduler, orNone(o.schedFlags))
		if err != nil {
			bad.add(usagef("service %v: %w", s.ServiceID, err))
		}
		s.SchedFlags = flags
	}
	if f.Changed("persistent") {
		d, err := parsePersistence(o.persistent)
		bad.add(err)
		s.Persistence = d
		if err != nil {
			s.Persistence = defaultPersistence // so that no other fault follows from this one
		}
		if s.Persistence == 0 {
			s.Netmask, s.Engine = 0, ""
		}
	}
	if f.Changed("netmask") {
		s.Netmask = 0
		if orNone(o.netmask) != "" {
			mask, err := kernel.ParseNetmask(s.Family, o.netmask)
			if err != nil {
				bad.add(usagef("service %v: %w", s.ServiceID, err))
			}
			s.Netmask = mask
		}
	}
	if f.Changed("pe") {
		s.Engine = orNone(o.engine)
	}
	if f.Changed("ops") {
		s.OnePacket = o.ops
	}
	bad.add(checkService(s))
	return bad.err()
}

// flagsSurvive tells whether a scheduler's flags mean the same to another: sh
// and mh share theirs.
func flagsSurvive(from, to string) bool {
	hashes := func(s string) bool { return s == "sh" || s == "mh" }
	return from == to || hashes(from) && hashes(to)
}

// orNone reads the word none as nothing.
func orNone(s string) string {
	if s == "none" {
		return ""
	}
	return s
}

// apart refuses --persistent 600: the value of an option that can do without
// one is joined to it, and the number would be taken for an argument.
func (o *serviceOptions) apart(f *pflag.FlagSet, args []string) error {
	if !f.Changed("persistent") || o.persistent != f.Lookup("persistent").NoOptDefVal {
		return nil
	}
	for _, arg := range args {
		if _, err := parsePersistence(arg); err == nil {
			return usagef("--persistent %s: the value is joined to the option", arg).hintf("write --persistent=%s", arg)
		}
	}
	return nil
}

// tried makes the hint of an unknown scheduler fit what was typed.
func (o *serviceOptions) tried(err error) error {
	if !errors.Is(err, kernel.ErrNoScheduler) || slices.Contains(schedulerNames(), o.scheduler) {
		return err
	}
	near := cluster.Nearest(o.scheduler, schedulerNames())
	if near == "" {
		return err
	}
	var refused kernel.Refusals
	if errors.As(err, &refused) {
		err = refused[0].Err
	}
	return (&fault{status: exitUsage, err: err}).
		hintf("did you mean %s? the schedulers are %s", near, strings.Join(schedulerNames(), ", "))
}

func parsePersistence(s string) (time.Duration, error) {
	if s == "none" {
		return 0, nil
	}
	return parseDuration("--persistent", s, durationRange{high: kernel.MaxPersistence, unit: time.Second, zero: true, or: "none"})
}

// schedulers are those of the Linux kernel, with what they do in a few words.
// The kernel loads another by its name too: the list is for help, not a fence.
var schedulers = []struct{ name, does string }{
	{"wlc", "fewest connections for its weight"},
	{"lc", "fewest connections"},
	{"rr", "one after the other"},
	{"wrr", "one after the other, by weight"},
	{"sed", "shortest expected delay"},
	{"nq", "an idle server first, else shortest delay"},
	{"fo", "the highest weight takes all"},
	{"ovf", "the highest weight until it is full"},
	{"sh", "by hash of the source address"},
	{"dh", "by hash of the destination address"},
	{"mh", "by consistent (Maglev) hash of the source"},
	{"lblc", "locality: one server for a destination"},
	{"lblcr", "locality with replication"},
	{"twos", "the better of two random choices"},
}

func schedulerNames() []string {
	out := make([]string, len(schedulers))
	for i, s := range schedulers {
		out[i] = s.name
	}
	return out
}

func schedulerProposals() []string {
	out := make([]string, len(schedulers))
	for i, s := range schedulers {
		out[i] = s.name + "\t" + s.does
	}
	return out
}
