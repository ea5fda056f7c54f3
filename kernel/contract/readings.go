package contract

import (
	"fmt"
	"net/netip"
	"testing"

	"lvs/kernel"
)

// Readings reads the connection table of a kernel while that changes it, and checks that
// each reading lists no entry twice and leaves out none of those that stay. stay are the
// clients of these; next begins the next change and reports whether to go on.
func Readings(t *testing.T, k kernel.Kernel, stay []netip.AddrPort, next func(reading int) bool) {
	t.Helper()
	for n := 0; next(n); n++ {
		for _, from := range []kernel.ConnectionSource{kernel.WithEngine, kernel.WithOrigin} {
			if err := onceEach(t, k, from, stay); err != nil {
				t.Fatalf("reading %d of source %d: %v", n, from, err)
			}
		}
	}
}

func onceEach(t *testing.T, k kernel.Kernel, from kernel.ConnectionSource, stay []netip.AddrPort) error {
	t.Helper()
	count := map[netip.AddrPort]int{}
	for c, err := range k.Connections(t.Context(), from) {
		if err != nil {
			return err
		}
		count[c.Client]++
	}
	twice, missing := 0, 0
	for _, n := range count {
		if n > 1 {
			twice++
		}
	}
	for _, client := range stay {
		if count[client] == 0 {
			missing++
		}
	}
	if twice > 0 || missing > 0 {
		return fmt.Errorf("of %d clients, %d are listed more than once, and %d of %d that stay are left out",
			len(count), twice, missing, len(stay))
	}
	return nil
}
