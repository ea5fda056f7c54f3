package ipvsadm

import "strings"

// commandsOfText are the commands that a saved text can have.
const commandsOfText = "-A, -a, -E, -e, -D, -d or -C"

// readVerb parses the verb, which is the first option: alone or, as a letter, before
// other letters. It returns the words of the options.
func (p *parser) readVerb(words []word) (rest []word, ok bool) {
	first, rest := words[0], words
	for len(rest) > 0 && (len(rest[0].text) < 2 || rest[0].text[0] != '-') {
		p.loose = append(p.loose, rest[0])
		rest = rest[1:]
	}
	if len(rest) > 0 {
		rest, ok = p.verbIn(rest[0], rest[1:])
	}
	switch {
	case p.verb == nil || !ok:
		p.fault(first, "want a command: "+commandsOfText, askHelp)
		return nil, false
	case !p.wide && !p.verb.changes():
		p.fault(p.verbAt, "does not change the table: want "+commandsOfText, askHelp)
		return nil, false
	case p.number > 0 && p.verb.verb == restoreTable:
		p.fault(p.verbAt, "-R cannot be in the text that it reads", askHelp)
		return nil, false
	}
	return rest, true
}

// verbIn parses a word that begins with the verb, with the options in the same word.
func (p *parser) verbIn(w word, rest []word) (_ []word, ok bool) {
	p.verbAt, p.last = w, w.text
	long, isLong := strings.CutPrefix(w.text, "--")
	if !isLong {
		if p.verb = findVerb("", w.text[1]); p.verb == nil || strings.HasPrefix(w.text[2:], "=") {
			return nil, false
		}
		p.start()
		if len(w.text) > 2 && p.verb.verb != showHelp && p.verb.verb != showVersion {
			rest = p.readCluster(word{"-" + w.text[2:], w.at + 1}, rest)
		}
		return rest, true
	}
	name, _, hasValue := strings.Cut(long, "=")
	if p.verb = findVerb(name, 0); p.verb == nil {
		return nil, false
	}
	p.start()
	switch {
	case hasValue && p.verb.arg == without:
		return nil, false
	case p.verb.arg == without:
		return rest, true
	case hasValue:
		p.setRole(w.tail(len("--") + len(name) + 1))
		return rest, true
	case len(rest) == 0:
		return nil, false
	}
	p.setRole(rest[0])
	return rest[1:], true
}

func (p *parser) readOptions(words []word) {
	for len(words) > 0 {
		w := words[0]
		words = words[1:]
		p.last = w.text
		switch {
		case w.text == "--":
			p.loose = append(p.loose, words...)
			return
		case strings.HasPrefix(w.text, "--"):
			words = p.readLong(w, words)
		case len(w.text) > 1 && w.text[0] == '-':
			words = p.readCluster(w, words)
		default:
			p.loose = append(p.loose, w)
		}
	}
}

// readLong parses --option, --option=value or --option value.
func (p *parser) readLong(w word, rest []word) []word {
	name, _, hasValue := strings.Cut(w.text[2:], "=")
	o, v := findOption(name, 0), findVerb(name, 0)
	var arg argument
	switch {
	case o != nil:
		arg = o.arg
	case v != nil:
		arg = v.arg
	default:
		p.unknown(w)
		return rest
	}
	switch {
	case hasValue && arg == without:
		p.fault(w, "the option takes no value", complaint{p.last + ": option does not take an argument", exitRefused})
		return rest
	case o == nil && arg == required && !hasValue:
		if len(rest) == 0 {
			p.lacking(w)
			return nil
		}
		p.last, rest = rest[0].text, rest[1:]
		fallthrough
	case o == nil:
		p.second(w)
		return rest
	case hasValue:
		p.apply(o, w, w.tail(len("--")+len(name)+1))
		return rest
	}
	return p.valueFrom(o, w, rest)
}

// readCluster parses -x, -xyz, -pVALUE, -p=VALUE or -p VALUE.
func (p *parser) readCluster(w word, rest []word) []word {
	for i := 1; i < len(w.text); i++ {
		o, after := findOption("", w.text[i]), w.tail(i+1)
		isVerb := o == nil && findVerb("", w.text[i]) != nil
		switch {
		case o == nil && !isVerb:
			p.unknown(w)
			return rest
		case (isVerb || o.arg == without) && strings.HasPrefix(after.text, "="):
			p.fault(w, "the option takes no value", complaint{p.last + ": option does not take an argument", exitRefused})
			return rest
		case isVerb:
			p.second(w)
			return rest
		case o.arg == without:
			p.apply(o, w, word{})
			continue
		case after.text == "":
			return p.valueFrom(o, w, rest)
		case after.text[0] == '=':
			after = after.tail(1)
		}
		p.apply(o, w, after)
		return rest
	}
	return rest
}

func (p *parser) unknown(w word) {
	p.fault(w, "unknown option", complaint{p.last + ": unknown option", exitRefused})
}

func (p *parser) second(w word) {
	p.fault(w, "want one command per line", wrong("invalid option `"+p.last+"'"))
}

func (p *parser) lacking(w word) {
	p.fault(w, "the option needs a value", complaint{p.last + ": missing argument", exitRefused})
}

// valueFrom takes the value of an option from the following words.
func (p *parser) valueFrom(o *option, w word, rest []word) []word {
	takes := o.arg == required || o.arg == optional && len(rest) > 0 && !strings.HasPrefix(rest[0].text, "-")
	switch {
	case !takes:
		p.apply(o, w, word{at: absent})
		return rest
	case len(rest) == 0:
		p.given = append(p.given, spot{o.group, w})
		p.cmd.given |= o.group // so that it is not reported as missing too
		p.lacking(w)
		return nil
	}
	p.last = rest[0].text
	p.apply(o, w, rest[0])
	return rest[1:]
}

// absent is the position of a value that was not given.
const absent = -1

// apply applies an option, once. Later settle checks whether the verb allows it.
func (p *parser) apply(o *option, w, value word) {
	if o.group&p.cmd.given != 0 && o.group != repeatable {
		p.fault(w, "repeats an earlier option, or conflicts with it",
			wrong("multiple '"+o.group.name()+"' options specified"))
		return
	}
	p.cmd.given |= o.group
	p.given = append(p.given, spot{o.group, w})
	if o.set == nil {
		return
	}
	if o.arg == without {
		value = w
	}
	o.set(p, value)
}

// word is one word of a command line and the position of its first byte.
type word struct {
	text string
	at   int
}

// tail returns the rest of the word from its byte n.
func (w word) tail(n int) word { return word{w.text[n:], w.at + n} }

// split appends the words of a line to words. Blanks separate words, quotes of either
// kind enclose one, and # at the start of a word begins a comment. If a quote is not
// closed, open is the word that it begins.
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
