package kernel

import (
	"cmp"
	"time"
)

// Version is the version of IPVS itself: 1.2.1 since 2003, as 0x010201.
type Version uint32

func (v Version) String() string {
	b := make([]byte, 0, 8)
	for i, shift := range []int{16, 8, 0} {
		if i > 0 {
			b = append(b, '.')
		}
		b = appendUint(b, uint64(byte(v>>shift)))
	}
	return string(b)
}

// Info describes the kernel's IPVS.
type Info struct {
	Version Version
	// ConnTableSize is the number of hash buckets for connections. From Linux 7.x
	// the table grows automatically and the size is 0 while it is empty.
	ConnTableSize uint32
}

// Timeouts are those of connection states, in whole seconds. In SetTimeouts zero
// leaves a value unchanged.
type Timeouts struct {
	TCP    time.Duration // an established TCP connection; 15 minutes at boot
	TCPFin time.Duration // after a FIN; 2 minutes
	UDP    time.Duration // since the last datagram; 5 minutes
}

// With returns the timeouts after SetTimeouts(set).
func (t Timeouts) With(set Timeouts) Timeouts {
	return Timeouts{TCP: cmp.Or(set.TCP, t.TCP), TCPFin: cmp.Or(set.TCPFin, t.TCPFin), UDP: cmp.Or(set.UDP, t.UDP)}
}

// TableStatus is one line of /proc/net/ip_vs_status, which describes the hash
// tables (Linux 7.x and later).
type TableStatus struct {
	Name  string
	Value string
}

// Sysctl is one setting in /proc/sys/net/ipv4/vs.
type Sysctl struct {
	Name  string
	Value string
}
