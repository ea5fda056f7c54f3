package commands

import (
	"slices"
	"strings"
)

// ipvsadmCommands are ipvsadm's commands, short and long, and what does it
// here. Some of its options stand among them: they tell as much.
var ipvsadmCommands = []struct{ short, long, does string }{
	{"A", "add-service", "service add"},
	{"E", "edit-service", "service edit"},
	{"D", "delete-service", "service delete"},
	{"a", "add-server", "server add"},
	{"e", "edit-server", "server edit"},
	{"d", "delete-server", "server delete"},
	{"L", "list", "list"},
	{"l", "list", "list"},
	{"C", "clear", "clear"},
	{"Z", "zero", "zero"},
	{"S", "save", "save"},
	{"R", "restore", "restore"},
	{"", "set", "timeouts set --tcp N --tcp-fin N --udp N"},
	{"", "start-daemon", "sync start ROLE --interface NAME"},
	{"", "stop-daemon", "sync stop ROLE"},
	{"c", "connection", "connections"},
	{"", "daemon", "sync status"},
	{"p", "", "service add … --persistent=SECONDS"},
	{"M", "", "service add … --netmask MASK"},
}

// ipvsadmLists are what the options of its list ask for.
var ipvsadmLists = []struct{ option, does string }{
	{"--connection", "connections"},
	{"--timeout", "timeouts"},
	{"--daemon", "sync status"},
	{"--stats", "list --stats"},
	{"--rate", "list --rate"},
	{"--thresholds", "list --wide"},
	{"--persistent-conn", "list --wide"},
}

// ipvsadmOptions are ipvsadm's long options that have another name here.
func ipvsadmOptions() map[string]string {
	return map[string]string{
		"gatewaying": "direct", "masquerading": "nat", "ipip": "tunnel", "u-threshold": "upper", "l-threshold": "lower",
		"mcast-interface": "interface", "mcast-group": "group", "mcast-port": "port", "mcast-ttl": "ttl",
		"syncid": "id", "sync-maxlen": "max-len", "thresholds": "wide", "persistent-conn": "wide", "tun-nocsum": "tun-flags",
		"tun-csum": "tun-flags", "tun-remcsum": "tun-flags", "one-packet": "ops", "gateway": "direct", "masq": "nat",
	}
}

// habit tells what does here what an ipvsadm command does there, or nothing.
func (a *App) habit(name string, short bool) string {
	for _, h := range ipvsadmCommands {
		if short && h.short != name || !short && h.long != name || name == "" {
			continue
		}
		switch h.long {
		case "list":
			return a.listHabit()
		case "set", "start-daemon", "stop-daemon":
			return a.controlHabit(h.long, h.does)
		}
		return h.does
	}
	return ""
}

// listHabit looks at the whole command line for what is to be listed.
func (a *App) listHabit() string {
	for _, arg := range a.args {
		if len(arg) > 1 && arg[0] == '-' && arg[1] != '-' && strings.Trim(arg[1:], "Llnc6") == "" && strings.Contains(arg, "c") {
			return "connections"
		}
	}
	for _, l := range ipvsadmLists {
		if slices.Contains(a.args, l.option) {
			return l.does
		}
	}
	return "list"
}

// controlHabit puts the values behind the option into the answer.
func (a *App) controlHabit(option, does string) string {
	i := slices.Index(a.args, "--"+option)
	if i < 0 {
		return does
	}
	rest := a.args[i+1:]
	switch {
	case option == "set" && len(rest) >= 3:
		if options := timeoutOptions(rest[:3]); options != "" {
			return "timeouts set" + options
		}
	case option != "set" && len(rest) > 0 && (rest[0] == "master" || rest[0] == "backup"):
		return strings.Replace(does, "ROLE", rest[0], 1)
	}
	return does
}
