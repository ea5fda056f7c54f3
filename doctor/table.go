package doctor

import (
	"fmt"

	"lvs/kernel"
)

// StoppedCounters diagnoses a kernel that does not update its counters and rates, which
// are unknown then. by is Snapshot.Stopped. It returns nil if by is empty.
func StoppedCounters(by string) *Diagnosis {
	return stopped(by, "the kernel does not update counters and rates, so they are unknown")
}

// StoppedZero diagnoses a reset of counters that the kernel does not update: it adds
// what it counts meanwhile when it updates them again.
func StoppedZero(by string) *Diagnosis {
	return stopped(by, "the reset has little effect: what is counted until it is set is added to the counters then")
}

func stopped(by, why string) *Diagnosis {
	d := &Diagnosis{Code: "stopped-counters", Severity: Warning, Why: why}
	switch by {
	case "":
		return nil
	case kernel.EstCPUList:
		d.What = "net.ipv4.vs." + by + " is empty"
		d.Fix = "sysctl -w net.ipv4.vs." + by + "=0 lets the first processor update them"
	default:
		d.What, d.Fix = sysctlIsOff(by), setSysctl(by)
	}
	return d
}

// FullTable diagnoses a connection table that has reached the kernel's limit, or soon
// will. It returns nil if neither is known.
func FullTable(t kernel.ConnTable) *Diagnosis {
	if !t.AlmostFull() {
		return nil
	}
	d := &Diagnosis{
		Code: "full-table", Severity: Warning,
		What: fmt.Sprintf("net.ipv4.vs.%s is %d, and the table has %s", kernel.ConnMax, t.Max,
			count(uint64(t.Used), "connection")),
		Why: "at the limit the kernel drops new connections without an answer",
		Fix: fmt.Sprintf("sysctl -w net.ipv4.vs.%s=%d", kernel.ConnMax, min(max(2*t.Max, 2*t.Used, 1<<16), maxConns)),
	}
	if t.Used >= t.Max {
		d.Why = "the kernel drops new connections without an answer"
	}
	if t.Max >= maxConns {
		d.Fix = "shorten the timeouts of idle connections: lvs timeouts set --help"
	}
	return d
}

// maxConns is the largest value of kernel.ConnMax that the kernel accepts.
const maxConns = 1 << 30
