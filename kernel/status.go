package kernel

import (
	"cmp"
	"time"
)

// Counters are totals since the object was made or last zeroed. The kernel
// keeps 64 bits from Linux 4.1; on older ones they wrap at 2³². Outbound
// counters stay zero where answers do not pass the director: as a rule with
// direct routing and tunnels.
type Counters struct {
	Connections uint64
	PacketsIn   uint64
	PacketsOut  uint64
	BytesIn     uint64
	BytesOut    uint64
}

// Rates are the kernel's own estimates per second: a moving average over some
// eight seconds, renewed every two (ip_vs_est.c).
type Rates struct {
	Connections uint64
	PacketsIn   uint64
	PacketsOut  uint64
	BytesIn     uint64
	BytesOut    uint64
}

// Stats are what the kernel counts for a service, a server or the whole table.
type Stats struct {
	Counters Counters
	Rates    Rates
}

// ServiceEntry is one row of the table: a service, what it counted, and its
// servers in the kernel's order.
type ServiceEntry struct {
	Service
	Stats   Stats
	Servers []ServerEntry
}

// ServerEntry is a real server of a service and what it does now.
type ServerEntry struct {
	Server
	// Active are established connections, Inactive those in any other state,
	// Persistent the clients bound to the server by persistence.
	Active, Inactive, Persistent uint32
	Stats                        Stats
}

// Snapshot is the whole table as read in one pass. The kernel has no
// transactions: a change made by somebody else meanwhile may be half in it.
type Snapshot struct {
	Time time.Time
	Info Info
	// Public is set when the table came from what everyone may read
	// (/proc/net/ip_vs): then statistics, thresholds, persistence (the file
	// has it in ticks of unknown length), the scheduler's flags, engines and
	// tunnel details are not known; nor is the family of a mark without servers.
	Public bool
	// Services is in canonical order (ServiceID.Compare).
	Services []ServiceEntry
	// Order is the order in which the kernel listed them, which is its own and
	// may change at any time: Services[Order[0]] came first. It is nil where
	// services were asked for by name, or when Public; and it says nothing once
	// Services has been cut or sorted otherwise.
	Order []int
}

// Find gives the entry of a service, or nil.
func (s *Snapshot) Find(id ServiceID) *ServiceEntry {
	for i := range s.Services {
		if s.Services[i].ServiceID == id {
			return &s.Services[i]
		}
	}
	return nil
}

// Version is IPVS's own version, 1.2.1 since 2003, as 0x010201.
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

// Info is what the kernel says of its IPVS.
type Info struct {
	Version Version
	// ConnTableSize is the number of hash buckets for connections. From Linux
	// 7.x the table grows by itself and is 0 while empty.
	ConnTableSize uint32
}

// Timeouts of connection states, in whole seconds. In SetTimeouts zero leaves
// a value as it is.
type Timeouts struct {
	TCP    time.Duration // an established TCP connection; 15 minutes at boot
	TCPFin time.Duration // after a FIN; 2 minutes
	UDP    time.Duration // since the last datagram; 5 minutes
}

// With gives the timeouts after a SetTimeouts of those.
func (t Timeouts) With(set Timeouts) Timeouts {
	return Timeouts{TCP: cmp.Or(set.TCP, t.TCP), TCPFin: cmp.Or(set.TCPFin, t.TCPFin), UDP: cmp.Or(set.UDP, t.UDP)}
}

// TableStatus is a hash table's state as /proc/net/ip_vs_status tells it,
// line by line (Linux 7.x and later).
type TableStatus struct {
	Name  string
	Value string
}

// Sysctl is one setting below /proc/sys/net/ipv4/vs.
type Sysctl struct {
	Name  string
	Value string
}
