package ipvsadm

import "math/bits"

// Verb is the command of a command line.
type Verb uint8

// The verbs that change services and servers.
const (
	AddService Verb = iota + 1
	EditService
	DeleteService
	Clear
	AddServer
	EditServer
	DeleteServer
	// The verbs that a saved text cannot have.
	listTable
	zeroCounters
	saveTable
	restoreTable
	setTimeouts
	startDaemon
	stopDaemon
	showHelp
	showVersion
)

// verb is a command: the first option of a command line.
type verb struct {
	verb  Verb
	short byte
	long  string
	// called is its name in ipvsadm's complaints.
	called string
	// arg reports whether the verb has a value.
	arg argument
	// needs are the required options, takes the optional ones.
	needs, takes groups
}

var verbs = []verb{
	{AddService, 'A', "add-service", "add-service", without, service, ofService},
	{EditService, 'E', "edit-service", "edit-service", without, service, ofService},
	{DeleteService, 'D', "delete-service", "delete-service", without, service, 0},
	{Clear, 'C', "clear", "flush", without, 0, 0},
	{AddServer, 'a', "add-server", "add-server", without, service | server, ofServer},
	{EditServer, 'e', "edit-server", "edit-server", without, service | server, ofServer},
	{DeleteServer, 'd', "delete-server", "delete-server", without, service | server, 0},
	{listTable, 'L', "list", "list", without, 0, withList},
	{listTable, 'l', "", "list", without, 0, withList},
	{zeroCounters, 'Z', "zero", "zero", without, 0, service},
	{saveTable, 'S', "save", "save", without, 0, numeric},
	{restoreTable, 'R', "restore", "restore", without, 0, 0},
	{setTimeouts, 0, "set", "set", without, 0, 0},
	{startDaemon, 0, "start-daemon", "start-daemon", required, 0, ofDaemon},
	{stopDaemon, 0, "stop-daemon", "stop-daemon", required, 0, syncID},
	{showHelp, 'h', "help", "help", without, 0, 0},
	{showVersion, 'v', "version", "version", without, 0, 0},
}

// findVerb returns the verb with a long name or a letter, or nil.
func findVerb(long string, short byte) *verb {
	for i := range verbs {
		if v := &verbs[i]; long != "" && v.long == long || short != 0 && v.short == short {
			return v
		}
	}
	return nil
}

// name returns the verb as it is written: by its letter if it has one.
func (v *verb) name() string {
	if v.short != 0 {
		return "-" + string(v.short)
	}
	return "--" + v.long
}

// changes reports whether a saved text can have the verb.
func (v *verb) changes() bool { return v.verb <= DeleteServer }

// argument is whether an option has a value.
type argument uint8

const (
	without argument = iota
	required
	optional // the next word is not the value if it begins with -
)

// option is one option: its names, and what it sets in the command.
type option struct {
	short byte
	long  string
	arg   argument
	group groups
	set   func(p *parser, value word)
}

// options are the options of all verbs.
var options = []option{
	{'t', "tcp-service", required, service, (*parser).setTCP},
	{'u', "udp-service", required, service, (*parser).setUDP},
	{0, "sctp-service", required, service, (*parser).setSCTP},
	{'f', "fwmark-service", required, service, (*parser).setMark},
	{'6', "ipv6", without, repeatable, (*parser).setIPv6},
	{'s', "scheduler", required, scheduler, (*parser).setScheduler},
	{'p', "persistent", optional, persistent, (*parser).setPersistent},
	{'M', "netmask", required, netmask, (*parser).setNetmask},
	{0, "pe", required, engine, (*parser).setEngine},
	{'b', "sched-flags", required, schedFlags, (*parser).setSchedFlags},
	{'o', "ops", without, onePacket, (*parser).setOnePacket},
	{'r', "real-server", required, server, (*parser).setServer},
	{'g', "gatewaying", without, forwarding, (*parser).setDirect},
	{'i', "ipip", without, forwarding, (*parser).setTunnel},
	{'m', "masquerading", without, forwarding, (*parser).setNAT},
	{'w', "weight", required, weight, (*parser).setWeight},
	{'x', "u-threshold", required, upper, (*parser).setUpper},
	{'y', "l-threshold", required, lower, (*parser).setLower},
	{0, "tun-type", required, tunType, (*parser).setTunType},
	{0, "tun-port", required, tunPort, (*parser).setTunPort},
	{0, "tun-nocsum", without, tunNoChecksum, (*parser).setNoChecksum},
	{0, "tun-csum", without, tunChecksum, (*parser).setChecksum},
	{0, "tun-remcsum", without, tunRemoteChecksum, (*parser).setRemoteChecksum},

	{'n', "numeric", without, numeric, nil},
	{'c', "connection", without, connections, nil},
	{0, "timeout", without, timeouts, nil},
	{0, "daemon", without, daemons, nil},
	{0, "stats", without, statistics, nil},
	{0, "rate", without, rate, nil},
	{0, "thresholds", without, thresholds, nil},
	{0, "persistent-conn", without, persistentConn, nil},
	{0, "tun-info", without, tunInfo, nil},
	{'X', "exact", without, exact, nil},
	{0, "sort", without, repeatable, nil},
	{0, "nosort", without, nosort, nil},

	{0, "syncid", required, syncID, (*parser).setSyncID},
	{0, "mcast-interface", required, mcastInterface, (*parser).setInterface},
	{0, "mcast-group", required, mcastGroup, (*parser).setGroup},
	{0, "mcast-port", required, mcastPort, (*parser).setMcastPort},
	{0, "mcast-ttl", required, mcastTTL, (*parser).setTTL},
	{0, "sync-maxlen", required, syncMaxLen, (*parser).setMaxLen},
}

func findOption(long string, short byte) *option {
	for i := range options {
		if o := &options[i]; long != "" && o.long == long || short != 0 && o.short == short {
			return o
		}
	}
	return nil
}

// groups is a set of options. Options that cannot be combined form one group: a
// command line has at most one option of each group. The groups are in the order in
// which ipvsadm checks for missing and for illegal options.
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
	repeatable // -6 and --sort may be repeated, and --sort is always allowed

	ofService  = scheduler | persistent | netmask | engine | schedFlags | onePacket
	ofTunFlags = tunNoChecksum | tunChecksum | tunRemoteChecksum
	ofTunnel   = tunType | tunPort | ofTunFlags
	ofServer   = forwarding | weight | upper | lower | ofTunnel
	ofDaemon   = syncID | mcastInterface | mcastGroup | mcastPort | mcastTTL | syncMaxLen
	ofList     = statistics | rate | thresholds | persistentConn | tunInfo
	withList   = ofList | service | numeric | connections | timeouts | daemons | nosort | exact | syncID
)

// groupNames are the names of the groups in ipvsadm's complaints, in their order.
var groupNames = [...]string{
	"numeric", "connection", "service-address", "scheduler", "persistent", "netmask", "real-server",
	"forwarding-method", "weight", "u-threshold", "l-threshold", "mcast-interface", "timeout", "daemon",
	"stats", "rate", "thresholds", "persistent-conn", "nosort", "syncid", "exact", "ops", "pe", "sched-flags",
	"mcast-group", "mcast-port", "mcast-ttl", "sync-maxlen", "tun-info", "tun-type", "tun-port", "tun-nocsum",
	"tun-csum", "tun-remcsum",
}

// name returns the name of the first group of a set.
func (g groups) name() string { return groupNames[bits.TrailingZeros64(uint64(g))] }

// first returns the first group of a set, which is empty for an empty set.
func (g groups) first() groups { return g & -g }
