package kernel

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Service is the configuration of a virtual service.
type Service struct {
	ServiceID
	// Scheduler is the kernel module that selects a server: wlc, rr, mh …
	Scheduler string
	// SchedFlags are options of the scheduler.
	SchedFlags SchedFlags
	// Persistence is how long a client stays bound to its server after its last
	// connection, in whole seconds. Zero is off.
	Persistence time.Duration
	// Netmask groups clients for persistence. Zero binds each address separately.
	Netmask Netmask
	// Engine is the persistence engine (only "sip" exists). Empty is none.
	Engine string
	// OnePacket schedules every UDP datagram separately.
	OnePacket bool
}

// Limits of the kernel's fields.
const (
	// MaxPersistence is the longest persistence that ipvsadm and lvs accept: 31
	// days. The kernel multiplies seconds by its clock rate in 32 bits.
	MaxPersistence = 31 * 24 * time.Hour
	// MaxWeight is the largest weight: the kernel's is a signed 32-bit number.
	MaxWeight = 1<<31 - 1
	// MaxName is the length of the longest scheduler or persistence engine name
	// (IP_VS_SCHEDNAME_MAXLEN and IP_VS_PENAME_MAXLEN less the final zero).
	MaxName = 15
)

// Schedulers returns the names of Linux's schedulers (net/netfilter/ipvs/ip_vs_*.c). A service
// with "none" has no scheduler.
func Schedulers() []string {
	return []string{
		"dh", "fo", "lblc", "lblcr", "lc", "mh", "none", "nq", "ovf", "rr", "sed", "sh", "twos", "wlc", "wrr",
	}
}

// Engines returns the names of Linux's persistence engines (ip_vs_pe_*.c).
func Engines() []string { return []string{"sip"} }

// SchedFlags are three flags for the scheduler (IP_VS_SVC_F_SCHED1..3).
type SchedFlags uint8

// The flags. sh and mh have names for the first two.
const (
	SchedFlag1 SchedFlags = 1 << iota // sh-fallback, mh-fallback
	SchedFlag2                        // sh-port, mh-port
	SchedFlag3
)

// schedFlagNames are the names of flags 1 to 3 by scheduler; the empty scheduler is
// any other.
var schedFlagNames = map[string][3]string{
	"sh": {"sh-fallback", "sh-port", "flag-3"},
	"mh": {"mh-fallback", "mh-port", "flag-3"},
	"":   {"flag-1", "flag-2", "flag-3"},
}

// SchedFlagNames returns all names. Those of one scheduler are in the order of the flags.
func SchedFlagNames() []string {
	return []string{"sh-fallback", "sh-port", "mh-fallback", "mh-port", "flag-1", "flag-2", "flag-3"}
}

// Names returns the names of the flags for a scheduler. Without flags it is an
// empty slice, not nil.
func (f SchedFlags) Names(scheduler string) []string {
	names, ok := schedFlagNames[scheduler]
	if !ok {
		names = schedFlagNames[""]
	}
	out := []string{}
	for i, n := range names {
		if f&(1<<i) != 0 {
			out = append(out, n)
		}
	}
	return out
}

// ParseSchedFlags parses a comma-separated list of flag names. It refuses a name
// of another scheduler's flag. The empty string means no flags.
func ParseSchedFlags(scheduler, s string) (SchedFlags, error) {
	var f SchedFlags
	if s == "" {
		return 0, nil
	}
next:
	for name := range strings.SplitSeq(s, ",") {
		for owner, names := range schedFlagNames {
			for i, n := range names {
				if n != name {
					continue
				}
				if owner != "" && owner != scheduler && n != "flag-3" {
					return 0, fmt.Errorf("scheduler flag %q belongs to %s, not to %s", name, owner, scheduler)
				}
				f |= 1 << i
				continue next
			}
		}
		return 0, fmt.Errorf("invalid scheduler flag %q: want "+
			"flag-1, flag-2, flag-3, sh-fallback, sh-port, mh-fallback or mh-port", name)
	}
	return f, nil
}

// Netmask groups clients. For IPv4 it is the mask as a number (0xffffff00 is
// 255.255.255.0), for IPv6 the prefix length. Zero is the whole address.
type Netmask uint64

// AllClients is the IPv4 mask 0.0.0.0, which puts all clients into one group. It
// differs from the zero value; its lower 32 bits are the kernel's mask.
const AllClients Netmask = 1 << 32

// Text returns the mask in the family's usual form: 255.255.255.0 or 64. For the
// whole address it is empty.
func (m Netmask) Text(f Family) string {
	if m.Whole(f) {
		return ""
	}
	if f == IPv6 {
		return strconv.FormatUint(uint64(m), 10)
	}
	return netip.AddrFrom4([4]byte{byte(m >> 24), byte(m >> 16), byte(m >> 8), byte(m)}).String()
}

// Whole reports whether the mask covers the whole address, so that it groups no
// clients.
func (m Netmask) Whole(f Family) bool {
	return m == 0 || f == IPv4 && m == 0xffffffff || f == IPv6 && m == 128
}

// ParseNetmask parses 255.255.255.0 or /24 for IPv4, and a prefix length from 1 to
// 128, with or without a slash, for IPv6.
func ParseNetmask(f Family, s string) (Netmask, error) {
	if f == IPv6 {
		n, err := strconv.ParseUint(strings.TrimPrefix(s, "/"), 10, 32)
		if err != nil || n < 1 || n > 128 {
			return 0, fmt.Errorf("invalid netmask %q: want a prefix length from 1 to 128 for IPv6", s)
		}
		return Netmask(n), nil
	}
	if bits, ok := strings.CutPrefix(s, "/"); ok {
		n, err := strconv.ParseUint(bits, 10, 32)
		if err != nil || n > 32 {
			return 0, fmt.Errorf("invalid netmask %q: want a prefix length from /0 to /32 for IPv4", s)
		}
		return maskOf(^uint32(0) << (32 - n)), nil
	}
	a, err := netip.ParseAddr(s)
	if err != nil || !a.Is4() {
		return 0, fmt.Errorf("invalid netmask %q: want a mask such as 255.255.255.0 or /24 for IPv4", s)
	}
	b := a.As4()
	return maskOf(net.Uint32(b[:])), nil
}

// maskOf returns the Netmask of an IPv4 mask.
func maskOf(bits uint32) Netmask {
	if bits == 0 {
		return AllClients
	}
	return Netmask(bits)
}
