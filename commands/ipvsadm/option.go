package ipvsadm

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

// options is every option of every verb.
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
