package kernel

import (
	"errors"
	"strings"
	"testing"
)

func TestOpenNamespaceRefuses(t *testing.T) {
	for in, want := range map[string]string{
		"pid:2147483646":    "no such process",
		"pid:web":           "not a process number",
		"no-such-namespace": "no such network namespace",
		"/etc/passwd":       "it is no network namespace",
		"/proc/self/ns/uts": "it is no network namespace",
	} {
		n, err := openNamespace(in)
		if !errors.Is(err, ErrNoNamespace) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want one with %q", in, err, want)
		}
		if err == nil {
			n.close()
		}
	}
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
