package commands

import (
	"fmt"
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
		"a " + strings.Repeat("é", 3000) + "z: why": "a " + strings.Repeat("é", 749) + " … " +
			strings.Repeat("é", 247) + "z: why",
	} {
		t.Run(fmt.Sprintf("%.20q", in), func(t *testing.T) {
			if got := oneLine(in); got != want {
				t.Errorf("%.80q is shown as %q, want %q", in, got, want)
			}
		})
	}
}

func TestLoadHint(t *testing.T) {
	modules := fstest.MapFS{
		"6.1/modules.dep": {Data: []byte("kernel/net/netfilter/ipvs/ip_vs.ko.xz: " +
			"kernel/net/netfilter/nf_conntrack.ko.xz\n")},
		"6.2/modules.dep":      {Data: []byte("kernel/fs/ext4/ext4.ko:\n")},
		"6.2/modules.builtin":  {Data: []byte("kernel/net/netfilter/nf_conntrack.ko\n")},
		"6.12/modules.builtin": {Data: []byte("kernel/net/netfilter/ipvs/ip_vs.ko\n")},
	}
	missing := func(release string) string {
		return "install the module ip_vs, which /lib/modules/" + release + " does not have; " +
			"in a container, load it on the host"
	}
	for _, test := range []struct {
		name, release string
		root          bool
		want          string
	}{
		{"a module, as root", "6.1", true, "load the kernel module: modprobe ip_vs"},
		{"a module, as another user", "6.1", false, "load the kernel module: sudo modprobe ip_vs"},
		{"built in", "6.12", false, "load the kernel module: sudo modprobe ip_vs"},
		{"other modules", "6.2", true, missing("6.2")},
		{"no modules", "6.3", true, missing("6.3")},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := loadHint(modules, test.release, test.root); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}
