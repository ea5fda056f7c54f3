package importer

import "strings"

// keepalivedReason returns why a setting is not converted, if there is a reason, and
// reports whether the setting is known.
func keepalivedReason(name string) (why string, known bool) {
	switch name {
	case "ha_suspend":
		return "checks do not wait for an address", true
	case "alpha":
		return "a new server waits for its checks anyway (director.start)", true
	case "omega":
		return "director.onStop decides what happens when the director stops", true
	case "quorum_up", "quorum_down", "notify_up", "notify_down":
		return "use director.hook, a program that is run for each event", true
	case "smtp_alert":
		return "lvs sends no mail", true
	case "snmp_name":
		return "lvs has no SNMP", true
	case "sorry_server_inhibit":
		return "the fallback is removed if it is not needed", true
	case "warmup":
		return "the first checks are spread over time automatically", true
	case "log_all_failures", "helo_name", "http_protocol", "hashed", "regex_options", "regex_stack",
		"regex_min_offset", "regex_max_offset", "password", "min_reply_length", "max_reply_length":
		return "", true
	case "bind_to":
		return "the routes select the source address of a check", true
	case "bind_if":
		return "the routes select the interface of a check", true
	case "bind_port":
		return "a check has no source port of its own", true
	case "fwmark":
		return "checks have no firewall mark", true
	case "user":
		return "the program of a check has no user of its own", true
	case "fast_recovery":
		return "each check has one URL", true
	}
	return "", false
}

// leftOut notes that a line is not converted.
func (k *keepalived) leftOut(n *confNode, within string) {
	name := n.words[0]
	why, known := keepalivedReason(name)
	switch {
	case !known:
		k.note(n.place, "%s is not converted: it is unknown in %s", name, within)
	case why == "":
		k.note(n.place, "%s is not converted", strings.Join(n.words, " "))
	default:
		k.note(n.place, "%s is not converted: %s", strings.Join(n.words, " "), why)
	}
}
