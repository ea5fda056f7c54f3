package importer

import (
	"strings"
)

// keepalivedReason says why a setting is not carried, where there is a reason, and
// reports whether the setting is known.
func keepalivedReason(name string) (why string, known bool) {
	switch name {
	case "ha_suspend":
		return "checks do not wait for an address", true
	case "alpha":
		return "a server keeps its weight until its first check is done", true
	case "omega":
		return "nothing is run when the director stops", true
	case "quorum_up", "quorum_down", "notify_up", "notify_down":
		return "no script is run", true
	case "smtp_alert":
		return "no mail is sent", true
	case "snmp_name":
		return "there is no SNMP", true
	case "sorry_server_inhibit":
		return "the fallback is removed when it is not needed", true
	case "warmup":
		return "the director spreads the first checks by itself", true
	case "log_all_failures", "helo_name", "http_protocol", "hashed", "regex_options", "regex_stack",
		"regex_min_offset", "regex_max_offset", "password", "min_reply_length", "max_reply_length":
		return "", true
	case "bindto", "bind_to":
		return "a check leaves from the address that the routes give", true
	case "bind_if":
		return "a check leaves by the interface that the routes give", true
	case "bind_port":
		return "a check has no source port of its own", true
	case "fwmark":
		return "a check is not marked", true
	case "misc_dynamic":
		return "the result does not change the weight", true
	case "user":
		return "the program runs as the director's user", true
	case "fast_recovery":
		return "each check asks one URL", true
	}
	return "", false
}

// leftOut tells that a line is not carried.
func (k *keepalived) leftOut(n *confNode, within string) {
	name := n.words[0]
	why, known := keepalivedReason(name)
	switch {
	case !known:
		k.note(n.place, "%s: unknown in %s, and left out", name, within)
	case why == "":
		k.note(n.place, "%s is not carried", strings.Join(n.words, " "))
	default:
		k.note(n.place, "%s is not carried: %s", strings.Join(n.words, " "), why)
	}
}
