package importer

import (
	"strconv"
	"strings"
)

// emit splits a line into words.
func (r *confReader) emit(at place, text string) {
	text = strings.NewReplacer("${_HASH}", "#", "${_BANG}", "!").Replace(text)
	words, ok := quotedWords(text)
	if !ok {
		r.fault(at, "missing closing quote")
		return
	}
	r.lines = append(r.lines, confWords{at, words})
}

// quotedWords splits a text at white space outside of quotes, which may be anywhere in
// a word, and removes the quotes.
func quotedWords(text string) (words []confWord, ok bool) {
	var b strings.Builder
	var quote byte
	inWord, quoted := false, false
	end := func() {
		if inWord {
			words = append(words, confWord{b.String(), quoted})
		}
		b.Reset()
		inWord, quoted = false, false
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quote == 0 && (c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f'):
			end()
			continue
		case quote == 0 && (c == '"' || c == '\''):
			quote, quoted = c, true
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0 && c == '\\' && i+1 < len(text):
			n := unescape(text[i+1:], &b)
			i += n
		default:
			b.WriteByte(c)
		}
		inWord = true
	}
	end()
	return words, quote == 0
}

// unescape writes the character of an escape in quotes, and returns the escape's length
// without the backslash.
func unescape(s string, b *strings.Builder) int {
	const plain, meant = "abfnrtvE", "\a\b\f\n\r\t\v\x1b"
	if i := strings.IndexByte(plain, s[0]); i >= 0 {
		b.WriteByte(meant[i])
		return 1
	}
	number := func(from, to, base int, digits string) (int, bool) {
		n := from
		for n < len(s) && n < to && strings.IndexByte(digits, s[n]) >= 0 {
			n++
		}
		v, err := strconv.ParseUint(s[from:n], base, 16)
		if err != nil {
			return 0, false
		}
		b.WriteByte(byte(v))
		return n, true
	}
	switch {
	case s[0] >= '0' && s[0] <= '7':
		if n, ok := number(0, 3, 8, "01234567"); ok {
			return n
		}
	case s[0] == 'x':
		if n, ok := number(1, 3, 16, "0123456789abcdefABCDEF"); ok {
			return n
		}
	case s[0] == 'c' && len(s) > 1:
		b.WriteByte(s[1] & 0x1f)
		return 2
	}
	b.WriteByte(s[0])
	return 1
}

// confNode is a line with the block that it opens, if any.
type confNode struct {
	place
	words []string
	block []*confNode
}

// word returns a word, or nothing if there are fewer.
func (n *confNode) word(i int) string {
	if i < len(n.words) {
		return n.words[i]
	}
	return ""
}

func (n *confNode) rest() []string {
	if len(n.words) < 2 {
		return nil
	}
	return n.words[1:]
}

// keepalivedWords returns how many words may follow a setting. Any number may follow an
// unknown one.
func keepalivedWords(setting string) (most int, known bool) {
	switch setting {
	case "flag-1", "flag-2", "flag-3", "ha_suspend", "mh-fallback", "mh-port", "omega", "ops", "regex_no_match",
		"sh-fallback", "sh-port", "url", "host", "HTTP_GET", "SSL_GET", "TCP_CHECK", "SMTP_CHECK", "DNS_CHECK",
		"MISC_CHECK", "BFD_CHECK", "UDP_CHECK", "PING_CHECK", "FILE_CHECK":
		return 0, true
	case "alpha", "connect_ip", "connect_port", "connect_timeout", "delay_before_retry", "delay_loop", "digest",
		"enable_sni", "hysteresis", "inhibit_on_failure", "ip_family", "lb_algo", "lthreshold", "lvs_sched",
		"misc_timeout", "name", "path", "persistence_engine", "persistence_granularity", "persistence_timeout",
		"protocol", "quorum", "regex", "retry", "type", "uthreshold", "virtualhost", "warmup", "weight",
		"nb_get_retry":
		return 1, true
	case "sorry_server", "real_server":
		return 2, true
	}
	return 0, false
}

// shape refuses words after a setting that do not belong to it, as in
// { weight 1 TCP_CHECK { } }: each line has one setting.
func (im *importer) shape(nodes []*confNode) {
	for _, n := range nodes {
		most, known := keepalivedWords(n.words[0])
		holds := n.words[0] == "real_server" || n.words[0] == "url" || n.words[0] == "host" || isChecker(n.words[0])
		switch {
		case known && len(n.words) > most+1:
			im.fault(n.place, "unexpected %q after %s: put each setting on its own line", n.words[most+1], n.words[0])
		case known && !holds && n.block != nil:
			im.fault(n.place, "unexpected { after %s", n.words[0])
		}
	}
}

// tree puts the lines into their blocks. Braces may be anywhere.
func (im *importer) tree(lines []confWords) []*confNode {
	root := &confNode{}
	open := []*confNode{root}
	for _, l := range lines {
		var n *confNode
		for _, w := range l.words {
			top := open[len(open)-1]
			switch {
			case w.text == "{" && !w.quoted:
				if n == nil && len(top.block) > 0 {
					n = top.block[len(top.block)-1] // the brace is on its own line
				}
				if n == nil {
					n = &confNode{place: l.place, words: []string{""}}
					im.fault(l.place, "unexpected {: the block has no name")
					top.block = append(top.block, n)
				}
				open = append(open, n)
				n = nil
			case w.text == "}" && !w.quoted:
				n = nil
				if len(open) == 1 {
					im.fault(l.place, "unexpected }")
					continue
				}
				open = open[:len(open)-1]
			case n == nil:
				n = &confNode{place: l.place, words: []string{w.text}}
				top.block = append(top.block, n)
			default:
				n.words = append(n.words, w.text)
			}
		}
	}
	for _, n := range open[1:] {
		im.fault(n.place, "missing } of %s", strings.Join(n.words, " "))
	}
	return root.block
}
