package director

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lvs/kernel"
	"lvs/plan"
	"lvs/safefile"
)

// Role is what this director does beside another one. The words are those of Status.Role.
type Role string

// The roles.
const (
	// RoleNone: the file sets no role, or it is not known yet.
	RoleNone Role = ""
	// RoleActive: traffic comes here. VRRP calls it master.
	RoleActive Role = "active"
	// RoleBackup: traffic goes to the other director. This one keeps its table and its
	// checks, so that it can take over at once.
	RoleBackup Role = "backup"
	// RoleFault: VRRP has found a fault here, and traffic goes to the other director.
	RoleFault Role = "fault"
)

// RoleSource is where the role comes from: a file, or the addresses of this machine.
type RoleSource struct {
	Network Network
	// File is the absolute path of a file whose first word is MASTER, BACKUP, FAULT or STOP,
	// as a notify script of keepalived writes it. Empty: the director is active if one of
	// Addresses is on an interface of this machine, and backup if none is.
	File      string
	Addresses []netip.Addr
}

// RoleSourceOf returns where the role of a model comes from, or nil if its file sets no role.
func RoleSourceOf(m *Model, n Network) *RoleSource {
	if m.Settings.RoleFile == "" && !m.Settings.RoleAuto {
		return nil
	}
	s := &RoleSource{Network: n, File: m.Settings.RoleFile}
	for i := range m.Services {
		if a := m.Services[i].Addr; m.Services[i].FWMark == 0 && !slices.Contains(s.Addresses, a) {
			s.Addresses = append(s.Addresses, a)
		}
	}
	return s
}

var (
	errNoAddress = errors.New("role: auto needs a service with an address; there are only firewall marks")
	errNoNetwork = errors.New("role: auto needs the addresses of this machine, which cannot be read here")
	errNoWord    = errors.New("it is empty; want MASTER, BACKUP, FAULT or STOP")
)

// Look returns the role as it is now. With an error the role is not known: the one from
// before stays.
func (s *RoleSource) Look() (Role, error) {
	if s.File != "" {
		return s.read()
	}
	switch {
	case len(s.Addresses) == 0:
		return RoleNone, errNoAddress
	case s.Network == nil:
		return RoleNone, errNoNetwork
	}
	here, err := s.Network.Addresses()
	if err != nil {
		return RoleNone, fmt.Errorf("cannot read the addresses of this machine: %w", err)
	}
	if slices.ContainsFunc(here, func(a netip.Addr) bool { return slices.Contains(s.Addresses, a) }) {
		return RoleActive, nil
	}
	return RoleBackup, nil
}

// maxRoleFile is the largest file that is read.
const maxRoleFile = 4096

func (s *RoleSource) read() (Role, error) {
	dir, err := safefile.Open(filepath.Dir(s.File))
	if err != nil {
		return RoleNone, fmt.Errorf("cannot read the role: %w", err)
	}
	defer dir.Close()
	text, err := dir.ReadFile(filepath.Base(s.File), maxRoleFile)
	if err != nil {
		return RoleNone, fmt.Errorf("cannot read the role: %w", err)
	}
	role, err := parseRole(string(text))
	if err != nil {
		return RoleNone, fmt.Errorf("cannot read the role in %s: %w", s.File, err)
	}
	return role, nil
}

// parseRole returns the role that the first word of a file means. These are the states that
// keepalived calls notify scripts with (keepalived.conf(5)).
func parseRole(text string) (Role, error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return RoleNone, errNoWord
	}
	switch strings.ToUpper(words[0]) {
	case "MASTER":
		return RoleActive, nil
	case "BACKUP", "STOP":
		return RoleBackup, nil
	case "FAULT":
		return RoleFault, nil
	}
	return RoleNone, fmt.Errorf("invalid role %.40q: want MASTER, BACKUP, FAULT or STOP", plan.Visible(words[0]))
}

// roleEvery is how often the role is looked at without a sign that it has changed.
const roleEvery = time.Second

// Follow calls tell with the role, and again each time when it or the error changes, until
// the context ends. The role stays the last that was known while it cannot be read. A fault
// is told when it was there twice, because a script may be in the middle of writing.
func (s *RoleSource) Follow(ctx context.Context, tell func(Role, error)) {
	tick := time.NewTicker(roleEvery)
	defer tick.Stop()
	s.follow(ctx, tick.C, tell)
}

func (s *RoleSource) follow(ctx context.Context, tick <-chan time.Time, tell func(Role, error)) {
	changes := s.changes(ctx)
	f := roleFollower{tell: tell}
	for {
		f.look(s.Look())
		select {
		case <-ctx.Done():
			return
		case <-tick:
		case _, open := <-changes:
			if !open {
				changes = nil // the ticks remain
			}
		}
	}
}

// changes returns the channel of changed addresses, nil if they do not matter or cannot be
// listened to.
func (s *RoleSource) changes(ctx context.Context) <-chan struct{} {
	if s.File != "" || s.Network == nil {
		return nil
	}
	changes, err := s.Network.Changes(ctx)
	if err != nil {
		return nil
	}
	return changes
}

// roleFollower knows what was told.
type roleFollower struct {
	tell   func(Role, error)
	role   Role
	fault  string // that was told
	before string // of the look before
	told   bool
}

func (f *roleFollower) look(role Role, err error) {
	fault := ""
	if err != nil {
		fault, role = err.Error(), f.role
	}
	stands := fault == f.before
	f.before = fault
	if fault != "" && !stands || f.told && role == f.role && fault == f.fault {
		return
	}
	f.role, f.fault, f.told = role, fault, true
	f.tell(role, err)
}

// SyncFor returns the sync daemons that should run in a role, of those in the file. Without
// a role in the file, follow is false and all of them run. While the role is not known, given
// is false: the daemons stay as they are.
func SyncFor(role Role, follow bool, file []kernel.Daemon) (daemons []kernel.Daemon, given bool) {
	switch {
	case !follow:
		return file, true
	case role == RoleNone:
		return nil, false
	}
	want := kernel.Backup
	if role == RoleActive {
		want = kernel.Master
	}
	daemons = []kernel.Daemon{}
	for _, d := range file {
		if d.Role == want {
			daemons = append(daemons, d)
		}
	}
	return daemons, true
}
