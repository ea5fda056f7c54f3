package lab

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestNeedGivesAnEmptyTableOfItsOwn(t *testing.T) {
	before, err := here()
	if err != nil {
		t.Fatal(err)
	}
	defer before.file.Close()
	ns := Need(t)
	ipvsadm(t, "-A", "-t", "192.0.2.1:80", "-s", "rr")
	if table := ipvsadm(t, "-Sn"); !strings.Contains(table, "192.0.2.1:80") {
		t.Errorf("the test's namespace does not have the service: %q", table)
	}
	table, err := os.ReadFile("/proc/thread-self/net/ip_vs")
	if err != nil || !strings.Contains(string(table), "C0000201:0050") {
		t.Errorf("/proc/thread-self shows %q, %v", table, err)
	}
	err = before.Do(func() error {
		if table := ipvsadm(t, "-Sn"); strings.Contains(table, "192.0.2.1") {
			t.Errorf("the namespace before shows the test's table: %q", table)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	ns.Run(t, "subtest", func(t *testing.T) {
		if table := ipvsadm(t, "-Sn"); !strings.Contains(table, "192.0.2.1:80") {
			t.Errorf("a subtest does not see its parent's table: %q", table)
		}
	})
}

// ipvsadm runs Debian's ipvsadm in the namespace of the calling thread.
func ipvsadm(t testing.TB, args ...string) string {
	t.Helper()
	out, err := exec.Command("ipvsadm", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("ipvsadm %s: %v: %s", strings.Join(args, " "), err, out)
	}
	return string(out)
}
