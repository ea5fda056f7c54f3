// Package memory is IPVS in memory: a kernel.Kernel with the real one's
// refusals, defaults and order, for tests and for the dashboard's demo. It
// moves no packets; what it counts, a test tells it.
//
// The suite in kernel/contract runs against it and against the real
// kernel, so what it says is what Linux says.
package memory
