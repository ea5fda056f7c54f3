package cluster

import (
	"os"
	"path/filepath"
	"testing"
)

func TestToolOf(t *testing.T) {
	for name, want := range map[string]string{
		"keepalived.conf": "keepalived", "ldirectord.cf": "ldirectord", "ipvsctl.yaml.in": "ipvsctl",
		"keepalived.yaml": "", "ldirectord.yaml": "", "ipvsctl.yaml": "",
	} {
		if got := ToolOf(importedText(t, name)); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for text, want := range map[string]string{
		"": "", "-A -t 10.0.0.1:80 -s wlc\n": "ipvsadm", "\tvirtual6 = [::1]:80\n": "ldirectord", "vrrp_instance a {\n": "keepalived",
	} {
		if got := ToolOf(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// importedText reads a file that the importers are tested with.
func importedText(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("importer", "testdata", "import", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
