package importer

import (
	"slices"
	"strings"
)

// ldirectordSetting reports whether a virtual service may have a setting, and whether
// the setting may stand outside of services too.
func ldirectordSetting(key string) (ofFile, known bool) {
	switch key {
	case "checktimeout", "negotiatetimeout", "checkcount", "failurecount", "checkinterval", "fallback", "fallback6",
		"fallbackcommand", "quiescent", "emailalert", "emailalertfreq", "emailalertstatus", "cleanstop", "smtp":
		return true, true
	case "real", "real6", "request", "receive", "checktype", "checkcommand", "checkport", "login", "passwd",
		"database", "secret", "load", "scheduler", "persistent", "schedflags", "netmask", "protocol", "ops",
		"service", "httpmethod", "virtualhost", "monitorfile", "servicename", "comment":
		return false, true
	}
	return false, false
}

// ldirectordOwn are settings of the whole file that are ldirectord's alone.
var ldirectordOwn = []string{"autoreload", "callback", "logfile", "execute", "fork", "supervised", "readdquiescent", "emailalertfrom", "maintenancedir"}

// read cuts the text into services. A line that is indented by four spaces or a
// tab belongs to the service above it; another ends that.
func (l *ldirectord) read(src Text) []*ldVirtual {
	var out []*ldVirtual
	var current *ldVirtual
	number := 0
	for line := range strings.Lines(src.Text) {
		number++
		at := place{src.Name, number}
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		text, _, _ := strings.Cut(strings.ReplaceAll(line, "\t", "    "), "#")
		text = strings.TrimRight(text, " \r\n")
		if text == "" {
			current = nil
			continue
		}
		key, value, ok := strings.Cut(strings.TrimSpace(text), "=")
		s := ldSetting{at, strings.TrimSpace(key), strings.TrimSpace(value)}
		inside := strings.HasPrefix(text, "    ")
		switch {
		case !ok && s.key == "supervised" && !inside:
			l.global[s.key] = s
		case !ok:
			l.fault(at, "%q: a line is KEY = VALUE", s.key)
		case inside && current == nil:
			l.fault(at, "%s is indented, but there is no virtual service directly above it", s.key)
		case inside:
			if _, known := ldirectordSetting(s.key); !known {
				l.fault(at, "%s is unknown in a virtual service", s.key)
				continue
			}
			current.settings = append(current.settings, s)
		case s.key == "virtual" || s.key == "virtual6":
			current = &ldVirtual{ldSetting: s}
			out = append(out, current)
		case strings.HasPrefix(text, " "):
			l.fault(at, "%s is indented by less than four spaces", s.key)
		default:
			current = nil
			if ofFile, _ := ldirectordSetting(s.key); !ofFile && !slices.Contains(ldirectordOwn, s.key) {
				l.fault(at, "%s is unknown outside of a virtual service", s.key)
				continue
			}
			l.globalSetting(s)
		}
	}
	return out
}

func (l *ldirectord) globalSetting(s ldSetting) {
	l.global[s.key] = s
	switch why := ldirectordReason(s.key); {
	case why != "":
		l.note(s.place, "%s is not carried: %s", s.key, why)
	case slices.Contains(ldirectordOwn, s.key):
		l.note(s.place, "%s is not carried: it is ldirectord's own", s.key)
	}
}

// ldirectordReason says why a setting is not carried; empty is that it is.
func ldirectordReason(key string) string {
	switch key {
	case "emailalert", "emailalertfreq", "emailalertstatus", "emailalertfrom", "smtp":
		return "no mail is sent"
	case "maintenancedir":
		return "a check of type file takes a server out when a file is there"
	case "fallbackcommand", "callback":
		return "no program is run"
	case "cleanstop":
		return "director.onStop says for all services what becomes of the table"
	case "monitorfile":
		return "checks are not logged into a file of their own"
	case "load":
		return "it has no effect in ldirectord either"
	}
	return ""
}
