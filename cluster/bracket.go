package cluster

import "strings"

// bracketed finds an address in a line of YAML that has brackets and no quotes,
// which YAML takes for a list: 10.0.0.[18-20], tcp://[2001:db8::10]:80. Empty is
// none.
func bracketed(line string) string {
	for i := range len(line) {
		if line[i] != '[' {
			continue
		}
		n := strings.IndexByte(line[i:], ']')
		if n < 0 {
			return ""
		}
		if strings.IndexByte(line[i+1:i+n], '[') >= 0 {
			continue // a list around it
		}
		from := strings.LastIndexAny(line[:i], " \t,{[\"'") + 1
		to := i + n + 1
		if rest := strings.IndexAny(line[to:], " \t,}]\"'"); rest >= 0 {
			to += rest
		} else {
			to = len(line)
		}
		word := line[from:to]
		quoted := from > 0 && strings.IndexByte(`"'`, line[from-1]) >= 0
		if !quoted && !strings.ContainsAny(word, "{}\"' ") && len(word) > n+1 && (from < i || strings.HasPrefix(line[i+n+1:], ":")) {
			return word
		}
	}
	return ""
}
