package commands

import (
	"strings"
	"testing"

	"lvs/kernel"
	"lvs/kernel/memory"
)

// The mode of ipvsadm starts by the name of the program or with the verb.
func TestIpvsadm(t *testing.T) {
	k := memory.New()
	for _, c := range []struct {
		name, called, args string
		netns, out, err    string
		status             int
	}{
		{"ipvsadm", "/sbin/ipvsadm", "-A -t 10.0.0.1:80", "", "", "", 0},
		{"ipvsadm-save", "ipvsadm-save", "-n", "", "-A -t 10.0.0.1:80 -s wlc\n", "", 0},
		{"lvs", "lvs", "ipvsadm -Sn", "", "-A -t 10.0.0.1:80 -s wlc\n", "", 0},
		{"lvs", "lvs", "--netns a ipvsadm -C", "a", "", "", 0},
		{"lvs", "lvs", "--netns=b ipvsadm -S", "b", "", "", 0},
		{"ipvsadm", "/sbin/ipvsadm", "foo", "", "",
			"Try `/sbin/ipvsadm -h' or '/sbin/ipvsadm --help' for more information.\n", 255},
		{"lvs", "/bin/lvs", "ipvsadm foo", "", "",
			"Try `lvs ipvsadm -h' or 'lvs ipvsadm --help' for more information.\n", 255},
		{"ipvsadm", "ipvsadm", "ipvsadm", "", "",
			"Try `ipvsadm -h' or 'ipvsadm --help' for more information.\n", 255},
		{"lvs", "lvs", "-q ipvsadm", "", "", "lvs: only --netns is allowed before ipvsadm\n" +
			"hint: use lvs [--netns NAME] ipvsadm [ARGUMENT…]\n", exitUsage},
	} {
		t.Run(c.name+" "+c.args, func(t *testing.T) {
			app, out, errs := testApp(k)
			app.Name, app.Called = c.name, c.called
			netns := ""
			app.OpenKernel = func(o kernel.Options) (kernel.Kernel, error) {
				netns = o.Netns
				return k, nil
			}
			status := app.Run(t.Context(), strings.Fields(c.args))
			if out.String() != c.out || errs.String() != c.err || status != c.status || netns != c.netns {
				t.Errorf("got %q, %q, %d in %q\nwant %q, %q, %d in %q",
					out, errs, status, netns, c.out, c.err, c.status, c.netns)
			}
		})
	}
}
