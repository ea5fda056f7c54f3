package cluster

import "testing"

func TestToolOf(t *testing.T) {
	for name, want := range map[string]string{
		"keepalived.conf": "keepalived", "ldirectord.cf": "ldirectord", "ipvsctl.yaml.in": "ipvsctl",
		"keepalived.yaml": "", "ldirectord.yaml": "", "ipvsctl.yaml": "",
	} {
		if got := ToolOf(source(t, name).Text); got != want {
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
