package ipvsadm

import "math/bits"

// groups is a set of options. Options that exclude one another are one group:
// a command line has at most one of each. They stand in the order in which
// ipvsadm looks for what is missing or has no place.
type groups uint64

const (
	numeric groups = 1 << iota
	connections
	service
	scheduler
	persistent
	netmask
	server
	forwarding
	weight
	upper
	lower
	mcastInterface
	timeouts
	daemons
	statistics
	rate
	thresholds
	persistentConn
	nosort
	syncID
	exact
	onePacket
	engine
	schedFlags
	mcastGroup
	mcastPort
	mcastTTL
	syncMaxLen
	tunInfo
	tunType
	tunPort
	tunNoChecksum
	tunChecksum
	tunRemoteChecksum
	repeatable // -6 and --sort may stand twice, and --sort anywhere

	ofService  = scheduler | persistent | netmask | engine | schedFlags | onePacket
	ofTunFlags = tunNoChecksum | tunChecksum | tunRemoteChecksum
	ofTunnel   = tunType | tunPort | ofTunFlags
	ofServer   = forwarding | weight | upper | lower | ofTunnel
	ofDaemon   = syncID | mcastInterface | mcastGroup | mcastPort | mcastTTL | syncMaxLen
	ofList     = statistics | rate | thresholds | persistentConn | tunInfo
)

// groupNames are what faults call the groups, in their order.
var groupNames = [...]string{
	"numeric", "connection", "service-address", "scheduler", "persistent", "netmask", "real-server",
	"forwarding-method", "weight", "u-threshold", "l-threshold", "mcast-interface", "timeout", "daemon",
	"stats", "rate", "thresholds", "persistent-conn", "nosort", "syncid", "exact", "ops", "pe", "sched-flags",
	"mcast-group", "mcast-port", "mcast-ttl", "sync-maxlen", "tun-info", "tun-type", "tun-port", "tun-nocsum",
	"tun-csum", "tun-remcsum",
}

// name is that of the first group of a set.
func (g groups) name() string { return groupNames[bits.TrailingZeros64(uint64(g))] }

// first is the first group of a set; of an empty one it is empty.
func (g groups) first() groups { return g & -g }
