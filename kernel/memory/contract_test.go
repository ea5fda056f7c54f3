package memory_test

import (
	"bytes"
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"lvs/kernel"
	"lvs/kernel/contract"
	"lvs/kernel/memory"
)

func TestContract(t *testing.T) {
	contract.Run(t, func(*testing.T) kernel.Kernel {
		k := memory.New()
		k.Interface(contract.Interface, contract.MTU)
		return k
	})
}

func TestContractDenied(t *testing.T) {
	k := memory.New()
	contract.Denied(t, k, k.Deny)
}

// TestRandom checks what must be true of every table.
func TestRandom(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			k, r := memory.New(), contract.NewRandom(seed)
			count := map[kernel.Op]int{}
			for range 20 {
				changes := r.Batch(100)
				err := k.Apply(t.Context(), changes)
				for _, i := range made(t, err, len(changes)) {
					count[changes[i].Op]++
				}
				s, err := k.Snapshot(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				checkTable(t, s)
				if got, want := len(s.Services), count[kernel.AddService]-count[kernel.DeleteService]; got != want {
					t.Fatalf("%d services, want %d", got, want)
				}
				checkSaved(t, k, s)
			}
		})
	}
}

// made returns the indexes of the changes that were not refused.
func made(t *testing.T, err error, changes int) []int {
	t.Helper()
	var refused kernel.Refusals
	if err != nil && !errors.As(err, &refused) {
		t.Fatal(err)
	}
	out := []int{}
	for i := range changes {
		if !slices.ContainsFunc(refused, func(r kernel.Refusal) bool { return r.Index == i }) {
			out = append(out, i)
		}
	}
	return out
}

func checkTable(t *testing.T, s *kernel.Snapshot) {
	t.Helper()
	for i, e := range s.Services {
		if i > 0 && s.Services[i-1].Compare(e.ServiceID) >= 0 {
			t.Errorf("%v comes before %v", s.Services[i-1].ServiceID, e.ServiceID)
		}
		seen := map[string]bool{}
		for _, v := range e.Servers {
			if seen[v.Addr.String()] {
				t.Errorf("%v has %v twice", e.ServiceID, v.Addr)
			}
			seen[v.Addr.String()] = true
			if v.Weight < 0 || v.Lower > v.Upper || v.Forward != kernel.Tunneling && v.Tunnel != (kernel.Tunnel{}) {
				t.Errorf("%v has %+v", e.ServiceID, v)
			}
			if v.Forward != kernel.Tunneling && kernel.FamilyOf(v.Addr.Addr()) != e.Family {
				t.Errorf("%v has %v without a tunnel", e.ServiceID, v.Addr)
			}
		}
	}
}

func checkSaved(t *testing.T, k *memory.Kernel, want *kernel.Snapshot) {
	t.Helper()
	var b bytes.Buffer
	other := memory.New()
	if err := errors.Join(k.Save(&b), other.Load(&b)); err != nil {
		t.Fatal(err)
	}
	got, err := other.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(want.Services, got.Services, cmpopts.EquateComparable(netip.Addr{}, netip.AddrPort{})) {
		t.Error("the table changed when it was saved and loaded")
	}
}
