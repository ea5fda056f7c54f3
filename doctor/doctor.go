// Package doctor finds what is wrong with a director, or will be wrong after a change,
// and how to fix it. It examines tables, settings and plans and changes nothing. Verbs
// that are about to change something show the same diagnoses.
package doctor

import (
	"context"
	"errors"
	"fmt"

	"lvs/kernel"
	"lvs/plan"
)

// Diagnosis is one thing that is wrong, or will be.
type Diagnosis struct {
	// Code is the kind of diagnosis. It is the same in all versions.
	Code     string
	Severity Severity
	// What is the fact, Why its consequence, Fix what to do: it begins with a command or
	// a verb. Each is one line.
	What, Why, Fix string
}

// Severity is how much a diagnosis matters.
type Severity uint8

// The severities.
const (
	Note    Severity = iota // clients do not notice it
	Warning                 // clients notice it
)

func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "note"
}

// Settings are the settings besides the table that affect connections.
type Settings struct {
	Sysctls  []kernel.Sysctl
	Timeouts kernel.Timeouts
	// Daemons are the sync daemons.
	Daemons []kernel.Daemon
}

// ReadSettings reads the settings. Those that need more privilege stay empty.
func ReadSettings(ctx context.Context, k interface {
	Sysctls(context.Context, ...string) ([]kernel.Sysctl, error)
	Timeouts(context.Context) (kernel.Timeouts, error)
	Daemons(context.Context) ([]kernel.Daemon, error)
}) (s Settings, err error) {
	if s.Sysctls, err = k.Sysctls(ctx); err != nil && !errors.Is(err, kernel.ErrPermission) {
		return s, err
	}
	if s.Timeouts, err = k.Timeouts(ctx); err != nil && !errors.Is(err, kernel.ErrPermission) {
		return s, err
	}
	if s.Daemons, err = k.Daemons(ctx); err != nil && !errors.Is(err, kernel.ErrPermission) {
		return s, err
	}
	return s, nil
}

// off reports whether a sysctl is known to be 0.
func (s Settings) off(name string) bool {
	on, known := kernel.Switch(s.Sysctls, name)
	return known && !on
}

// sysctlIsOff returns the fact that all diagnoses of a sysctl begin with.
func sysctlIsOff(name string) string { return "net.ipv4.vs." + name + " is 0" }

func setSysctl(name string) string { return sysctlTo(name, "1") }

func sysctlTo(name, value string) string { return "sysctl -w net.ipv4.vs." + name + "=" + value }

// DroppedConnections diagnoses deletions: the kernel keeps the connections of a deleted
// server until they time out, and drops their packets. It returns nil if that does not
// happen.
func DroppedConnections(cost *plan.Cost) *Diagnosis {
	n := cost.Fates[plan.Dropped]
	if n == 0 {
		return nil
	}
	until := "until the connections time out"
	if cost.Within > 0 {
		until = fmt.Sprintf("for up to %s (timeout %v)", plan.DurationText(cost.Within), cost.Timeout)
	}
	return &Diagnosis{
		Code: "dropped-connections", Severity: Warning, What: sysctlIsOff(kernel.ExpireNodestConn),
		Why: fmt.Sprintf("packets of %s to deleted servers are dropped %s", count(n, "connection"), until),
		Fix: setSysctl(kernel.ExpireNodestConn) + " before the deletion ends them at once: TCP is reset, UDP moves",
	}
}

func count(n uint64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
