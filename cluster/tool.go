package cluster

import "strings"

// ToolOf guesses which tool a text is the configuration of, as ImportKeepalived
// and its like read it: keepalived, ldirectord, ipvsadm or ipvsctl. Empty is no
// idea.
func ToolOf(text string) string {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		word, _, _ := strings.Cut(line, " ")
		key, _, setting := strings.Cut(line, "=")
		key = strings.TrimSpace(key)
		switch {
		case word == "global_defs", word == "virtual_server", word == "virtual_server_group", word == "vrrp_instance":
			return "keepalived"
		case setting && (key == "virtual" || key == "virtual6"):
			return "ldirectord"
		case word == "-A":
			return "ipvsadm"
		case line == "destinations:", line == "- destinations:":
			return "ipvsctl"
		}
	}
	return ""
}
