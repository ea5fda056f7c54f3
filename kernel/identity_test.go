package kernel_test

import (
	"testing"

	"lvs/kernel"
)

func TestLasting(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]bool{
		"0e4c7c5e-aaaa-bbbb-cccc-123456789012/netns-11":   true,
		"0e4c7c5e-aaaa-bbbb-cccc-123456789012/4026532097": false,
		"": false,
	} {
		if got := kernel.Lasting(id); got != want {
			t.Errorf("Lasting(%q) is %t", id, got)
		}
	}
}
