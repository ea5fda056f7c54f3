// Package contract says what every kernel.Kernel does: one suite for the real
// kernel and for the one in memory. It is for tests only; where the two differ
// the real one is right.
package contract

import (
	"testing"

	"lvs/kernel"
)

// Interface is a network interface that the kernel under test must have, and
// MTU its MTU: the sync daemons need one.
const (
	Interface = "sync0"
	MTU       = 9000
)

// Run runs the suite. Open gives each test a fresh kernel with an empty table
// and cleans up after it.
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
		{"TableStatus", testTableStatus},
		{"Totals", testTotals},
		{"Connections", testConnections},
		{"Cancelled", testCancelled},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}
