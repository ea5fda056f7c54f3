package kernel_test

import (
	"os/exec"
	"strconv"
	"testing"

	"lvs/kernel"
	"lvs/kernel/kerneltest/contract"
	"lvs/lab"
)

func TestContract(t *testing.T) { contract.Run(t, openLab) }

// openLab gives the real kernel in a namespace of the test's own.
func openLab(t *testing.T) kernel.Kernel {
	lab.Need(t)
	ip(t, "link", "add", contract.Interface, "mtu", strconv.Itoa(contract.MTU), "up", "type", "dummy")
	ip(t, "address", "add", "10.255.255.1/24", "dev", contract.Interface)
	k, err := kernel.Open(kernel.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	return k
}

func ip(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		t.Fatalf("ip %v: %v: %s", args, err, out)
	}
}
