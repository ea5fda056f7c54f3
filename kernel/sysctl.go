package kernel

import "strconv"

// Names of sysctls of net.ipv4.vs that decide what becomes of connections, and what is
// known of them (Documentation/networking/ipvs-sysctl.rst).
const (
	// ExpireNodestConn: packets of a connection whose server was deleted end that
	// connection, so that the client is sent to another server. At 0 they are
	// dropped until the connection times out.
	ExpireNodestConn = "expire_nodest_conn"
	// ExpireQuiescentTemplate: a client that persistence binds to a server of
	// weight 0 is sent to another server. At 0 it keeps its server.
	ExpireQuiescentTemplate = "expire_quiescent_template"
	// ConnReuseMode decides what a new connection from the port of one that has ended
	// does: at 0 it always goes to the old server. Bit 1 of the value, that is 2, extends
	// the rest to connections of which the kernel sees one direction only (direct
	// routing, tunnels).
	ConnReuseMode = "conn_reuse_mode"
	// SloppyTCP: a packet of an unknown TCP connection makes an established one.
	SloppyTCP = "sloppy_tcp"
	// RunEstimation: the kernel keeps counters and rates up to date (Linux 5.16).
	RunEstimation = "run_estimation"
	// EstCPUList is the list of processors that update counters and rates (Linux
	// 6.2). If it is empty, none does.
	EstCPUList = "est_cpulist"
	// ConnMax is the largest number of connections in the table (Linux 7). Packets
	// that need one more are dropped. At 0 there are no new connections at all.
	ConnMax = "conn_max"
)

// Switch reports whether a sysctl is on, that is not 0. known is false if the
// kernel does not have it or it could not be read.
func Switch(all []Sysctl, name string) (on, known bool) {
	value, known := valueOf(all, name)
	return known && value != "0", known
}

// CountersStopped returns the sysctl because of which the kernel does not update its
// counters and rates: RunEstimation or EstCPUList. Services, servers and the totals
// then keep the numbers of the last update, until both are set again: the kernel adds
// what it counted meanwhile. Connections, active and inactive, are always up to date.
// The result is empty if counters are updated, or if the kernel has neither setting.
func CountersStopped(all []Sysctl) string {
	if on, known := Switch(all, RunEstimation); known && !on {
		return RunEstimation
	}
	if list, known := valueOf(all, EstCPUList); known && list == "" {
		return EstCPUList
	}
	return ""
}

func valueOf(all []Sysctl, name string) (value string, known bool) {
	for _, s := range all {
		if s.Name == name {
			return s.Value, true
		}
	}
	return "", false
}

// ConnTable is how many entries the connection table has and may have. A persistence
// template is an entry as well.
type ConnTable struct {
	// Used is the number of entries, -1 if it is unknown: before Linux 7, or without
	// privilege.
	Used int64
	// Max is the limit, ConnMax. It is -1 if there is none: before Linux 7.
	Max int64
	// Buckets is the size of the hash table, -1 if it is unknown. It is no limit: a
	// bucket holds any number of entries, and from Linux 7 on the table grows.
	Buckets int64
}

// ConnTableOf returns the state of the connection table. Each argument may be nil, if
// it could not be read.
func ConnTableOf(status []TableStatus, settings []Sysctl) ConnTable {
	t := ConnTable{Used: -1, Max: -1, Buckets: -1}
	for _, s := range status {
		switch s.Name {
		case "Conns":
			t.Used = leadingNumber(s.Value)
		case "Conn buckets":
			t.Buckets = leadingNumber(s.Value)
		}
	}
	if value, known := valueOf(settings, ConnMax); known {
		t.Max = leadingNumber(value)
	}
	return t
}

// nearFull is how much of the limit may be used, in percent, before the table is
// almost full.
const nearFull = 80

// AlmostFull reports whether the table holds 80 % of the limit or more.
func (t ConnTable) AlmostFull() bool {
	return t.Used >= 0 && t.Max >= 0 && t.Used*100 >= t.Max*nearFull
}

// leadingNumber returns the decimal number at the beginning of a text, -1 if there is
// none.
func leadingNumber(s string) int64 {
	end := 0
	for end < len(s) && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	n, err := strconv.ParseInt(s[:end], 10, 64)
	if err != nil {
		return -1
	}
	return n
}
