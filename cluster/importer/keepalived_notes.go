package importer

import (
	"strings"
)

// keepalivedReasons say why a setting is not carried, where there is a reason.
var keepalivedReasons = map[string]string{
	"ha_suspend":           "checks do not wait for an address",
	"alpha":                "a server keeps its weight until its first check is done",
	"omega":                "nothing is run when the director stops",
	"quorum_up":            "no script is run",
	"quorum_down":          "no script is run",
	"notify_up":            "no script is run",
	"notify_down":          "no script is run",
	"smtp_alert":           "no mail is sent",
	"snmp_name":            "there is no SNMP",
	"sorry_server_inhibit": "the fallback is removed when it is not needed",
	"warmup":               "the director spreads the first checks by itself",
	"log_all_failures":     "",
	"bindto":               "a check leaves from the address that the routes give",
	"bind_to":              "a check leaves from the address that the routes give",
	"bind_if":              "a check leaves by the interface that the routes give",
	"bind_port":            "a check has no source port of its own",
	"fwmark":               "a check is not marked",
	"misc_dynamic":         "the result does not change the weight",
	"user":                 "the program runs as the director's user",
	"helo_name":            "",
	"http_protocol":        "",
	"fast_recovery":        "each check asks one URL",
	"hashed":               "",
	"regex_options":        "",
	"regex_stack":          "",
	"regex_min_offset":     "",
	"regex_max_offset":     "",
	"password":             "",
	"min_reply_length":     "",
	"max_reply_length":     "",
}

// leftOut tells that a line is not carried.
func (k *keepalived) leftOut(n *confNode, within string) {
	name := n.words[0]
	why, known := keepalivedReasons[name]
	switch {
	case !known:
		k.note(n.place, "%s: unknown in %s, and left out", name, within)
	case why == "":
		k.note(n.place, "%s is not carried", strings.Join(n.words, " "))
	default:
		k.note(n.place, "%s is not carried: %s", strings.Join(n.words, " "), why)
	}
}
