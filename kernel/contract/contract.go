// Package contract is the specification of kernel.Kernel: one suite of tests for
// the real kernel and the one in memory. If the two differ, the real one is right.
package contract

import (
	"testing"

	"lvs/kernel"
)

// Interface is a network interface that the kernel under test must have, for the
// sync daemons, and MTU is its MTU.
const (
	Interface = "sync0"
	MTU       = 9000
)

// Run runs the suite. For each test open returns a new kernel with an empty table
// and registers its cleanup.
//
// Network namespaces belong to threads: a subtest may use what goes through
// netlink, but not sysctls, timeouts or files of /proc.
func Run(t *testing.T, open func(t *testing.T) kernel.Kernel) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, k kernel.Kernel)
	}{
		{"Empty", testEmpty},
		{"Info", testInfo},
		{"Services", testServices},
		{"Schedulers", testSchedulers},
		{"Persistence", testPersistence},
		{"ServiceRefusals", testServiceRefusals},
		{"EditService", testEditService},
		{"Servers", testServers},
		{"ServerOrder", testServerOrder},
		{"Tunnels", testTunnels},
		{"MixedFamilies", testMixedFamilies},
		{"ServerRefusals", testServerRefusals},
		{"UpperLimit", testUpperLimit},
		{"ServerAddresses", testServerAddresses},
		{"EditServer", testEditServer},
		{"Batch", testBatch},
		{"LargeBatch", testLargeBatch},
		{"ManyRefusals", testManyRefusals},
		{"Order", testOrder},
		{"Only", testOnly},
		{"Piecewise", testPiecewise},
		{"Public", testPublic},
		{"Zero", testZero},
		{"Flush", testFlush},
		{"Timeouts", testTimeouts},
		{"Interfaces", testInterfaces},
		{"Daemons", testDaemons},
		{"DaemonDefaults", testDaemonDefaults},
		{"DaemonLimits", testDaemonLimits},
		{"DaemonRefusals", testDaemonRefusals},
		{"Sysctls", testSysctls},
		{"SysctlRefusals", testSysctlRefusals},
		{"SomeSysctls", testSomeSysctls},
		{"Stopped", testStopped},
		{"TableStatus", testTableStatus},
		{"Totals", testTotals},
		{"Connections", testConnections},
		{"Cancelled", testCancelled},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}
