package importer

import (
	"regexp"
	"strconv"
	"strings"

	"lvs/cluster"
)

// url makes the check of one page.
func (k *keepalived) url(c *keepalivedCheck, n *confNode, tls bool) cluster.Check {
	made := cluster.Check{Type: "http", Path: "/", Host: c.host}
	inverse := false
	k.shape(n.block)
	for _, l := range n.block {
		switch l.words[0] {
		case "path":
			if made.Path = l.word(1); !strings.HasPrefix(made.Path, "/") {
				k.fault(l.place, "path %q does not begin with a slash", made.Path)
			}
		case "digest":
			k.note(l.place, "digest %s is not carried: what the page says is told by body, a regular expression", l.word(1))
		case "status_code":
			made.Status = append(made.Status, k.statusCodes(l)...)
		case "virtualhost":
			made.Host = l.word(1)
		case "regex":
			made.Body = k.regex(l)
		case "regex_no_match":
			inverse = true
			k.note(l.place, "regex_no_match is not carried: what a page must not say cannot be told")
		default:
			k.leftOut(l, "url")
		}
	}
	if inverse {
		made.Body = ""
	}
	if tls {
		made.Type = "https"
		if c.sni {
			made.ServerName = made.Host
		}
	}
	return made
}

func (k *keepalived) regex(n *confNode) string {
	if _, err := regexp.Compile(n.word(1)); err != nil {
		k.note(n.place, "regex is not carried: %v", err)
		return ""
	}
	return n.word(1)
}

// statusCodes reads 200 and 200-299.
func (k *keepalived) statusCodes(n *confNode) []cluster.StatusRange {
	var out []cluster.StatusRange
	for _, w := range n.rest() {
		from, to, isRange := strings.Cut(w, "-")
		low, err := strconv.Atoi(from)
		high := low
		if isRange && err == nil {
			high, err = strconv.Atoi(to)
		}
		if err != nil || low < 100 || high > 999 || high < low {
			k.fault(n.place, "status_code %q: it is a code such as 200, or a range such as 200-299", w)
			continue
		}
		out = append(out, cluster.StatusRange{Low: low, High: high})
	}
	return out
}
