package kernel

import (
	"fmt"
	"net/netip"
)

// Role is the task of a connection sync daemon.
type Role uint8

// The roles, with the kernel's numbers (IP_VS_STATE_…).
const (
	Master Role = 1 // sends its connections to the group
	Backup Role = 2 // listens for them
)

func (r Role) String() string {
	switch r {
	case Master:
		return "master"
	case Backup:
		return "backup"
	}
	return "none"
}

// ParseRole parses master or backup.
func ParseRole(s string) (Role, error) {
	for _, r := range []Role{Master, Backup} {
		if r.String() == s {
			return r, nil
		}
	}
	return 0, fmt.Errorf("invalid sync role %q: want master or backup", s)
}

// Daemon is a connection sync daemon. One of each role can run.
type Daemon struct {
	Role      Role
	Interface string
	// ID separates clusters on one network, 0 to 255. A backup with ID 0 accepts
	// every ID.
	ID uint8
	// Group is the multicast address. The zero value selects the kernel's default,
	// 224.0.0.81.
	Group netip.Addr
	// Port is the UDP port. Zero selects the default, 8848.
	Port uint16
	// TTL is the multicast time to live. Zero selects the default, 1.
	TTL uint8
	// MaxLen is the largest sync message in bytes. Zero lets the kernel derive it
	// from the interface's MTU.
	MaxLen uint16
}
