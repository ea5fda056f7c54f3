package ipvsadm

import "strings"

// word is one word of a command line and the byte at which it begins.
type word struct {
	text string
	at   int
}

// tail is the word's end from its byte n on.
func (w word) tail(n int) word { return word{w.text[n:], w.at + n} }

// split appends the words of a line to words. Blanks separate; quotes of either
// kind hold a word together; # at the start of a word begins a comment. An open
// quote is given back as the word it begins.
func split(words []word, line string) (_ []word, open *word) {
	for i := 0; i < len(line); {
		switch c := line[i]; {
		case blank(c):
			i++
		case c == '#':
			return words, nil
		case c == '"' || c == '\'':
			end := strings.IndexByte(line[i+1:], c)
			if end < 0 {
				return words, &word{line[i:], i}
			}
			words = append(words, word{line[i+1 : i+1+end], i + 1})
			i += end + 2
		default:
			start := i
			for i < len(line) && !blank(line[i]) {
				i++
			}
			words = append(words, word{line[start:i], start})
		}
	}
	return words, nil
}

func blank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' }
