package doctor

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"lvs/kernel"
)

func TestTable(t *testing.T) {
	full := func(used, limit int64) func() *Diagnosis {
		return func() *Diagnosis { return FullTable(kernel.ConnTable{Used: used, Max: limit}) }
	}
	const code, drops = "full-table", "the kernel drops new connections without an answer"
	for _, c := range []struct {
		name     string
		diagnose func() *Diagnosis
		want     *Diagnosis
	}{
		{"estimation is off", func() *Diagnosis { return StoppedCounters(kernel.RunEstimation) },
			&Diagnosis{"stopped-counters", Warning, "net.ipv4.vs.run_estimation is 0",
				"the kernel does not update counters and rates, so they are unknown", "sysctl -w net.ipv4.vs.run_estimation=1"}},
		{"no processor estimates", func() *Diagnosis { return StoppedCounters(kernel.EstCPUList) },
			&Diagnosis{"stopped-counters", Warning, "net.ipv4.vs.est_cpulist is empty",
				"the kernel does not update counters and rates, so they are unknown",
				"sysctl -w net.ipv4.vs.est_cpulist=0 lets the first processor update them"}},
		{"zeroed without estimation", func() *Diagnosis { return StoppedZero(kernel.RunEstimation) },
			&Diagnosis{"stopped-counters", Warning, "net.ipv4.vs.run_estimation is 0",
				"the reset has little effect: what is counted until it is set is added to the counters then",
				"sysctl -w net.ipv4.vs.run_estimation=1"}},
		{"counters are updated", func() *Diagnosis { return StoppedCounters("") }, nil},
		{"zeroed", func() *Diagnosis { return StoppedZero("") }, nil},

		{"79 of 100", full(79, 100), nil},
		{"80 of 100", full(80, 100), &Diagnosis{code, Warning,
			"net.ipv4.vs.conn_max is 100, and the table has 80 connections",
			"at the limit " + drops, "sysctl -w net.ipv4.vs.conn_max=65536"}},
		{"full", full(1, 1), &Diagnosis{code, Warning, "net.ipv4.vs.conn_max is 1, and the table has 1 connection",
			drops, "sysctl -w net.ipv4.vs.conn_max=65536"}},
		{"large", full(900_000, 1_000_000), &Diagnosis{code, Warning,
			"net.ipv4.vs.conn_max is 1000000, and the table has 900000 connections", "at the limit " + drops,
			"sysctl -w net.ipv4.vs.conn_max=2000000"}},
		{"nothing is allowed", full(0, 0), &Diagnosis{code, Warning,
			"net.ipv4.vs.conn_max is 0, and the table has 0 connections",
			drops, "sysctl -w net.ipv4.vs.conn_max=65536"}},
		{"the kernel's own limit", full(1<<30, 1<<30), &Diagnosis{code, Warning,
			"net.ipv4.vs.conn_max is 1073741824, and the table has 1073741824 connections", drops,
			"shorten the timeouts of idle connections: lvs timeouts set --help"}},
		{"no limit", full(5, -1), nil},
		{"unknown", full(-1, 100), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(c.want, c.diagnose()); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}
