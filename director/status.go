// Package director keeps the kernel's table as the cluster file wants it, and takes failed
// servers out of use. One goroutine owns all its state; everything else sends it messages
// and gets values.
package director

import (
	"time"

	"lvs/director/health"
	"lvs/kernel"
)

// Status is all that can be seen of a director from outside, at one moment. It is a value:
// nothing in it changes later. The command line, and later the page and the metrics, are
// made from it.
type Status struct {
	At, Started time.Time
	// Version is that of the program, PID its process.
	Version string
	PID     int
	// Netns is the name of the network namespace, empty for the director's own.
	Netns string
	// Files are the cluster files, with absolute paths, Cluster the name in them. Loaded is
	// when they were read with success.
	Files   []string
	Cluster string
	Loaded  time.Time
	// Refused is why the newest reading of the files was refused, at RefusedAt: then the
	// files of Loaded stay in force. Empty: it was not.
	Refused   string
	RefusedAt time.Time
	// Frozen is set while the director changes nothing, because it doubts itself.
	Frozen *Frozen
	// Role is what the director does beside others: active, or backup of a VRRP pair.
	// Empty is active without a role.
	Role string
	// Services are in the order of the files.
	Services []ServiceStatus
	// Addresses are the virtual addresses of Services, sorted.
	Addresses []AddressStatus
	// Drift is what somebody else changed and what is not repaired (yet).
	Drift []Drift
	// Alarms are faults of the director itself and of its surroundings, for example a state
	// file that was damaged, a journal that cannot be written, or a sysctl that masking
	// needs.
	Alarms []Alarm
	// Checks are numbers about the checks.
	Checks CheckStatus
	// Resync is how long the newest comparison of the whole table with what is wanted took.
	// 0: there was none yet.
	Resync time.Duration
}

// Frozen is why and since when nothing is changed.
type Frozen struct {
	Since time.Time
	Why   string
}

// Drift is one difference between the table and what the director set.
type Drift struct {
	Since   time.Time
	Service kernel.ServiceID
	// Server is the zero key if the service itself differs.
	Server kernel.ServerKey
	// What is missing, unexpected, weight or settings; Have and Want are the two values as
	// text, empty if there is none.
	What       DriftKind
	Have, Want string
}

// DriftKind is how an object differs.
type DriftKind string

// The kinds.
const (
	Missing    DriftKind = "missing"
	Unexpected DriftKind = "unexpected"
	Weight     DriftKind = "weight"
	Setting    DriftKind = "setting"
)

// Alarm is a fault that an admin should know about.
type Alarm struct {
	Since time.Time
	// Code is the kind, the same in all versions. What is the fault, Fix what to do.
	Code, What, Fix string
}

// CheckStatus are numbers about the checks since the start.
type CheckStatus struct {
	// Probes is the number of different probes, PerSecond how many are due in a second.
	Probes    int
	PerSecond float64
	// Done is the number of results, Late how many probes began more than 100 ms after they
	// were due, Local how many could not be asked because of a lack of this machine.
	Done, Late, Local uint64
}

// ServiceStatus is the state of a service.
type ServiceStatus struct {
	ID   kernel.ServiceID
	Name string
	// State is up while the quorum holds, down below it, and unknown before the first
	// verdicts.
	State ServiceState
	Since time.Time
	// Healthy is how many servers are up, of all. Weight is the sum of the weights in force
	// of Declared.
	Healthy, All     int
	Weight, Declared int64
	// DownBelow and UpFrom are the quorum in the unit that the file uses: servers, or
	// weight if ByWeight is set.
	DownBelow, UpFrom int64
	ByWeight          bool
	// MinLeft is the percentage of the weight below which changes by hand ask. 0 is the
	// default of the commands.
	MinLeft int
	// Tier is the highest tier that is in use; the first is 0.
	Tier int
	// FallbackInUse is set while the fallback server gets the traffic.
	FallbackInUse bool
	Servers       []ServerStatus
}

// ServiceState is whether a service can serve.
type ServiceState string

// The states.
const (
	ServiceUnknown ServiceState = "unknown"
	ServiceUp      ServiceState = "up"
	ServiceDown    ServiceState = "down"
)

// ServerStatus is the state of a server of a service.
type ServerStatus struct {
	Key kernel.ServerKey
	// Tier is 0 for the first choice. Fallback is set for the fallback server.
	Tier     int
	Fallback bool
	// Admin is what people decided, Health what the checks found: two axes.
	Admin  AdminStatus
	Health HealthStatus
	// Declared is the weight in the file. Wanted is the weight that it should have now, and
	// Why the reason. InForce is the weight in the kernel's table when it was last read.
	// -1 is: not in the table.
	Declared, Wanted, InForce int
	Why                       Why
	// Changes is when Wanted will change by time alone: the end of a quiesce time, of a
	// maintenance, or the next step of a ramp. Zero: it will not.
	Changes time.Time
}

// AdminStatus is what people decided about a server.
type AdminStatus struct {
	State AdminState
	// Since and Until are zero if they are not known, or there is no end. User may be empty.
	Since, Until time.Time
	User, Reason string
	// Weight replaces the declared weight, -1 is none.
	Weight int
}

// AdminState is what people decided.
type AdminState string

// The states.
const (
	Ready       AdminState = "ready"
	Drained     AdminState = "drain"
	Maintenance AdminState = "maintenance"
)

// HealthStatus is what the checks found about a server.
type HealthStatus struct {
	// Verdict is unknown, up or down of all checks together. Checked is false without any
	// check: then the verdict is unknown for ever, and counts as up.
	Verdict health.Verdict
	Checked bool
	Since   time.Time
	// Flaps is how often the verdict changed in the last hour.
	Flaps int
	// Suspect is set while new connections stay half open (passive health).
	Suspect bool
	Probes  []ProbeStatus
}

// ProbeStatus is one check of a server.
type ProbeStatus struct {
	Key   health.Key
	Kind  health.Kind
	Addr  string // the address and port that are asked; for exec the program, for file the path
	State health.State
}

// Why is why a server has its wanted weight.
type Why string

// The reasons, the first that applies.
const (
	ByFile       Why = "file"       // the declared weight
	ByDrain      Why = "drain"      // drained
	ByMaint      Why = "maintain"   // in maintenance
	ByWeight     Why = "weight"     // somebody set another weight
	ByCheck      Why = "check"      // down
	ByPassive    Why = "passive"    // new connections stay half open
	ByStart      Why = "start"      // new, and not yet up
	ByRamp       Why = "ramp"       // slow start
	ByAgent      Why = "agent"      // the server's own word
	ByDegrade    Why = "degrade"    // a check fails that only lowers the weight
	ByTier       Why = "tier"       // its tier is not needed
	ByFallback   Why = "fallback"   // the fallback, in use or not
	BySpared     Why = "spared"     // down, and kept because of maxMasked, a freeze, or onAllDown: open
	ByAdoption   Why = "adoption"   // found in the table, and not yet judged
	ByQuiesced   Why = "quiesced"   // down, and removed after the quiesce time
	ByOverridden Why = "overridden" // drift that is only reported
	ByAbsence    Why = "absent"     // the files do not have the server
)

// Event is something that happened. Its text is made elsewhere.
type Event struct {
	// ID counts from 1 since the director started.
	ID   uint64
	At   time.Time
	Kind EventKind
	// Service and Server are zero if the event is about none.
	Service kernel.ServiceID
	Server  kernel.ServerKey
	// From and To are the old and the new value: a verdict, an admin state, a weight, a
	// state of the service. They may be empty.
	From, To string
	// Why is the reason of a weight. Result is the last result of the check that decided.
	Why    Why
	Result health.Result
	// Kind of the check that decided, for verdicts.
	Check health.Kind
	// User and Reason are of an admin's decision.
	User, Reason string
	// Text is a message that has no other form, such as the faults of a file.
	Text string
}

// EventKind is the kind of an event.
type EventKind string

// The kinds.
const (
	EventStarted  EventKind = "started"
	EventStopped  EventKind = "stopped"
	EventReloaded EventKind = "reloaded"
	EventRefused  EventKind = "refused" // a file
	EventVerdict  EventKind = "verdict"
	EventWeight   EventKind = "weight"
	EventAdmin    EventKind = "admin"
	EventService  EventKind = "service"
	EventFallback EventKind = "fallback"
	EventDrift    EventKind = "drift"
	EventFrozen   EventKind = "frozen"
	EventThawed   EventKind = "thawed"
	EventAlarm    EventKind = "alarm"
	EventRole     EventKind = "role"
	EventSysctl   EventKind = "sysctl" // a setting of the kernel was changed, Text is its name
)

// Decision is what a person wants for some servers. It is handed to the director by the
// command line, which does it itself if no director runs.
type Decision struct {
	// Action is drain, maintain, undrain or weight.
	Action Action
	// Servers are the servers in their services.
	Servers []kernel.ServerKey
	// Weight is for the action weight, and Over the time in which it is reached in steps.
	Weight int
	Over   time.Duration
	// For ends the decision after this time. Zero has no end.
	For          time.Duration
	User, Reason string
	// Command is the command line, for the journal.
	Command string
	// Undoes is the entry of the journal that the decision undoes, or zero.
	Undoes uint64
}

// Action is what a person wants.
type Action string

// The actions.
const (
	DoDrain    Action = "drain"
	DoMaintain Action = "maintain"
	DoUndrain  Action = "undrain"
	DoWeight   Action = "weight"
)
