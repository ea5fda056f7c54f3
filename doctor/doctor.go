// Package doctor says what is wrong with a director, or will be wrong once a
// change is made, and what helps. It looks at tables, settings and plans and
// changes nothing. Verbs that are about to do something quote the same diagnoses.
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
	// Code names the kind of diagnosis. It does not change from version to version.
	Code     string
	Severity Severity
	// What is the fact, Why what follows from it, Fix what helps: a command, or a
	// sentence that begins with a verb. Each is one line in plain words.
	What, Why, Fix string
}

// Severity says how much a diagnosis matters.
type Severity uint8

// The severities.
const (
	Note    Severity = iota // nothing is lost
	Warning                 // clients notice it
)

func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "note"
}

// Settings are what decides about connections besides the table.
type Settings struct {
	Sysctls  []kernel.Sysctl
	Timeouts kernel.Timeouts
}

// ReadSettings reads the settings. What needs more privilege stays empty.
func ReadSettings(ctx context.Context, k interface {
	Sysctls(context.Context) ([]kernel.Sysctl, error)
	Timeouts(context.Context) (kernel.Timeouts, error)
}) (s Settings, err error) {
	if s.Sysctls, err = k.Sysctls(ctx); err != nil && !errors.Is(err, kernel.ErrPermission) {
		return s, err
	}
	if s.Timeouts, err = k.Timeouts(ctx); err != nil && !errors.Is(err, kernel.ErrPermission) {
		return s, err
	}
	return s, nil
}

// off reports whether a sysctl is known to be 0.
func (s Settings) off(name string) bool {
	on, known := kernel.Switch(s.Sysctls, name)
	return known && !on
}

// sysctlIsOff says so, for all diagnoses alike.
func sysctlIsOff(name string) string { return "net.ipv4.vs." + name + " is 0" }

func setSysctl(name string) string { return "sysctl -w net.ipv4.vs." + name + "=1" }

// BoundClients diagnoses a server that is about to be drained: clients that
// persistence binds to it keep coming, in spite of weight 0. It is nil if there
// are none.
func BoundClients(s Settings, of kernel.Service, v *kernel.ServerEntry) *Diagnosis {
	if of.Persistence == 0 || v.Persistent == 0 || !s.off(kernel.ExpireQuiescentTemplate) {
		return nil
	}
	return &Diagnosis{
		Code: "bound-clients", Severity: Warning, What: sysctlIsOff(kernel.ExpireQuiescentTemplate),
		Why: fmt.Sprintf("clients bound by persistence keep coming to %v in %v (%d now)",
			v.Addr, of.ServiceID, v.Persistent),
		Fix: setSysctl(kernel.ExpireQuiescentTemplate),
	}
}

// DroppedReturns diagnoses the deletion of servers: the kernel remembers a
// connection after its end, for the timeout after a FIN if it sees one side
// alone (direct routing, tunnels), and drops what comes for it once the server is
// gone (ip_vs_core.c, conn_reuse_mode in ipvs-sysctl). It is nil if that cannot
// happen.
func DroppedReturns(s Settings, going []kernel.ServerEntry) *Diagnosis {
	if !s.off(kernel.ExpireNodestConn) {
		return nil
	}
	for i := range going {
		v := &going[i]
		if v.Forward == kernel.NAT || v.Active == 0 && v.Inactive == 0 {
			continue
		}
		return &Diagnosis{
			Code: "dropped-returns", Severity: Warning, What: sysctlIsOff(kernel.ExpireNodestConn),
			Why: fmt.Sprintf("for up to %s, clients that use a port again hang on the server that is gone",
				plan.DurationText(s.Timeouts.TCPFin)),
			Fix: setSysctl(kernel.ExpireNodestConn) + " before sends them to another server",
		}
	}
	return nil
}

// DroppedDatagrams diagnoses the deletion of a drained server of a UDP or
// firewall-mark service: datagrams that still come are dropped. It is nil if that
// cannot happen.
func DroppedDatagrams(s Settings, of kernel.ServiceID, v *kernel.ServerEntry) *Diagnosis {
	if v.Inactive == 0 || !s.off(kernel.ExpireNodestConn) || of.Protocol != kernel.UDP && of.FWMark == 0 {
		return nil
	}
	return &Diagnosis{
		Code: "dropped-datagrams", Severity: Warning, What: sysctlIsOff(kernel.ExpireNodestConn),
		Why: fmt.Sprintf("packets of %s to %v in %v are dropped until the connections time out",
			count(uint64(v.Inactive), "old connection"), v.Addr, of),
		Fix: setSysctl(kernel.ExpireNodestConn) + " sends them to another server at once",
	}
}

// StoppedCounters diagnoses a kernel that was told to leave the counters alone
// (run_estimation, from Linux 6.2). It is nil if they go on.
func StoppedCounters(s Settings) *Diagnosis {
	if !s.off(kernel.RunEstimation) {
		return nil
	}
	return &Diagnosis{
		Code: "stopped-counters", Severity: Warning, What: sysctlIsOff(kernel.RunEstimation),
		Why: "counters and rates stand still", Fix: setSysctl(kernel.RunEstimation),
	}
}

func count(n uint64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
