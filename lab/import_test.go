package lab_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"lvs/cluster"
	"lvs/cluster/importer"
	"lvs/kernel"
	"lvs/lab"
	"lvs/plan"
)

// These tests compare the file that lvs import makes with the table that the other tool
// makes of the same configuration: of examples in its package, and of our own.

// TestCallerSamples imports all example configurations in the packages of keepalived and
// ldirectord. Each must result in a valid file.
func TestCallerSamples(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	for _, path := range shipped(t, keepalivedSamples...) {
		for _, id := range []string{"low", "high"} {
			f, notes, err := importKeepalived(t, path, readSample(t, path), id)
			if err != nil {
				t.Errorf("%s: %v", path, err)
				continue
			}
			valid(t, path, f)
			t.Logf("%s: %d services, %d notes", path, len(f.Services), len(notes))
		}
	}
	for _, path := range shipped(t, "/usr/share/doc/ldirectord/examples/ldirectord.cf") {
		text := readSample(t, path)
		for i, one := range append([]string{text}, commentedServices(text)...) {
			f, _, err := importer.Ldirectord(importer.Text{Name: path, Text: one}, noNames{})
			switch {
			case err == nil:
				valid(t, path, f)
			case !strings.Contains(one, "sql0") && !strings.Contains(one, "::5060"): // host names, and a mistake
				t.Errorf("%s, service %d: %v\n%s", path, i, err, one)
			}
		}
	}
}

// keepalivedSamples are the example configurations in keepalived's package.
var keepalivedSamples = []string{
	"/usr/share/doc/keepalived/samples/keepalived.conf.*",
	"/etc/keepalived/keepalived.conf.sample",
}

// shipped returns the files that match some patterns. Each pattern must match one.
func shipped(t *testing.T, patterns ...string) []string {
	t.Helper()
	var out []string
	for _, p := range patterns {
		paths, err := filepath.Glob(p)
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: no such file (%v)", p, err)
		}
		out = append(out, paths...)
	}
	return out
}

func readSample(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// commentedServices returns the services in the comments of a ldirectord.cf.
func commentedServices(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		switch {
		case strings.HasPrefix(line, "#virtual"):
			out = append(out, line[1:])
		case strings.HasPrefix(line, "#\t") && len(out) > 0 && !strings.HasPrefix(line, "#\t#"):
			out[len(out)-1] += line[1:]
		}
	}
	return out
}

// noNames finds no name.
type noNames struct{}

func (noNames) Host(string, kernel.Family) (netip.Addr, error) {
	return netip.Addr{}, errors.New("no such host")
}

func (noNames) Port(string, kernel.Protocol) (uint16, error) { return 0, errors.New("no such port") }

func importKeepalived(t *testing.T, path, text, id string) (*cluster.File, []importer.Note, error) {
	t.Helper()
	return importer.Keepalived(importer.Text{Name: path, Text: text}, importer.KeepalivedOptions{ConfigID: id,
		Include: func(string) ([]importer.Text, error) { return nil, nil }})
}

// valid writes a cluster file, reads it again, and returns its services.
func valid(t *testing.T, path string, f *cluster.File) []plan.Service {
	t.Helper()
	var b bytes.Buffer
	if err := f.WriteYAML(&b); err != nil {
		t.Fatal(err)
	}
	read, err := cluster.Read(path, b.String())
	if err != nil {
		t.Fatalf("%v\n%s", err, &b)
	}
	w, err := cluster.Resolve(read)
	if err != nil {
		t.Fatal(err)
	}
	return w.Services
}

// TestCallerKeepalived lets keepalived fill the table, and compares the table with the
// imported file.
func TestCallerKeepalived(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	configs := map[string]string{"ours": readSample(t, "testdata/keepalived.conf")}
	for _, path := range shipped(t, keepalivedSamples...) {
		if text := readSample(t, path); strings.Contains(text, "\nvirtual_server ") {
			configs[filepath.Base(path)] = text
		}
	}
	if len(configs) < 10 {
		t.Fatalf("there are only %d configurations", len(configs))
	}
	for name, text := range configs {
		t.Run(name, func(t *testing.T) {
			lab.Need(t)
			text := withoutChecks(text)
			f, _, err := importKeepalived(t, name, text, "main")
			if err != nil {
				t.Fatal(err)
			}
			k := openKernel(t)
			runKeepalived(t, text)
			want := valid(t, name, f)
			lab.Eventually(t, settleLimit, func() error {
				if left := difference(t, k, want); left != "" {
					return fmt.Errorf("keepalived made another table:\n%s", left)
				}
				return nil
			})
			if len(want) == 0 {
				t.Error("there is no service")
			}
		})
	}
}

// checkers matches the first line of a block that checks a server. Without such blocks
// keepalived treats every server as healthy; in alpha mode, as failed until it passes a
// check.
var checkers = regexp.MustCompile(`^\s*(HTTP_GET|SSL_GET|[A-Z]+_CHECK)\s*\{`)

// withoutChecks removes the blocks of checkers, which must begin and end on lines of
// their own.
func withoutChecks(text string) string {
	var b strings.Builder
	depth := 0
	for line := range strings.Lines(text) {
		code, _, _ := strings.Cut(strings.ReplaceAll(line, "!", "#"), "#")
		if depth > 0 || checkers.MatchString(line) {
			depth += strings.Count(code, "{") - strings.Count(code, "}")
			continue
		}
		if strings.TrimSpace(code) != "alpha" {
			b.WriteString(line)
		}
	}
	return b.String()
}

func openKernel(t *testing.T) *kernel.Client {
	t.Helper()
	k, err := kernel.Open(kernel.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	return k
}

// runKeepalived runs keepalived's checkers in the test's namespace until the test ends.
func runKeepalived(t *testing.T, text string) (said *log, ended <-chan struct{}) {
	t.Helper()
	dir := t.TempDir()
	conf := filepath.Join(dir, "keepalived.conf")
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	said = &log{}
	cmd := exec.Command("keepalived", "--check", "--dont-fork", "--log-console", "--use-file", conf, "--config-id", "main",
		"--pid", filepath.Join(dir, "pid"), "--checkers_pid", filepath.Join(dir, "checkers"))
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		cmd.Wait()
		close(done)
	}()
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		watch := time.AfterFunc(settleLimit, func() { cmd.Process.Kill() })
		defer watch.Stop()
		<-done
		if t.Failed() {
			t.Log(said)
		}
	})
	return said, done
}

// log is what a program prints while it runs.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// TestCallerKeepalivedCases does the same with configurations that have mistakes and odd
// forms: what keepalived loses is not in the file, and what it takes is.
func TestCallerKeepalivedCases(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	for _, path := range shipped(t, "../cluster/importer/testdata/keepalived/*.conf") {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".conf"), func(t *testing.T) {
			t.Parallel()
			lab.Need(t)
			text := readSample(t, path)
			f, _, err := importKeepalived(t, filepath.Base(path), text, "main")
			if err != nil {
				t.Fatal(err)
			}
			k := openKernel(t)
			said, ended := runKeepalived(t, text)
			lab.Eventually(t, settleLimit, func() error {
				select {
				case <-ended:
					return errors.New("keepalived ended")
				default:
				}
				if !strings.Contains(said.String(), "Startup complete") {
					return errors.New("keepalived does not start")
				}
				if left := difference(t, k, valid(t, path, f)); left != "" {
					return fmt.Errorf("keepalived made another table:\n%s", left)
				}
				return nil
			})
		})
	}
}

// TestCallerKeepalivedRefused has configurations with which keepalived ends at its start,
// or does nothing. They are faults of an import.
func TestCallerKeepalivedRefused(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	for _, path := range shipped(t, "../cluster/importer/testdata/keepalived/refused/*.conf") {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".conf"), func(t *testing.T) {
			t.Parallel()
			lab.Need(t)
			text := readSample(t, path)
			if _, _, err := importKeepalived(t, filepath.Base(path), text, "main"); err == nil {
				t.Error("it is imported")
			}
			said, ended := runKeepalived(t, text)
			lab.Eventually(t, settleLimit, func() error {
				select {
				case <-ended:
					return nil
				default:
				}
				if strings.Contains(said.String(), "has no configuration to run") {
					return nil
				}
				return errors.New("keepalived runs")
			})
		})
	}
}

// difference describes the changes that would make the wanted table. It is empty if
// there are none.
func difference(t *testing.T, k kernel.Kernel, want []plan.Service) string {
	t.Helper()
	snap, err := k.Snapshot(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, c := range plan.Between(snap, want, plan.Options{Prune: true}) {
		fmt.Fprintf(&b, "%v %v", c.Op, c.Service.ServiceID)
		if c.Op.OnServer() {
			fmt.Fprintf(&b, " %+v\n", c.Server)
		} else {
			s := c.Service
			fmt.Fprintf(&b, " %s %v %v %s %v %s\n",
				s.Scheduler, s.SchedFlags, s.Persistence, s.Netmask.Text(s.Family), s.OnePacket, s.Engine)
		}
	}
	if b.Len() > 0 {
		table, err := exec.Command("ipvsadm", "-Sn").CombinedOutput()
		fmt.Fprintf(&b, "the table (%v):\n%s", err, table)
	}
	return b.String()
}

// TestCallerLdirectordImported does the same with ldirectord.
func TestCallerLdirectordImported(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	conf := filepath.Join(t.TempDir(), "imported.cf")
	text := readSample(t, "testdata/ldirectord.cf")
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, notes, err := importer.Ldirectord(importer.Text{Name: conf, Text: text}, noNames{})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(notes)
	k := openKernel(t)
	var said bytes.Buffer
	cmd := lab.InPlace(nil, "ldirectord", conf, "start")
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		watch := time.AfterFunc(settleLimit, func() { cmd.Process.Kill() })
		defer watch.Stop()
		cmd.Wait()
		if t.Failed() {
			t.Log(said.String())
		}
	})
	lab.Eventually(t, settleLimit, func() error {
		if left := difference(t, k, valid(t, conf, f)); left != "" {
			return fmt.Errorf("ldirectord made another table:\n%s", left)
		}
		return nil
	})
}
