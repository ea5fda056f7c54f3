package ipvsadm

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"lvs/kernel"
	"lvs/kernel/memory"
)

// said runs a command line and returns its output and exit status.
func said(k kernel.Kernel, input string, words ...string) (out, errs string, status int) {
	var o, e bytes.Buffer
	p := Program{
		Name: words[0], In: strings.NewReader(input), Out: &o, Err: &e,
		Open:  func() (kernel.Kernel, error) { return k, nil },
		Names: fixedNames{},
	}
	status = p.Run(context.Background(), words[1:])
	return o.String(), e.String(), status
}

// TestProgram runs command lines one after another on one table.
func TestProgram(t *testing.T) {
	k := memory.New()
	for _, c := range []struct {
		line, out, err string
		status         int
	}{
		{"ipvsadm -A -t 10.0.0.1:80 -s rr -p", "", "", 0},
		{"ipvsadm -A -t 10.0.0.1:80", "", "Service already exists\n", 255},
		{"ipvsadm -A -t 10.0.0.2:80 -s nosuch", "", "Scheduler or persistence engine not found\n", 255},
		{"ipvsadm -a -t 10.0.0.1:80 -r 10.0.1.1:8080 -w 5", "", "", 0},
		{"ipvsadm -a -t 10.0.0.1:80 -r 10.0.1.2:8080 -m -x 9", "", "", 0},
		{"ipvsadm -a -t 10.0.0.1:80 -r 10.0.1.2:8080 -m", "", "Destination already exists\n", 255},
		{"ipvsadm -a -t 10.0.0.9:80 -r 10.0.1.2", "", "Service not defined\n", 255},
		{"ipvsadm -e -t 10.0.0.1:80 -r 10.0.1.9", "", "No such destination\n", 255},
		{"ipvsadm -a -t 10.0.0.1:80 -r 10.0.1.3 -x 5 -y 6", "", "Numerical result out of range\n", 255},
		{"ipvsadm -Sn", "-A -t 10.0.0.1:80 -s rr -p 360\n" +
			"-a -t 10.0.0.1:80 -r 10.0.1.1:80 -g -w 5\n-a -t 10.0.0.1:80 -r 10.0.1.2:8080 -m -w 1\n", "", 0},
		{"ipvsadm -E -t 10.0.0.1:80", "", "", 0},
		{"ipvsadm-save -n foo", "-A -t 10.0.0.1:80 -s wlc\n" +
			"-a -t 10.0.0.1:80 -r 10.0.1.1:80 -g -w 5\n-a -t 10.0.0.1:80 -r 10.0.1.2:8080 -m -w 1\n", "", 0},
		{"ipvsadm -Ln -t 10.0.0.1:80", "Prot LocalAddress:Port Scheduler Flags\n" +
			"  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\nTCP  10.0.0.1:80 wlc\n" +
			"  -> 10.0.1.1:80                  Route   5      0          0         \n" +
			"  -> 10.0.1.2:8080                Masq    1      0          0         \n", "", 0},
		{"ipvsadm -L -t 10.0.0.9:80", "", "No such service\n", 1},
		{"ipvsadm -Z -t 10.0.0.9:80", "", "No such service\n", 255},
		{"ipvsadm -Z", "", "", 0},
		{"ipvsadm --set 1 0 3", "", "", 0},
		{"ipvsadm -L --timeout", "Timeout (tcp tcpfin udp): 1 120 3\n", "", 0},
		{"ipvsadm --start-daemon master --syncid 7", "", "", 0},
		{"ipvsadm --start-daemon master", "", "Daemon has already run\n", 255},
		{"ipvsadm --stop-daemon backup", "", "No daemon is running\n", 255},
		{"ipvsadm --start-daemon backup --mcast-interface nosuch", "", "No such device\n", 255},
		{"ipvsadm -d -t 10.0.0.1:80 -r 10.0.1.1", "", "", 0},
		{"ipvsadm -D -t 10.0.0.1:80", "", "", 0},
		{"ipvsadm -C", "", "", 0},
		{"ipvsadm -S", "", "", 0},
		{"ipvsadm -A -t 10.0.0.1:80 -q", "", "-q: unknown option\n", 255},
		{"ipvsadm -A -t", "", "-t: missing argument\n", 255},
		{"ipvsadm -A", "", "You need to supply the 'service-address' option for the 'add-service' command\n", 2},
		{"ipvsadm foo", "", "Try `ipvsadm -h' or 'ipvsadm --help' for more information.\n", 255},
		{"ipvsadm --version", versionLine, "", 0},
		{"ipvsadm -h", versionLine + helpText, "", 0},
		{"ipvsadm-save --help", "", saveHelp, 1},
	} {
		t.Run(c.line, func(t *testing.T) {
			out, errs, status := said(k, "", strings.Fields(c.line)...)
			if out != c.out || errs != c.err || status != c.status {
				t.Errorf("\n got %q, %q, %d\nwant %q, %q, %d", out, errs, status, c.out, c.err, c.status)
			}
		})
	}
}

// TestProgramWithoutIPVS prints errors, and help nevertheless.
func TestProgramWithoutIPVS(t *testing.T) {
	const after = "\nAre you sure that IP Virtual Server is built in the kernel or as module?\n"
	denied, unloaded := memory.New(), memory.New()
	denied.Deny()
	unloaded.Unload()
	for _, line := range []string{
		"ipvsadm", "ipvsadm foo", "ipvsadm -A", "ipvsadm -R", "ipvsadm-save", "ipvsadm-restore",
	} {
		t.Run(line, func(t *testing.T) {
			words := strings.Fields(line)
			_, errs, status := said(unloaded, "", words...)
			if want := "Can't initialize ipvs: Protocol not available" + after; errs != want || status != 2 {
				t.Errorf("without IPVS: %q, %d", errs, status)
			}
			_, errs, status = said(denied, "", words...)
			if want := "Can't initialize ipvs: Permission denied (you must be root)" + after; errs != want || status != 2 {
				t.Errorf("without root: %q, %d", errs, status)
			}
		})
	}
	for _, option := range []string{"-v", "--version", "-h", "--help"} {
		t.Run(option, func(t *testing.T) {
			out, errs, status := said(unloaded, "", "ipvsadm", option)
			if !strings.HasPrefix(out, versionLine) || errs != "" || status != 0 {
				t.Errorf("without IPVS: %q, %q, %d", out, errs, status)
			}
		})
	}
}

func TestRestore(t *testing.T) {
	k := memory.New()
	said(k, "", "ipvsadm", "-A", "-t", "10.0.0.1:80")
	_, errs, status := said(k, "-C\n-A -t 10.0.0.2:80\n-A -t 10.0.0.3:80 -w 1\nfoo\n", "ipvsadm", "-R")
	want := "line 3, column 19: \"-w\": not an option of -A\n" +
		"line 4, column 1: \"foo\": want a command: -A, -a, -E, -e, -D, -d or -C\nnothing was changed\n"
	if errs != want || status != 2 {
		t.Errorf("a faulty text: %q, %d", errs, status)
	}
	if out, _, _ := said(k, "", "ipvsadm", "-Sn"); out != "-A -t 10.0.0.1:80 -s wlc\n" {
		t.Errorf("it left\n%s", out)
	}

	text := "-A -t 10.0.0.1:80\n-A -t 10.0.0.2:80\n-a -t 10.0.0.2:80 -r 10.0.1.1\n" +
		"--set 5 0 0\n-D -t 10.0.0.9:80\n-L --timeout\n"
	out, errs, status := said(k, text, "ipvsadm", "-R")
	if out != "Timeout (tcp tcpfin udp): 5 120 300\n" ||
		errs != "Service already exists\nNo such service\n" || status != 255 {
		t.Errorf("a text with lines that are refused: %q, %q, %d", out, errs, status)
	}
	if calls := k.Calls(); calls.Applies != 3 { // one of them at the start
		t.Errorf("%d sends", calls.Applies)
	}
}

// TestReplaceLeavesAlone counts the changes that ipvsadm-restore makes.
func TestReplaceLeavesAlone(t *testing.T) {
	k := memory.New()
	table := "-A -t 10.0.0.1:80 -s rr -p 360 -M 255.255.255.0\n-a -t 10.0.0.1:80 -r 10.0.1.1:80 -m -w 1\n" +
		"-a -t 10.0.0.1:80 -r 10.0.1.2:80 -m -w 1\n-A -t 10.0.0.2:80 -s wlc\n"
	other := "-A -t 10.0.0.1:80 -s sh -p 360 -M 255.255.255.0\n-a -t 10.0.0.1:80 -r 10.0.1.3:80 -m -w 1\n"
	for _, c := range []struct {
		name, text string
		changes    int
	}{
		{"everything", table, 4},
		{"the same", "# the same\n" + table, 0},
		{"a weight", strings.Replace(table, "10.0.1.2:80 -m -w 1", "10.0.1.2:80 -m -w 2", 1), 1},
		{"a weight and a scheduler", strings.Replace(table, "-s rr", "-s sh", 1), 2},
		{"another table", other, 4},
		{"nothing", "", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := k.Calls().Changes
			_, errs, status := said(k, c.text, "ipvsadm-restore")
			if got := k.Calls().Changes - before; errs != "" || status != 0 || got != c.changes {
				t.Errorf("%s: %d changes, not %d; %q, %d", c.text, got, c.changes, errs, status)
			}
			out, _, _ := said(k, "", "ipvsadm-save", "-n")
			if want := strings.TrimPrefix(c.text, "# the same\n"); out != want {
				t.Errorf("%s became\n%s", want, out)
			}
		})
	}
	if _, errs, _ := said(k, "-A -t x", "ipvsadm-restore"); !strings.HasSuffix(errs, "nothing was changed\n") {
		t.Errorf("a faulty text: %q", errs)
	}
}

// TestReplaceTakesOrder compares the order of the servers after ipvsadm-restore with that
// of the same text in an empty table.
func TestReplaceTakesOrder(t *testing.T) {
	text := func(hosts string, weight int) string {
		var b strings.Builder
		b.WriteString("-A -t 10.0.0.1:80 -s sh\n")
		for _, h := range hosts {
			fmt.Fprintf(&b, "-a -t 10.0.0.1:80 -r 10.0.1.%d:80 -m -w %d\n", h-'a'+1, weight)
		}
		return b.String()
	}
	for _, c := range []struct {
		before, text string
		weight       int
		changes      int
	}{
		{"abc", "abc", 1, 0},
		{"abc", "abc", 2, 3}, // edits
		{"abc", "ab", 1, 1},
		{"abc", "abd", 1, 2},
		{"abc", "cba", 1, 4}, // b and a are deleted and added again
		{"abc", "adc", 1, 4}, // d is new, c after it, b is deleted
		{"abcd", "bcda", 1, 2},
		{"abcd", "dabc", 2, 7},
		{"", "ab", 1, 3},
	} {
		t.Run(c.before+" "+c.text, func(t *testing.T) {
			k, fresh := memory.New(), memory.New()
			if c.before != "" {
				said(k, text(c.before, 1), "ipvsadm", "-R")
			}
			said(fresh, text(c.text, c.weight), "ipvsadm", "-R")
			sent := k.Calls().Changes
			_, errs, status := said(k, text(c.text, c.weight), "ipvsadm-restore")
			if got := k.Calls().Changes - sent; errs != "" || status != 0 || got != c.changes {
				t.Errorf("%d changes, want %d; %q, %d", got, c.changes, errs, status)
			}
			got, _, _ := said(k, "", "ipvsadm", "-Ln", "--nosort")
			want, _, _ := said(fresh, "", "ipvsadm", "-Ln", "--nosort")
			if got != want {
				t.Errorf("the table is\n%swant\n%s", got, want)
			}
		})
	}
}
