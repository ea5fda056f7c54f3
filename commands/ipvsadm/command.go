package ipvsadm

import (
	"strings"

	"lvs/kernel"
)

// Command is one command line, read and checked by itself: defaults are filled
// in, and what ipvsadm refuses without asking the kernel is refused.
type Command struct {
	Verb Verb
	// Service is the service to change. Where the verb is about a server, or
	// deletes, only its identity is set.
	Service kernel.Service
	// Server is set where the verb is about a server. Its port is the service's
	// where none is given.
	Server kernel.Server
}

// parser reads command lines one after another. It keeps nothing of the last
// but its memory.
type parser struct {
	names  Names
	line   string
	number int
	words  []word
	faults Faults

	verb  *verb
	cmd   Command
	given groups
	// What waits until the whole line is known.
	verbAt, serviceAt, serverAt, maskAt, flagsAt, lowerAt, tunAt, ipv6At, onePacketAt word
}

// parse reads one line. The command is whole when ok; it is empty, with ok
// false and no new fault, where the line says nothing.
func (p *parser) parse(line string, number int) (_ Command, ok bool) {
	*p = parser{names: p.names, faults: p.faults, words: p.words[:0], line: line, number: number}
	before := len(p.faults)
	words, open := split(p.words, line)
	p.words = words
	if open != nil {
		p.fault(*open, "the quote is not closed")
		return Command{}, false
	}
	for len(words) > 0 && words[0].text == "ipvsadm" {
		words = words[1:]
	}
	if len(words) == 0 {
		return Command{}, false
	}
	words, ok = p.readVerb(words)
	if !ok {
		return Command{}, false
	}
	p.readOptions(words)
	p.settle()
	return p.cmd, len(p.faults) == before
}

// fault notes that something is wrong with w.
func (p *parser) fault(w word, why string) {
	if !p.faults.full() {
		p.faults = append(p.faults, Fault{p.number, column(p.line, w.at), w.text, why})
	}
}

// readVerb reads the command, which stands first: alone or, by its letter,
// before others. It leaves the words of the options.
func (p *parser) readVerb(words []word) (rest []word, ok bool) {
	first, rest := words[0], words[1:]
	p.verbAt = first
	if long, ok := strings.CutPrefix(first.text, "--"); ok {
		p.verb = findVerb(long, 0)
	} else if len(first.text) > 1 && first.text[0] == '-' {
		p.verb = findVerb("", first.text[1])
		if len(first.text) > 2 { // other letters: an option word of its own
			words[0] = word{"-" + first.text[2:], first.at + 1}
			rest = words
		}
	}
	switch {
	case p.verb == nil:
		p.fault(first, "no command; a line begins with -A, -a, -E, -e, -D, -d or -C")
		return nil, false
	case p.verb.verb == other:
		p.fault(first, "does not change the table; a line begins with -A, -a, -E, -e, -D, -d or -C")
		return nil, false
	}
	p.cmd.Verb = p.verb.verb
	p.start()
	return rest, true
}

// start fills in what holds where nothing is said.
func (p *parser) start() {
	switch {
	case p.verb.takes&scheduler != 0:
		p.cmd.Service.Scheduler = "wlc"
	case p.verb.takes&weight != 0:
		p.cmd.Server.Weight = 1
		p.cmd.Server.Forward = kernel.Direct
	}
}

func (p *parser) readOptions(words []word) {
	for len(words) > 0 {
		w := words[0]
		words = words[1:]
		switch {
		case w.text == "--":
			for _, w := range words {
				p.fault(w, "belongs to no option")
			}
			return
		case strings.HasPrefix(w.text, "--"):
			words = p.readLong(w, words)
		case len(w.text) > 1 && w.text[0] == '-':
			words = p.readCluster(w, words)
		default:
			p.fault(w, "belongs to no option")
		}
	}
}

// readLong reads --option, --option=value or --option value.
func (p *parser) readLong(w word, rest []word) []word {
	name, _, hasValue := strings.Cut(w.text[2:], "=")
	o := findOption(name, 0)
	switch {
	case o == nil && findVerb(name, 0) != nil:
		p.fault(w, "a second command; a line has one")
		return rest
	case o == nil:
		p.fault(w, "unknown option")
		return rest
	case hasValue && o.arg == without:
		p.fault(w, "the option has no value")
		return rest
	case hasValue:
		p.apply(o, w, w.tail(len("--")+len(name)+1))
		return rest
	}
	return p.valueFrom(o, w, rest)
}

// readCluster reads -x, -xyz, -pVALUE, -p=VALUE or -p VALUE.
func (p *parser) readCluster(w word, rest []word) []word {
	for i := 1; i < len(w.text); i++ {
		o := findOption("", w.text[i])
		switch {
		case o == nil && findVerb("", w.text[i]) != nil:
			p.fault(w, "a second command; a line has one")
			return rest
		case o == nil:
			p.fault(w, "unknown option")
			return rest
		}
		after := w.tail(i + 1)
		switch {
		case o.arg == without && strings.HasPrefix(after.text, "="):
			p.fault(w, "the option has no value")
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

// valueFrom takes the option's value from the words behind it.
func (p *parser) valueFrom(o *option, w word, rest []word) []word {
	takes := o.arg == required || o.arg == optional && len(rest) > 0 && !strings.HasPrefix(rest[0].text, "-")
	switch {
	case !takes:
		p.apply(o, w, word{})
		return rest
	case len(rest) == 0:
		p.given |= o.group // so that it is not missing besides
		p.fault(w, "the option needs a value")
		return nil
	}
	p.apply(o, w, rest[0])
	return rest[1:]
}

// apply lets an option act, once and where it belongs.
func (p *parser) apply(o *option, w, value word) {
	switch {
	case o.group&(p.verb.needs|p.verb.takes|repeatable) == 0:
		p.fault(w, "has no place in "+p.verb.name())
	case o.group&p.given != 0 && o.group != repeatable:
		p.fault(w, "given twice, or conflicts with an option before it")
	default:
		p.given |= o.group
		if o.group&ofTunnel != 0 {
			p.tunAt = w
		}
		if o.arg == without {
			value = w
		}
		o.set(p, value)
	}
}
