// Package lab is for tests that need a real kernel with IPVS. It gives each
// test a network namespace of its own, and whole clusters with live traffic.
// It is imported by tests, the demonstration and the benchmarks, and by
// nothing that ships. Fetching and booting kernels is the work of
// lab/machine; lab/run is the command.
package lab

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

// The environment of a test that runs in a lab kernel.
const (
	InLabVariable = "LVS_IN_LAB"   // set there and nowhere else
	KindVariable  = "LVS_LAB_KIND" // host, uml or qemu
)

// Feature is something that only newer kernels have.
type Feature struct {
	Name         string
	Major, Minor int // the first kernel with it
}

// Need says that a test needs a kernel with IPVS. Outside a lab kernel the
// test is skipped. Inside it gets a network namespace of its own, whose lo is
// up, on a thread of its own, until it ends; that namespace is returned.
//
// The namespace belongs to the test's goroutine. A subtest runs on another
// one: start it by Namespace.Run, or let it call Need itself. Programs that
// the test starts are in the namespace. Files below /proc/net and /proc/self
// show the process's namespace; /proc/thread-self/net shows the test's.
//
// On a kernel older than one of the features the test is skipped, with the
// feature's name. Skipping for any other reason after Need is a failure: in
// the lab nothing else may be missing.
func Need(t testing.TB, features ...Feature) *Namespace {
	t.Helper()
	if os.Getenv(InLabVariable) == "" {
		t.Skip("needs a kernel with IPVS: run it by `make test` or `bin/lab test`")
	}
	major, minor := kernelVersion(t)
	for _, f := range features {
		if major < f.Major || major == f.Major && minor < f.Minor {
			t.Skipf("%s needs Linux %d.%d, this is %d.%d", f.Name, f.Major, f.Minor, major, minor)
		}
	}
	t.Cleanup(func() {
		if t.Skipped() {
			t.Error("skipped in the lab, where everything should be there")
		}
	})
	ns, err := enterNew(t.Cleanup)
	if err != nil {
		t.Fatal(err)
	}
	if err := ipvsPresent(); err != nil {
		t.Fatal(err)
	}
	return ns
}

// ipvsPresent makes sure that the kernel's IPVS is loaded.
func ipvsPresent() error {
	const table = "/proc/thread-self/net/ip_vs"
	if _, err := os.Stat(table); err == nil {
		return nil
	}
	out, err := exec.Command("modprobe", "ip_vs").CombinedOutput()
	if _, missing := os.Stat(table); missing != nil {
		return fmt.Errorf("this kernel has no IPVS: modprobe ip_vs: %v: %s", err, out)
	}
	return nil
}

func kernelVersion(t testing.TB) (major, minor int) {
	t.Helper()
	var uts unix.Utsname
	if err := unix.Uname(&uts); err != nil {
		t.Fatal(err)
	}
	release := unix.ByteSliceToString(uts.Release[:])
	if _, err := fmt.Sscanf(release, "%d.%d", &major, &minor); err != nil {
		t.Fatalf("kernel release %q: %v", release, err)
	}
	return major, minor
}
