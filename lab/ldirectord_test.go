package lab_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"lvs/lab"
)

// These tests run unchanged programs of Debian that call ipvsadm: once with Debian's
// ipvsadm and once with ours in its place. Their names begin with TestCaller, so that
// bin/lab installs these programs in the lab kernel's root.

// settleLimit is how long a program may take to react: an emulated processor runs Perl
// slowly.
const settleLimit = 4 * time.Minute

// TestCallerLdirectord does the same with two equal clusters, and compares the tables of
// their directors after every step.
//
// It is not parallel: next to tests with live traffic ldirectord's checks may time out in
// one cluster only.
func TestCallerLdirectord(t *testing.T) {
	lab.Need(t)
	pair := []*directed{newDirected(t, "Debian's ipvsadm", ""), newDirected(t, "our ipvsadm", ourLinks(t))}
	for _, step := range []struct {
		what string
		do   func(*directed) error
	}{
		{"started", (*directed).start},
		{"a server died", func(d *directed) error { return d.kill(0) }},
		{"another's pages are wrong", func(d *directed) error { return d.spoil(1) }},
		{"the first lives again", func(d *directed) error { return d.revive(0) }},
		{"none is left", func(d *directed) error { return errors.Join(d.kill(0), d.kill(2), d.kill(1)) }},
		{"all are back", func(d *directed) error { return errors.Join(d.revive(0), d.revive(1), d.revive(2)) }},
		{"the last server got another weight", (*directed).reload},
		{"stopped", (*directed).stop},
	} {
		var tables []string
		for _, d := range pair {
			if err := step.do(d); err != nil {
				t.Fatalf("%s: %s: %v", d, step.what, err)
			}
		}
		for _, d := range pair {
			tables = append(tables, d.settled(t, step.what))
			if d.running != nil && len(d.web) > 0 {
				d.ask(t, step.what)
			}
		}
		if tables[0] != tables[1] {
			t.Errorf("%s: with Debian's ipvsadm:\n%s\nwith ours:\n%s", step.what, tables[0], tables[1])
		}
		t.Logf("%s:\n%s", step.what, tables[1])
	}
	if debian, ours := pair[0].actions(), pair[1].actions(); debian != ours {
		t.Errorf("ldirectord's log with Debian's ipvsadm:\n%s\nwith ours:\n%s", debian, ours)
	}
}

// directed is a cluster with ldirectord.
type directed struct {
	*lab.Cluster

	name      string
	mounts    map[string]string // the programs in ipvsadm's place
	file      string            // the configuration
	running   *exec.Cmd         // ldirectord
	said      bytes.Buffer
	weight    int          // of the last server
	web, mail map[int]bool // which servers work
	spoiled   [3]atomic.Bool
}

func (d *directed) String() string { return d.name }

func newDirected(t *testing.T, name, links string) *directed {
	t.Helper()
	c := lab.NewCluster(t, lab.Options{Servers: 3, Forward: lab.NAT})
	d := &directed{
		Cluster: c, name: name, mounts: programsIn(t, links), weight: 3, web: map[int]bool{}, mail: map[int]bool{},
	}
	d.file = filepath.Join(t.TempDir(), c.Director.NetNS+".cf") // ldirectord names its pid file after it
	for i := range d.Servers {
		if err := d.revive(i); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if err := d.stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("with %s ldirectord said\n%s", d, d.said.String())
		}
	})
	return d
}

// watchedService is a virtual service of ldirectord's configuration.
type watchedService struct {
	virtual   string
	quiescent bool // failed servers stay with weight 0
	real      []string
	weights   []int
	works     map[int]bool // by server
	sorry     string       // the server that serves if no other works
	options   string       // of the service, in the table
	config    string
}

// services returns a web service with a sorry server, whose failed servers are deleted,
// and a web and a mail service whose failed servers have weight 0.
func (d *directed) services() []watchedService {
	const web = "service=http checktype=negotiate request=\"health\" receive=\"alive\" scheduler=wrr"
	const mail = "service=smtp checktype=negotiate scheduler=wlc persistent=600 netmask=255.255.255.0"
	var web4, web6, mail4 []string
	for _, s := range d.Servers {
		web4 = append(web4, fmt.Sprintf("%s:80", s.Addr4))
		web6 = append(web6, fmt.Sprintf("[%s]:80", s.Addr6))
		mail4 = append(mail4, fmt.Sprintf("%s:25", s.Addr4))
	}
	return []watchedService{
		{fmt.Sprintf("%s:80", d.VIP4), false, web4, []int{1, 2, d.weight}, d.web, "127.0.0.1:80", "-s wrr", web},
		{fmt.Sprintf("[%s]:80", d.VIP6), true, web6, []int{1, 2, d.weight}, d.web, "", "-s wrr", web},
		{fmt.Sprintf("%s:25", d.VIP4), true, mail4[:2], []int{1, 1}, d.mail, "", "-s wlc -p 600 -M 255.255.255.0", mail},
	}
}

// config returns ldirectord's configuration, as an admin writes it.
func (d *directed) config() string {
	var b strings.Builder
	b.WriteString("checktimeout=10\nnegotiatetimeout=10\ncheckinterval=1\nautoreload=no\nsupervised=yes\n")
	for _, s := range d.services() {
		six := ""
		if strings.HasPrefix(s.virtual, "[") {
			six = "6"
		}
		fmt.Fprintf(&b, "virtual%s=%s\n", six, s.virtual)
		for i, weight := range s.weights {
			fmt.Fprintf(&b, "\treal%s=%s masq %d\n", six, s.real[i], weight)
		}
		if s.sorry != "" {
			fmt.Fprintf(&b, "\tfallback=%s gate\n", s.sorry)
		}
		fmt.Fprintf(&b, "\tquiescent=%s\n", map[bool]string{true: "yes", false: "no"}[s.quiescent])
		fmt.Fprintf(&b, "\t%s\n\tprotocol=tcp\n", strings.ReplaceAll(s.config, " ", "\n\t"))
	}
	return b.String()
}

// table returns the expected lines of `ipvsadm -Sn`, in alphabetical order.
func (d *directed) table() string {
	var lines []string
	if d.running == nil {
		return ""
	}
	for _, s := range d.services() {
		lines = append(lines, fmt.Sprintf("-A -t %s %s", s.virtual, s.options))
		for i, weight := range s.weights {
			if !s.works[i] {
				weight = 0
			}
			if weight > 0 || s.quiescent {
				lines = append(lines, fmt.Sprintf("-a -t %s -r %s -m -w %d", s.virtual, s.real[i], weight))
			}
		}
		if s.sorry != "" && len(s.works) == 0 {
			lines = append(lines, fmt.Sprintf("-a -t %s -r %s -g -w 1", s.virtual, s.sorry))
		}
	}
	return sorted(lines)
}

func sorted(lines []string) string {
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// settled waits until the table is right, and returns it.
func (d *directed) settled(t *testing.T, what string) string {
	t.Helper()
	var table string
	lab.Eventually(t, settleLimit, func() (err error) {
		if table, err = d.Director.Run("ipvsadm", "-Sn"); err != nil {
			return err
		}
		var lines []string
		for line := range strings.Lines(table) {
			lines = append(lines, strings.TrimSpace(line))
		}
		if got, want := sorted(lines), d.table(); got != want {
			return fmt.Errorf("%s: %s: the table is\n%s\nit should be\n%s", d, what, got, want)
		}
		return nil
	})
	return table
}

// ask sends requests to the web service: only servers in service may answer.
func (d *directed) ask(t *testing.T, what string) {
	t.Helper()
	for range 4 {
		name, err := d.Clients[0].Get(fmt.Sprintf("http://%s/", d.VIP4))
		if err != nil {
			t.Errorf("%s: %s: %v", d, what, err)
			return
		}
		for i, s := range d.Servers {
			if name == s.Name && !d.web[i] {
				t.Errorf("%s: %s: %s answered", d, what, name)
			}
		}
	}
}

// kill stops the services of a server.
func (d *directed) kill(i int) error {
	delete(d.web, i)
	delete(d.mail, i)
	return d.Servers[i].Stop()
}

// revive starts the services of a server again.
func (d *directed) revive(i int) error {
	s := d.Servers[i]
	d.web[i], d.mail[i] = true, true
	d.spoiled[i].Store(false)
	pages := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path != "/health":
			fmt.Fprint(w, s.Name)
		case d.spoiled[i].Load():
			fmt.Fprint(w, "ailing")
		default:
			fmt.Fprint(w, "alive")
		}
	})
	return errors.Join(s.Stop(), s.Serve(80, pages), s.ServeSMTP(25))
}

// spoil makes a server's web pages wrong. Its mail still works.
func (d *directed) spoil(i int) error {
	delete(d.web, i)
	d.spoiled[i].Store(true)
	return nil
}

func (d *directed) start() error {
	if err := os.WriteFile(d.file, []byte(d.config()), 0o600); err != nil {
		return err
	}
	cmd := lab.InPlace(d.mounts, "ldirectord", d.file, "start")
	cmd.Stdout, cmd.Stderr = &d.said, &d.said
	if err := d.Director.Do(cmd.Start); err != nil {
		return err
	}
	d.running = cmd
	return nil
}

// reload changes a weight in the configuration, which ldirectord reloads.
func (d *directed) reload() error {
	d.weight = 30
	if err := os.WriteFile(d.file, []byte(d.config()), 0o600); err != nil {
		return err
	}
	return d.running.Process.Signal(syscall.SIGHUP)
}

// stop ends ldirectord, which then deletes its services.
func (d *directed) stop() error {
	if d.running == nil {
		return nil
	}
	cmd := d.running
	d.running = nil
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	watch := time.AfterFunc(settleLimit, func() { cmd.Process.Kill() })
	defer watch.Stop()
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("ldirectord: %w: %s", err, d.said.String())
	}
	return nil
}

// actions returns the changes that ldirectord logged, in alphabetical order, because the
// order in which it checks two services is random.
func (d *directed) actions() string {
	var lines []string
	for line := range strings.Lines(d.said.String()) {
		_, what, ok := strings.Cut(strings.TrimSpace(line), "] ")
		verb, _, _ := strings.Cut(what, " ")
		if ok && slices.Contains([]string{"Added", "Changed", "Deleted", "Quiescent", "Restored"}, verb) {
			lines = append(lines, what)
		}
	}
	return sorted(lines)
}
