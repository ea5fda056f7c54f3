package commands

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestOneLine(t *testing.T) {
	for in, want := range map[string]string{
		"":                          "",
		`"Größe" … \x`:              `"Größe" … \x`,
		"open a\nb: no such file":   `open a\nb: no such file`,
		"\x1b[31m\a\x7f \"q\" C:\\": `\x1b[31m\a\x7f "q" C:\`,
		"\u009b31m \u202eb\u200b":   `\u009b31m \u202eb\u200b`,
		"\xff\xfe":                  `\xff\xfe`,
		"a " + strings.Repeat("é", 3000) + "z: why": "a " + strings.Repeat("é", 749) + " … " + strings.Repeat("é", 247) + "z: why",
	} {
		if got := oneLine(in); got != want {
			t.Errorf("%.80q is shown as %q, want %q", in, got, want)
		}
	}
}

func TestLoadHint(t *testing.T) {
	modules := fstest.MapFS{
		"6.1/modules.dep":      {Data: []byte("kernel/net/netfilter/ipvs/ip_vs.ko.xz: kernel/net/netfilter/nf_conntrack.ko.xz\n")},
		"6.2/modules.dep":      {Data: []byte("kernel/fs/ext4/ext4.ko:\n")},
		"6.2/modules.builtin":  {Data: []byte("kernel/net/netfilter/nf_conntrack.ko\n")},
		"6.12/modules.builtin": {Data: []byte("kernel/net/netfilter/ipvs/ip_vs.ko\n")},
	}
	for _, c := range []struct {
		release string
		root    bool
		want    string
	}{
		{"6.1", true, "IPVS is a kernel module: modprobe ip_vs"},
		{"6.1", false, "IPVS is a kernel module: sudo modprobe ip_vs"},
		{"6.12", false, "IPVS is a kernel module: sudo modprobe ip_vs"},
		{"6.2", true, "this kernel has none: /lib/modules/6.2 has no ip_vs (in a container it is the host's to load)"},
		{"6.3", true, "this kernel has none: /lib/modules/6.3 has no ip_vs (in a container it is the host's to load)"},
	} {
		if got := loadHint(modules, c.release, c.root); got != c.want {
			t.Errorf("%s: %s", c.release, got)
		}
	}
}
