package kernel

import (
	"fmt"
	"net/netip"
)

// Role is what a connection sync daemon does.
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

// ParseRole reads master or backup.
func ParseRole(s string) (Role, error) {
	for _, r := range []Role{Master, Backup} {
		if r.String() == s {
			return r, nil
		}
	}
	return 0, fmt.Errorf("unknown sync role %q; it is master or backup", s)
}

// Daemon is a connection sync daemon. One of each role can run.
type Daemon struct {
	Role      Role
	Interface string
	// ID keeps clusters on one network apart, 0 to 255. A backup with ID 0
	// listens to all.
	ID uint8
	// Group is the multicast address. The zero value is the kernel's default,
	// 224.0.0.81.
	Group netip.Addr
	// Port is the UDP port. Zero is the default, 8848.
	Port uint16
	// TTL is the multicast time to live. Zero is the default, 1.
	TTL uint8
	// MaxLen is the longest sync message in bytes. Zero lets the kernel derive
	// it from the interface's MTU.
	MaxLen uint16
}
