package importer

import "strings"

// confKey is what keepalived 2.2.7 knows about a word that begins a line.
type confKey struct {
	need  int    // words that must follow; keepalived does not start without them
	most  int    // words that have an effect; -1 is any number
	block string // the kind of its block, or nothing
}

// The kinds of blocks, beside those that are called as the word that opens them.
const (
	confTop    = ""       // outside of blocks
	confOther  = "other"  // a block that does not concern IPVS: its braces are counted
	confList   = "list"   // a block of lines that do not begin with a known word
	confURL    = "url"    // of HTTP_GET and SSL_GET
	confHost   = "host"   // of SMTP_CHECK
	confServer = "server" // real_server
)

// keyOf returns what keepalived knows about a word in a block of some kind. In other
// places the word is unknown.
func keyOf(kind, word string) (confKey, bool) {
	switch kind {
	case confTop:
		return topKey(word)
	case "virtual_server":
		return virtualServerKey(word)
	case confServer:
		return realServerKey(word)
	case confURL:
		return urlKey(word)
	}
	return checkerKey(kind, word)
}

func topKey(word string) (confKey, bool) {
	switch word {
	case "virtual_server":
		return confKey{need: 1, most: 2, block: word}, true
	case "virtual_server_group":
		return confKey{need: 1, most: 1, block: confList}, true
	case "global_defs", "SSL", "bfd_instance", "garp_group", "track_group", "track_file", "instance", "net_namespace",
		"net_namespace_ipvs", "namespace_with_ipsets", "use_pid_dir", "linkbeat_use_polling", "linkbeat_interfaces",
		"interface_up_down_delays", "child_wait_time", "include_check":
		return confKey{most: -1, block: confOther}, true
	}
	return confKey{most: -1, block: confOther},
		strings.HasPrefix(word, "vrrp_") || strings.HasPrefix(word, "static_")
}

func virtualServerKey(word string) (confKey, bool) {
	switch word {
	case "real_server":
		return confKey{need: 1, most: 2, block: confServer}, true
	case "flag-1", "flag-2", "flag-3", "sh-port", "sh-fallback", "mh-port", "mh-fallback", "hashed", "ops", "ha_suspend",
		"alpha", "omega", "inhibit_on_failure", "sorry_server_inhibit":
		return confKey{}, true
	case "persistence_timeout", "virtualhost", "smtp_alert":
		return confKey{most: 1}, true
	case "ip_family", "retry", "delay_before_retry", "warmup", "connect_timeout", "delay_loop", "lb_algo", "lvs_sched",
		"persistence_engine", "persistence_granularity", "protocol", "quorum", "hysteresis", "weight":
		return confKey{need: 1, most: 1}, true
	case "sorry_server":
		return confKey{need: 1, most: 2}, true
	case "lb_kind", "lvs_method", "sorry_server_lvs_method", "quorum_up", "quorum_down":
		return confKey{need: 1, most: -1}, true
	case "snmp_name":
		return confKey{most: -1}, true
	}
	return confKey{}, false
}

func realServerKey(word string) (confKey, bool) {
	switch word {
	case "inhibit_on_failure", "alpha", "virtualhost", "smtp_alert":
		return confKey{most: 1}, true
	case "weight", "uthreshold", "lthreshold", "retry", "delay_before_retry", "warmup", "connect_timeout", "delay_loop":
		return confKey{need: 1, most: 1}, true
	case "lvs_method", "notify_up", "notify_down":
		return confKey{need: 1, most: -1}, true
	case "snmp_name":
		return confKey{most: -1}, true
	}
	return confKey{block: word}, isChecker(word)
}

func urlKey(word string) (confKey, bool) {
	switch word {
	case "path", "digest", "virtualhost", "regex", "regex_options", "regex_min_offset", "regex_max_offset":
		return confKey{need: 1, most: 1}, true
	case "regex_no_match":
		return confKey{}, true
	case "status_code", "regex_stack":
		return confKey{need: 1, most: -1}, true
	}
	return confKey{}, false
}

// checkerKey returns what is known about a word in a checker, or in a host of SMTP_CHECK.
func checkerKey(kind, word string) (confKey, bool) {
	one := confKey{need: 1, most: 1}
	switch kind {
	case "BFD_CHECK":
		switch word {
		case "name":
			return one, true
		case "alpha":
			return confKey{most: 1}, true
		}
		return confKey{}, false
	case "FILE_CHECK":
		switch word {
		case "track_file":
			return one, true
		case "weight":
			return confKey{need: 1, most: 2}, true
		}
		return confKey{}, false
	}
	switch word {
	case "alpha", "log_all_failures":
		return confKey{most: 1}, true
	case "delay_before_retry", "delay_loop", "warmup", "retry":
		return one, true
	case "connect_ip", "connect_port", "connect_timeout", "bindto", "bind_port", "bind_if", "fwmark":
		return one, kind != "MISC_CHECK"
	}
	switch kind {
	case "HTTP_GET", "SSL_GET":
		switch word {
		case "url":
			return confKey{block: confURL}, true
		case "nb_get_retry", "virtualhost", "http_protocol":
			return one, true
		case "enable_sni", "fast_recovery":
			return confKey{most: 1}, true
		}
	case "SMTP_CHECK":
		switch word {
		case "host":
			return confKey{block: confHost}, true
		case "helo_name":
			return one, true
		}
	case "DNS_CHECK":
		return one, word == "type" || word == "name"
	case "MISC_CHECK":
		switch word {
		case "misc_path":
			return confKey{need: 1, most: -1}, true
		case "misc_timeout":
			return one, true
		case "user":
			return confKey{need: 1, most: 2}, true
		case "misc_dynamic":
			return confKey{}, true
		}
	case "UDP_CHECK":
		switch word {
		case "payload":
			return confKey{need: 1, most: -1}, true
		case "require_reply":
			return confKey{most: -1}, true
		case "min_reply_length", "max_reply_length":
			return one, true
		}
	}
	return confKey{}, false
}
