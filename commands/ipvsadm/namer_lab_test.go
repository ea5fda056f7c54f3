package ipvsadm

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"lvs/lab"
)

// inNames marks the process that has hosts and services of its own.
const inNames = "LVS_TEST_NAMES"

// TestNamesAreTheOracles lists a table whose hosts and ports have names of all
// kinds. The files are put over the system's for one process alone.
func TestNamesAreTheOracles(t *testing.T) {
	lab.Need(t)
	if os.Getenv(inNames) == "" {
		againWithNames(t)
		return
	}
	p := newPair(t)
	for line := range strings.Lines(namedTable()) {
		// The kernel refuses a server in ::ffff:0:0/96.
		if out, err := p.oracle(strings.Fields(line)...); err != nil && !strings.Contains(line, "-r [::ffff:") {
			t.Fatalf("%s: %s", line, out)
		}
	}
	text := p.lists(t, "", newNamer(t.Context()))
	for _, want := range []string{"one.example.org:http ", "a-really-long-host-name.with Masq", "[localhost]:a-very-long-"} {
		if !strings.Contains(text, want) {
			t.Errorf("ipvsadm shows no %s:\n%s", want, text)
		}
	}
}

// againWithNames runs the test in a process with other files.
func againWithNames(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	script := "touch /etc/hosts /etc/services"
	for name, text := range map[string]string{"hosts": hostsFile, "services": servicesFile} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		script += fmt.Sprintf(" && mount -o bind %s /etc/%s", path, name)
	}
	cmd := exec.Command("sh", "-c", script+` && exec "$0" -test.run='^TestNamesAreTheOracles$'`, os.Args[0])
	cmd.Env = append(os.Environ(), inNames+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

func namedTable() string {
	var b strings.Builder
	hosts := []string{"127.0.0.1", "127.0.0.5", "10.9.9.9"}
	for i := range 25 {
		hosts = append(hosts, fmt.Sprintf("10.0.0.%d", 1+i))
	}
	for _, six := range []string{"2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::9", "::1", "::ffff:10.0.0.1", "::ffff:10.0.0.20", "::10.0.0.21"} {
		hosts = append(hosts, "["+six+"]")
	}
	for _, host := range hosts {
		fmt.Fprintf(&b, "-A -t %s:94\n-a -t %[1]s:94 -r %[1]s:80 -m\n-a -t %[1]s:94 -r %[1]s:54321 -g\n", host)
	}
	for _, port := range []int{1, 53, 80, 88, 89, 90, 91, 92, 93, 95, 96, 97, 98, 99} {
		fmt.Fprintf(&b, "-A -t 10.8.0.1:%d\n-A -u 10.8.0.1:%[1]d\n-A --sctp-service 10.8.0.1:%[1]d\n", port)
	}
	b.WriteString("-A -t 10.8.0.1:0 -p\n-A -f 5\n-a -f 5 -r 10.0.0.1:80\n-A -f 5 -6\n-a -f 5 -6 -r [2001:db8::1]:80\n")
	return b.String()
}
