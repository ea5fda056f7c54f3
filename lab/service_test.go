package lab_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lvs/lab"
)

// serviceRules is a table with services of every kind, as in the init script's file.
const serviceRules = `# ipvsadm.rules
-A -t 192.0.2.10:80 -s wrr
-a -t 192.0.2.10:80 -r 198.51.100.1:80 -g -w 1
-a -t 192.0.2.10:80 -r 198.51.100.2:80 -i -w 5 --tun-type ipip
-A -u 192.0.2.10:53 -s rr -o
-a -u 192.0.2.10:53 -r 198.51.100.1:5353 -m -w 7
-A -t [2001:db8::10]:443 -s wlc -p 600 -M 64
-a -t [2001:db8::10]:443 -r [2001:db8:1::1]:443 -g -w 3
-A -f 7 -s sh -b sh-fallback,sh-port
-a -f 7 -r 198.51.100.7:0 -i -w 1 --tun-type gue --tun-port 6080 --tun-nocsum
`

// TestCallerService runs the init script of Debian's package, and ipvsadm-save and
// ipvsadm-restore, with Debian's ipvsadm and with ours. Their output and the resulting
// table must be equal.
func TestCallerService(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	var told [2]string
	for i, links := range []string{"", ourLinks(t)} {
		// Each subtest has its own namespace.
		t.Run([]string{"Debian", "ours"}[i], func(t *testing.T) {
			lab.Need(t)
			told[i] = serviceStory(t, links)
		})
	}
	t.Log(told[1])
	if told[0] != told[1] {
		t.Errorf("with Debian's ipvsadm:\n%s\nwith ours:\n%s", told[0], told[1])
	}
}

// serviceStory returns the output of every action of the init script, and the table, the
// daemons and the file after it.
func serviceStory(t *testing.T, links string) string {
	s := &ipvsadmService{mounts: programsIn(t, links)}
	s.rules, s.settings = s.file(t, "/etc/ipvsadm.rules", serviceRules), s.file(t, "/etc/default/ipvsadm", "")
	s.command(t, "ip", "link", "add", "eth0", "type", "dummy")
	s.command(t, "ip", "link", "set", "eth0", "up", "multicast", "on")
	s.command(t, "ip", "addr", "add", "198.51.100.254/24", "dev", "eth0")

	s.configure(t, "AUTO=true\nDAEMON=none\n")
	s.action(t, "start")
	if table := s.table(t); "# ipvsadm.rules\n"+table != serviceRules {
		t.Errorf("start made\n%s\nof\n%s", table, serviceRules)
	}
	s.action(t, "status")
	s.action(t, "rate")
	s.debian(t, "-D", "-f", "7")
	s.debian(t, "-a", "-t", "192.0.2.10:80", "-r", "198.51.100.3", "-w", "0", "-x", "200", "-y", "100")
	s.action(t, "save")
	if got, want := s.saved(t), "# ipvsadm.rules\n"+s.table(t); got != want {
		t.Errorf("save wrote\n%s\nof\n%s", got, want)
	}
	s.debian(t, "-E", "-t", "192.0.2.10:80", "-s", "lc")
	for _, action := range []string{"load", "reload", "force-reload", "restart"} {
		s.action(t, action)
	}
	s.tell(t, "ipvsadm-save -n")
	s.tell(t, "ipvsadm-save")
	s.tell(t, "ipvsadm-save -n > /run/$$.saved; ipvsadm -C; "+
		"ipvsadm-restore < /run/$$.saved; rm /run/$$.saved; ipvsadm -Sn")
	s.tell(t, "ipvsadm-save --help 2> /dev/null") // the help text is our own
	s.tell(t, "ipvsadm-restore < /dev/null")
	s.action(t, "load")
	s.action(t, "stop")
	if table := s.table(t); table != "" {
		t.Errorf("stop left\n%s", table)
	}

	for _, daemon := range []string{"master", "both"} {
		s.configure(t, fmt.Sprintf("AUTO=true\nDAEMON=%s\nIFACE=eth0\nSYNCID=7\n", daemon))
		s.action(t, "start")
		s.action(t, "start") // running already
		s.action(t, "stop")
		s.action(t, "stop") // stopped already
	}
	s.configure(t, "AUTO=false\nDAEMON=none\n")
	s.action(t, "start")
	s.action(t, "what")
	return s.told.String()
}

// ipvsadmService is the init script with private mounts.
type ipvsadmService struct {
	mounts          map[string]string
	rules, settings string
	told            strings.Builder
}

// file puts a file of the test in the place of one of the init script.
func (s *ipvsadmService) file(t *testing.T, path, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), filepath.Base(path))
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	s.mounts[path] = file
	return file
}

func (s *ipvsadmService) configure(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile(s.settings, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// action runs an action of the init script.
func (s *ipvsadmService) action(t *testing.T, name string) {
	t.Helper()
	s.tell(t, "/etc/init.d/ipvsadm "+name)
	daemons := s.debian(t, "-L", "--daemon")
	fmt.Fprintf(&s.told, "the table:\n%sthe daemons:\n%sthe file:\n%s", s.table(t), daemons, s.saved(t))
}

// tell adds the output of a shell command and its exit status to the story.
func (s *ipvsadmService) tell(t *testing.T, line string) {
	t.Helper()
	cmd := lab.InPlace(s.mounts, "sh", "-c", line)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	fmt.Fprintf(&s.told, "$ %s\n%s%sexit status %d\n", line, out.String(), errs.String(), cmd.ProcessState.ExitCode())
}

// table returns what Debian's ipvsadm saves.
func (s *ipvsadmService) table(t *testing.T) string { return s.debian(t, "-Sn") }

func (s *ipvsadmService) debian(t *testing.T, args ...string) string {
	t.Helper()
	return s.command(t, "ipvsadm", args...)
}

func (s *ipvsadmService) command(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v: %s", name, args, err, out)
	}
	return string(out)
}

func (s *ipvsadmService) saved(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(s.rules)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// programsIn returns the mounts that replace Debian's programs with those in a folder.
func programsIn(t *testing.T, links string) map[string]string {
	t.Helper()
	mounts := map[string]string{}
	for _, name := range ipvsadmNames {
		if links != "" {
			mounts["/usr/sbin/"+name] = filepath.Join(links, name)
		}
	}
	return mounts
}
