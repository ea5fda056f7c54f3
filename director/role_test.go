package director

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lvs/kernel"
	"lvs/plan"
)

func TestParseRole(t *testing.T) {
	for text, want := range map[string]Role{
		"MASTER": RoleActive, "master\n": RoleActive, "BACKUP\n": RoleBackup, "FAULT": RoleFault, "STOP": RoleBackup,
		" \n Master of VI_1 100\nBACKUP\n": RoleActive,
	} {
		if got, err := parseRole(text); got != want || err != nil {
			t.Errorf("%q is %q, %v, want %q", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"":           "it is empty; want MASTER, BACKUP, FAULT or STOP",
		" \n\t":      "it is empty; want MASTER, BACKUP, FAULT or STOP",
		"INSTANCE":   `invalid role "INSTANCE": want MASTER, BACKUP, FAULT or STOP`,
		"MAS\x1bTER": `invalid role "MAS\\x1bTER": want MASTER, BACKUP, FAULT or STOP`,
	} {
		if got, err := parseRole(text); err == nil || err.Error() != want {
			t.Errorf("%q is %q, %v, want the error %q", text, got, err, want)
		}
	}
}

func TestRoleOfFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "role")
	s := RoleSource{File: file}
	if role, err := s.Look(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a file the role is %q, %v", role, err)
	}
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("MASTER\n")
	if role, err := s.Look(); role != RoleActive || err != nil {
		t.Errorf("the role is %q, %v", role, err)
	}
	write(strings.Repeat("x", maxRoleFile+1))
	if role, err := s.Look(); err == nil {
		t.Errorf("the role of a huge file is %q", role)
	}
	write("MASTER\n")
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if role, err := s.Look(); err == nil {
		t.Errorf("the role of a file that everybody can replace is %q", role)
	}
}

func TestRoleByAddress(t *testing.T) {
	m := &Model{Settings: Settings{RoleAuto: true}}
	for _, id := range []string{"tcp://192.0.2.1:80", "tcp://192.0.2.1:443", "tcp://192.0.2.2:80", "fwmark:7"} {
		parsed, err := kernel.ParseServiceID(id)
		if err != nil {
			t.Fatal(err)
		}
		m.Services = append(m.Services, Service{Service: plan.Service{Service: kernel.Service{ServiceID: parsed}}})
	}
	n := newFakeNetwork()
	n.link("eth0", "198.51.100.1")
	s := RoleSourceOf(m, n)
	if len(s.Addresses) != 2 {
		t.Errorf("the addresses are %v", s.Addresses)
	}
	if role, err := s.Look(); role != RoleBackup || err != nil {
		t.Errorf("without an address the role is %q, %v", role, err)
	}
	n.link("eth0", "198.51.100.1", "192.0.2.2")
	if role, err := s.Look(); role != RoleActive || err != nil {
		t.Errorf("with an address the role is %q, %v", role, err)
	}
	m.Services = m.Services[3:]
	if role, err := RoleSourceOf(m, n).Look(); !errors.Is(err, errNoAddress) {
		t.Errorf("with marks only the role is %q, %v", role, err)
	}
	m.Settings.RoleAuto = false
	if s := RoleSourceOf(m, n); s != nil {
		t.Errorf("a file without a role has the source %+v", s)
	}
}

// TestFollow checks that each change is told once, and a fault only if it stays.
func TestFollow(t *testing.T) {
	var told []string
	f := roleFollower{tell: func(r Role, err error) {
		if err != nil {
			told = append(told, string(r)+" "+err.Error())
		} else {
			told = append(told, string(r))
		}
	}}
	for _, look := range []struct {
		role Role
		err  error
	}{
		{RoleBackup, nil}, {RoleBackup, nil}, {RoleActive, nil}, {"", errNoWord}, {RoleActive, nil},
		{"", errNoWord}, {"", errNoWord}, {"", errNoWord}, {RoleActive, nil}, {RoleFault, nil},
	} {
		f.look(look.role, look.err)
	}
	want := []string{"backup", "active", "active " + errNoWord.Error(), "active", "fault"}
	if d := cmp.Diff(want, told); d != "" {
		t.Error(d)
	}
}

// TestFollowAddresses checks that a change of the addresses is enough, without a tick.
func TestFollowAddresses(t *testing.T) {
	n := newFakeNetwork()
	s := RoleSource{Network: n, Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.1")}}
	ctx, cancel := context.WithCancel(t.Context())
	told, ended := make(chan Role), make(chan struct{})
	go func() {
		defer close(ended)
		s.follow(ctx, make(chan time.Time), func(r Role, _ error) { told <- r })
	}()
	if r := <-told; r != RoleBackup {
		t.Errorf("at first the role is %q", r)
	}
	n.link("eth0", "192.0.2.1")
	n.changes <- struct{}{}
	if r := <-told; r != RoleActive {
		t.Errorf("with the address the role is %q", r)
	}
	cancel()
	<-ended
}

func TestSyncFor(t *testing.T) {
	master, backup := kernel.Daemon{Role: kernel.Master, ID: 7}, kernel.Daemon{Role: kernel.Backup, ID: 7}
	file := []kernel.Daemon{master, backup}
	for _, c := range []struct {
		role   Role
		follow bool
		want   []kernel.Daemon
		given  bool
	}{
		{RoleNone, false, file, true},
		{RoleNone, true, nil, false},
		{RoleActive, true, file[:1], true},
		{RoleBackup, true, file[1:], true},
		{RoleFault, true, file[1:], true},
	} {
		if got, given := SyncFor(c.role, c.follow, file); given != c.given || !slices.Equal(got, c.want) {
			t.Errorf("%q %v: %v, %v", c.role, c.follow, got, given)
		}
	}
	if got, given := SyncFor(RoleActive, true, file[1:]); len(got) != 0 || !given {
		t.Errorf("active without a master in the file: %v, %v", got, given)
	}
}
