package ipvsadm

// Verb is what a command line does.
type Verb uint8

// The verbs that change the table.
const (
	AddService Verb = iota + 1
	EditService
	DeleteService
	Clear
	AddServer
	EditServer
	DeleteServer
	// other is a verb that this package knows by name only.
	other
)

// verb is a command: the first word of a command line.
type verb struct {
	verb  Verb
	short byte
	long  string
	// needs must be given, takes may be.
	needs, takes groups
}

var verbs = []verb{
	{AddService, 'A', "add-service", service, ofService},
	{EditService, 'E', "edit-service", service, ofService},
	{DeleteService, 'D', "delete-service", service, 0},
	{Clear, 'C', "clear", 0, 0},
	{AddServer, 'a', "add-server", service | server, ofServer},
	{EditServer, 'e', "edit-server", service | server, ofServer},
	{DeleteServer, 'd', "delete-server", service | server, 0},
	{other, 'L', "list", 0, 0},
	{other, 'l', "list", 0, 0},
	{other, 'Z', "zero", 0, 0},
	{other, 'S', "save", 0, 0},
	{other, 'R', "restore", 0, 0},
	{other, 'h', "help", 0, 0},
	{other, 'v', "version", 0, 0},
	{other, 0, "set", 0, 0},
	{other, 0, "start-daemon", 0, 0},
	{other, 0, "stop-daemon", 0, 0},
}

// groups is a set of options. Options that exclude one another are one group:
// a command line has at most one of each.
type groups uint32

const (
	service groups = 1 << iota
	server
	scheduler
	persistent
	netmask
	engine
	schedFlags
	onePacket
	forwarding
	weight
	upper
	lower
	tunType
	tunPort
	tunFlags
	repeatable // -6 may stand twice

	ofService = scheduler | persistent | netmask | engine | schedFlags | onePacket
	ofTunnel  = tunType | tunPort | tunFlags
	ofServer  = forwarding | weight | upper | lower | ofTunnel
)

// argument tells whether an option has a value.
type argument uint8

const (
	without argument = iota
	required
	optional // its own word is not taken where it begins with -
)

// option is one option: how it is written, and what it does to the command.
type option struct {
	short byte
	long  string
	arg   argument
	group groups
	set   func(p *parser, value word)
}

// options is every option of the verbs that change the table.
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
	{0, "tun-nocsum", without, tunFlags, (*parser).setNoChecksum},
	{0, "tun-csum", without, tunFlags, (*parser).setChecksum},
	{0, "tun-remcsum", without, tunFlags, (*parser).setRemoteChecksum},
}

// findVerb gives the verb with a long name, or with a letter.
func findVerb(long string, short byte) *verb {
	for i := range verbs {
		if v := &verbs[i]; long != "" && v.long == long || short != 0 && v.short == short {
			return v
		}
	}
	return nil
}

func findOption(long string, short byte) *option {
	for i := range options {
		if o := &options[i]; long != "" && o.long == long || short != 0 && o.short == short {
			return o
		}
	}
	return nil
}

// name is a verb as a person writes it.
func (v *verb) name() string {
	if v.short != 0 {
		return "-" + string(v.short)
	}
	return "--" + v.long
}
