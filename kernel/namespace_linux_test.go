package kernel

import (
	"errors"
	"fmt"
	"testing"
)

func TestOpenNamespaceRefuses(t *testing.T) {
	for in, want := range map[string]string{
		"pid:2147483646":    "no such process",
		"pid:web":           "want a process ID, as in pid:1234",
		"no-such-namespace": "no such network namespace",
		"/etc/passwd":       "not a network namespace",
		"/proc/self/ns/uts": "not a network namespace",
	} {
		t.Run(in, func(t *testing.T) {
			n, err := openNamespace(in)
			if text := fmt.Sprintf("open network namespace %q: %s", in, want); err == nil || err.Error() != text {
				t.Errorf("error %v, want %s", err, text)
			}
			if !errors.Is(err, ErrNoNamespace) {
				t.Errorf("error %v is not ErrNoNamespace", err)
			}
			if err == nil {
				n.close()
			}
		})
	}
}

func TestOpenNamespace(t *testing.T) {
	for _, in := range []string{"", "/proc/self/ns/net", "pid:1"} {
		n, err := openNamespace(in)
		if err != nil && !errors.Is(err, ErrPermission) {
			t.Errorf("%s: %v", in, err)
		}
		if err == nil {
			n.close()
		}
	}
}
