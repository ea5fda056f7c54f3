package commands

import (
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lvs/cluster"
	"lvs/kernel"
	"lvs/output"
)

// serviceOptions holds the settings of a service as the user typed them.
type serviceOptions struct {
	scheduler, schedFlags       string
	persistent, netmask, engine string
	ops                         bool
}

const defaultPersistence = 6 * time.Minute

func (o *serviceOptions) register(c *cobra.Command) {
	f := c.Flags()
	f.StringVarP(&o.scheduler, "scheduler", "s", "",
		"select servers with the scheduler `NAME`: "+strings.Join(schedulerNames(), ", ")+" (default wlc)")
	f.StringVar(&o.schedFlags, "sched-flags", "",
		"set the scheduler flags to `FLAGS`, separated by commas: "+strings.Join(kernel.SchedFlagNames(), ", ")+
			", none (default none)")
	f.StringVar(&o.persistent, "persistent", "",
		"keep a client on its server for `DURATION` after its last connection: seconds, 6m or 7d, at most 31 days; "+
			"0 or none is off (default off; 6m without a value)")
	f.Lookup("persistent").NoOptDefVal = output.Duration(defaultPersistence)
	f.StringVar(&o.netmask, "netmask", "",
		"treat the clients of a network as one client for persistence: `MASK` is 255.255.255.0 or /24 for IPv4, "+
			"1 to 128 for IPv6, or none (default none: each address is a client)")
	f.StringVar(&o.engine, "pe", "",
		"identify clients with the persistence engine `NAME`: sip (by Call-ID), or none (default none: by address)")
	f.BoolVar(&o.ops, "ops", false,
		"schedule each datagram separately; for UDP and firewall marks (default off; --ops=false turns it off)")
	complete(c, "scheduler", words(schedulerProposals()...))
	complete(c, "sched-flags", completeList(append(kernel.SchedFlagNames(), "none")...))
	complete(c, "persistent", words("6m", "none"))
	complete(c, "netmask", nothing)
	complete(c, "pe", words("sip", "none"))
}

// given reports whether any of the options is on the command line.
func (o *serviceOptions) given(f *pflag.FlagSet) bool {
	for _, name := range []string{"scheduler", "sched-flags", "persistent", "netmask", "pe", "ops"} {
		if f.Changed(name) {
			return true
		}
	}
	return false
}

// overlay sets in s what the command line has, and resets what has no meaning
// afterwards: the flags of another scheduler; netmask and engine without
// persistence.
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
			bad.add(ofService(s.ServiceID, err))
		}
		s.SchedFlags = flags
	}
	if f.Changed("persistent") {
		d, err := parsePersistence(o.persistent)
		bad.add(err)
		s.Persistence = d
		if err != nil {
			s.Persistence = defaultPersistence // to avoid follow-up errors
		}
		if s.Persistence == 0 {
			s.Netmask, s.Engine = 0, ""
		}
	}
	if f.Changed("netmask") {
		s.Netmask = 0
		if orNone(o.netmask) != "" && s.Family != 0 {
			mask, err := kernel.ParseNetmask(s.Family, o.netmask)
			if err != nil {
				bad.add(ofService(s.ServiceID, err))
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
	if s.ServiceID != (kernel.ServiceID{}) { // otherwise that is a fault already
		bad.add(checkService(s))
	}
	return bad.err()
}

// ofService returns a usage error about a setting of a service, which may not be known.
func ofService(id kernel.ServiceID, err error) error {
	if id == (kernel.ServiceID{}) {
		return usagef("%w", err)
	}
	return usagef("service %v: %w", id, err)
}

// flagsSurvive reports whether a scheduler's flags mean the same to another: sh and
// mh share theirs.
func flagsSurvive(from, to string) bool {
	hashes := func(s string) bool { return s == "sh" || s == "mh" }
	return from == to || hashes(from) && hashes(to)
}

// orNone returns s, or the empty string for the word none.
func orNone(s string) string {
	if s == "none" {
		return ""
	}
	return s
}

// apart refuses --persistent 600. The option may have no value, so a value must be
// joined to it; otherwise the number is an argument.
func (o *serviceOptions) apart(f *pflag.FlagSet, args []string) error {
	if !f.Changed("persistent") || o.persistent != f.Lookup("persistent").NoOptDefVal {
		return nil
	}
	for _, arg := range args {
		if _, err := parsePersistence(arg); err == nil {
			return usagef("--persistent needs = before its value").hintf("write --persistent=%s", arg)
		}
	}
	return nil
}

func parsePersistence(s string) (time.Duration, error) {
	if s == "none" {
		return 0, nil
	}
	return parseDuration("--persistent", s,
		durationRange{high: kernel.MaxPersistence, unit: time.Second, zero: true, or: "none"})
}

// schedulers are those of the Linux kernel, each with a short description. The list
// is for help and completion: the kernel accepts any scheduler that it can load.
var schedulers = []struct{ name, does string }{
	{"wlc", "fewest connections by weight"},
	{"lc", "fewest connections"},
	{"rr", "one server after the other"},
	{"wrr", "one server after the other, by weight"},
	{"sed", "shortest expected delay"},
	{"nq", "an idle server, or the shortest expected delay"},
	{"fo", "the server with the highest weight"},
	{"ovf", "the highest weight, then the next when it is full"},
	{"sh", "hash of the source address"},
	{"dh", "hash of the destination address"},
	{"mh", "consistent (Maglev) hash of the source address"},
	{"lblc", "locality: one server for each destination"},
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

// unknownNameHint returns the hint for a scheduler or an engine that the kernel does not have.
func unknownNameHint(err error) string {
	all := strings.Join(schedulerNames(), ", ")
	var unknown *kernel.UnknownName
	if !errors.As(err, &unknown) {
		return "use one of the schedulers " + all + ", or the persistence engine sip"
	}
	if unknown.Engine {
		return "use the persistence engine sip, or none"
	}
	if near := cluster.Nearest(unknown.Name, schedulerNames()); near != "" {
		return "did you mean " + near + "? (schedulers: " + all + ")"
	}
	return "use one of the schedulers " + all
}

func schedulerProposals() []string {
	out := make([]string, len(schedulers))
	for i, s := range schedulers {
		out[i] = s.name + "\t" + s.does
	}
	return out
}
