package kernel_test

import (
	"net/netip"
	"os/exec"
	"reflect"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"lvs/kernel"
	"lvs/kernel/contract"
	"lvs/kernel/memory"
	"lvs/lab"
)

func TestContract(t *testing.T) { contract.Run(t, openLab) }

// openLab returns the real kernel in a new namespace.
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

// TestAlone checks that Options.Alone reads the same table.
func TestAlone(t *testing.T) {
	k := openLab(t)
	var changes []kernel.Change
	for i := range 20 {
		s := kernel.Service{ServiceID: kernel.MarkID(uint32(1+i), kernel.IPv4), Scheduler: "rr"}
		changes = append(changes, kernel.Change{Op: kernel.AddService, Service: s})
		for j := range 300 { // several datagrams
			addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(j / 200), byte(1 + j%200)}), 0)
			v := kernel.Server{Addr: addr, Weight: i}
			changes = append(changes, kernel.Change{Op: kernel.AddServer, Service: s, Server: v})
		}
	}
	if err := k.Apply(t.Context(), changes); err != nil {
		t.Fatal(err)
	}
	alone, err := kernel.Open(kernel.Options{Alone: true})
	if err != nil {
		t.Fatal(err)
	}
	defer alone.Close()
	want, err := k.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, err := alone.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// The kernel may move services meanwhile, which changes the order.
	got.Time, got.Order, want.Order = want.Time, nil, nil
	if !reflect.DeepEqual(want, got) {
		t.Errorf("the tables differ: %d services and %d", len(want.Services), len(got.Services))
	}
}

// TestContractRandom makes thousands of random changes in the real kernel and in the
// one in memory.
func TestContractRandom(t *testing.T) {
	for seed := range uint64(2) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			contract.Same(t, seed, 2000, memory.New(), openLab(t))
		})
	}
}

// TestContractStatus checks that a kernel which should describe its tables does.
func TestContractStatus(t *testing.T) {
	lab.Need(t, lab.Feature{Name: "table status", Major: 7, Minor: 2})
	k, err := kernel.Open(kernel.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	if _, err := k.TableStatus(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestContractDenied runs as the user nobody, only in the thread of the test.
func TestContractDenied(t *testing.T) {
	k := openLab(t)
	become := func(uid int) {
		const keep = ^uintptr(0)
		if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, keep, uintptr(uid), keep); errno != 0 {
			t.Fatalf("become user %d: %v", uid, errno)
		}
	}
	t.Cleanup(func() { become(0) })
	contract.Denied(t, k, func() { become(65534) })
}
