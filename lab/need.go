// Package lab is for tests that need a real kernel with IPVS. It runs each test in a
// new network namespace, and builds whole clusters with live traffic. Tests, the
// demonstration and the benchmarks import it; nothing that ships does. lab/machine
// fetches and boots kernels, and lab/run is the command.
package lab

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The environment of a test that runs in a lab kernel.
const (
	InLabVariable = "LVS_IN_LAB"   // set there and nowhere else
	KindVariable  = "LVS_LAB_KIND" // host, uml or qemu
)

// Feature is a feature that only newer kernels have.
type Feature struct {
	Name         string
	Major, Minor int // the first kernel with it
}

// Need declares that a test needs a kernel with IPVS. Outside a lab kernel it skips the
// test. Inside, it moves the test to a new network namespace in which lo is up, on a
// thread of its own, until the test ends. It returns the namespace.
//
// The namespace belongs to the test's goroutine. A subtest runs on another goroutine:
// start it with Namespace.Run, or let it call Need itself. Programs that the test starts
// are in the namespace. Files in /proc/net and /proc/self show the namespace of the
// process; /proc/thread-self/net shows that of the test.
//
// If the kernel is older than one of the features, Need skips the test with the name of
// the feature. After Need, a skip for any other reason is a failure: in the lab nothing
// else may be missing.
func Need(t testing.TB, features ...Feature) *Namespace {
	t.Helper()
	if os.Getenv(InLabVariable) == "" {
		t.Skip("needs a kernel with IPVS: run `make test` or `bin/lab test`")
	}
	major, minor := kernelVersion(t)
	for _, f := range features {
		if major < f.Major || major == f.Major && minor < f.Minor {
			t.Skipf("%s needs Linux %d.%d, this is %d.%d", f.Name, f.Major, f.Minor, major, minor)
		}
	}
	t.Cleanup(func() {
		if t.Skipped() {
			t.Error("skipped in the lab, where nothing should be missing")
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

// ipvsPresent loads IPVS if it is not loaded.
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

// Eventually calls check until it returns nil. If that takes longer than limit, it
// fails the test with the last error.
func Eventually(t testing.TB, limit time.Duration, check func() error) {
	t.Helper()
	const pause = 20 * time.Millisecond
	deadline := time.Now().Add(limit)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still failing after %s: %v", limit, err)
		}
		time.Sleep(pause)
	}
}
