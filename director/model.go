package director

import (
	"time"

	"lvs/cluster"
	"lvs/director/health"
	"lvs/kernel"
	"lvs/plan"
)

// Model is what the cluster files ask of the director, with all names looked up and all
// defaults filled in.
type Model struct {
	// Wanted has the table without any health: services, timeouts, sync daemons.
	Wanted *cluster.Wanted
	// Cluster is the name in the files, Files their absolute paths.
	Cluster  string
	Files    []string
	Settings Settings
	// Services are in the order of the files.
	Services []Service
	// Alarms are settings of the files that are valid and still harm clients, as
	// lvs validate notes them. Since is zero.
	Alarms []Alarm
}

// Settings are how the director behaves.
type Settings struct {
	// OnStop is keep, withdraw or remove; Drift is repair or report; Sysctl is check or set.
	OnStop, Drift, Sysctl string
	// Trusted gives new servers their weight before their first verdict.
	Trusted bool
	// RoleFile is a file whose first word is the role (master or backup), as written by
	// keepalived's notify scripts. Empty: the role is found by RoleAuto or always active.
	RoleFile string
	RoleAuto bool
	// Hook is a program with arguments that is run for each event, HookTimeout how long it
	// may take.
	Hook        []string
	HookTimeout time.Duration
}

// Service is what the director keeps one service at.
type Service struct {
	// Service has the declared servers with their declared weights.
	plan.Service
	Name string
	// Members are the servers with what their checks are, in the order of Servers.
	Members []Member
	// Fallback is the server that gets the traffic while the service is down. Nil is none.
	Fallback *kernel.Server

	// The service is down below Down and up from Up: healthy servers, or their declared
	// weight if ByWeight is set. Both are at least 1.
	Down, Up int64
	ByWeight bool
	// OnAllDown is withdraw, open or fallback.
	OnAllDown string
	// Quiesce is how long a failed server keeps the weight 0 before it is removed, unless
	// Keep is set.
	Quiesce time.Duration
	Keep    bool
	// MaxMasked is how many servers may be masked at a time, -1 is no limit.
	MaxMasked int
	SlowStart time.Duration
	// Passive masks servers whose new connections stay half open.
	Passive bool
	// MinLeft is the percentage of the weight below which a decision of a person needs a
	// confirmation. 0 is not given: the default of the commands.
	MinLeft  int
	Announce bool
}

// Member is a server of a service.
type Member struct {
	kernel.Server
	// Tier is 0 for the first choice; a higher one is used only while the tiers before it
	// are below the quorum.
	Tier int
	// Check is nil if the server is not checked.
	Check *Check
}

// Check is a tree of checks: a probe, or several checks that all must pass, or of which one
// must pass.
type Check struct {
	// Of are the parts. Empty: it is a probe.
	Of []Check
	// Any is set if one of Of is enough.
	Any bool
	health.Probe
	// Path sends the probe the way the traffic goes.
	Path bool
	// Degrade is the percentage of its weight that a server keeps if this check fails,
	// instead of being masked. 0 masks.
	Degrade int
}
