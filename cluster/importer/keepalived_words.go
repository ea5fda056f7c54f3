package importer

import (
	"strconv"
	"strings"
)

// emit splits a line at its braces, and the rest into words.
func (r *confReader) emit(at place, text string) {
	text = strings.NewReplacer("${_HASH}", "#", "${_BANG}", "!").Replace(text)
	for text != "" {
		i := braceIn(text)
		words, closed := quotedWords(text[:i])
		if len(words) > 0 {
			r.lines = append(r.lines, confLine{place: at, words: words, text: text[:i]})
		}
		switch {
		case !closed:
			r.note(at, "missing closing quote: the line is lost from there, as in keepalived")
			return
		case i == len(text):
			return
		}
		r.lines = append(r.lines, confLine{place: at, open: text[i] == '{', close: text[i] == '}'})
		text = text[i+1:]
	}
}

// braceIn returns the position of the first brace outside of quotes, or the length.
func braceIn(text string) int {
	quoted := false
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case !quoted && (c == '{' || c == '}'):
			return i
		}
	}
	return len(text)
}

// quotedWords splits a text at white space. A part in double quotes is a word, without
// the quotes. It returns false if a quote is not closed; that word is lost.
func quotedWords(text string) (words []string, closed bool) {
	for {
		text = strings.TrimLeft(text, confSpace)
		if text == "" {
			return words, true
		}
		if text[0] == '"' {
			word, rest, ok := strings.Cut(text[1:], `"`)
			if !ok {
				return words, false
			}
			words, text = append(words, word), rest
			continue
		}
		end := strings.IndexAny(text, confSpace+`"`)
		if end < 0 {
			end = len(text)
		}
		words, text = append(words, text[:end]), text[end:]
	}
}

// escapedWords splits a text as keepalived does for commands and regular expressions: at
// white space outside of quotes, which may be single and anywhere in a word. Quotes are
// removed, and a backslash in them begins an escape.
func escapedWords(text string) []string {
	var words []string
	var b strings.Builder
	var quote byte
	inWord := false
	end := func() {
		if inWord {
			words = append(words, b.String())
		}
		b.Reset()
		inWord = false
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quote == 0 && strings.IndexByte(confSpace, c) >= 0:
			end()
			continue
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0 && c == '\\' && i+1 < len(text):
			i += unescape(text[i+1:], &b)
		default:
			b.WriteByte(c)
		}
		inWord = true
	}
	end()
	return words
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
	text  string // the words as they are written
	block []*confNode
	// notes are about a virtual_server, from putting its lines into blocks.
	notes []Note
	// skip is why keepalived skips the block, or nothing.
	skip string
	// end is the line of the block's closing brace.
	end place
	// ignored are the words before opening braces in the block that keepalived ignores.
	ignored []string
}

// word returns a word, or nothing if there are fewer.
func (n *confNode) word(i int) string {
	if i < len(n.words) {
		return n.words[i]
	}
	return ""
}

func (n *confNode) rest() []string { return n.words[1:] }

// escaped returns the words after the first one of a command or a regular expression.
func (n *confNode) escaped() []string {
	if words := escapedWords(n.text); len(words) > 1 {
		return words[1:]
	}
	return n.rest()
}

func (n *confNode) String() string {
	words := make([]string, len(n.words))
	for i, w := range n.words {
		words[i] = shownWord(w)
	}
	return strings.Join(words, " ")
}

// shownWord returns a word for a note, in quotes if it has characters that do not show.
func shownWord(w string) string {
	if strings.ContainsFunc(w, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return strconv.QuoteToASCII(w)
	}
	return w
}
