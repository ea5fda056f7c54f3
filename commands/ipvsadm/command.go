package ipvsadm

import (
	"cmp"
	"slices"
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

	// daemon and timeouts are set where the verb is about them, given always.
	daemon   kernel.Daemon
	timeouts kernel.Timeouts
	given    groups
}

// parser reads command lines one after another. It keeps nothing of the last
// but its memory.
type parser struct {
	names Names
	// wide is set where every verb of ipvsadm may stand and everything means
	// what it means to ipvsadm: in its place, not in a text for lvs.
	wide bool

	line   string
	number int
	words  []word
	faults Faults
	before int // how many are of the lines before

	verb *verb
	cmd  Command
	// last is the word that was taken last; complaints quote it.
	last  string
	given []spot
	loose []word // words that belong to no option
	// What waits until the whole line is known.
	verbAt, serviceAt, serverAt, maskAt, flagsAt, lowerAt, onePacketAt word
	badMask, noPort                                                    bool
}

// spot is where an option was given.
type spot struct {
	group groups
	word  word
}

// parse reads one line. The command is whole when ok; it is empty, with ok
// false and no new fault, where the line says nothing.
func (p *parser) parse(line string, number int) (_ Command, ok bool) {
	p.begin(line, number)
	words, open := split(p.words, line)
	p.words = words
	if open != nil {
		p.fault(*open, "the closing quote is missing", askHelp)
		return Command{}, false
	}
	for len(words) > 0 && words[0].text == "ipvsadm" {
		words = words[1:]
	}
	if len(words) == 0 {
		return Command{}, false
	}
	return p.command(words)
}

// parseArgs reads one line that the system has split.
func (p *parser) parseArgs(args []string) (_ Command, ok bool) {
	p.begin(strings.Join(args, " "), 0)
	at := 0
	for _, arg := range args {
		p.words = append(p.words, word{arg, at})
		at += len(arg) + 1
	}
	return p.command(p.words)
}

func (p *parser) begin(line string, number int) {
	*p = parser{
		names: p.names, wide: p.wide, faults: p.faults, before: len(p.faults),
		words: p.words[:0], given: p.given[:0], loose: p.loose[:0],
		line: line, number: number,
	}
}

func (p *parser) command(words []word) (_ Command, ok bool) {
	words, ok = p.readVerb(words)
	if !ok {
		return Command{}, false
	}
	if p.cmd.Verb == showHelp || p.cmd.Verb == showVersion { // whatever follows
		return p.cmd, true
	}
	p.readOptions(words)
	p.settle()
	if !p.wide { // a reader follows the line, ipvsadm its own order
		slices.SortStableFunc(p.faults[p.before:], func(a, b Fault) int { return cmp.Compare(a.Column, b.Column) })
	}
	return p.cmd, len(p.faults) == p.before
}

// fault notes that something is wrong with w, and what ipvsadm says of it. What
// ipvsadm takes is no fault in its place.
func (p *parser) fault(w word, why string, said complaint) {
	if ours := said.status == 0; !p.faults.full() && !(ours && p.wide) {
		p.faults = append(p.faults, Fault{p.number, column(p.line, w.at), w.text, why, said})
	}
}

// start fills in what holds where nothing is said.
func (p *parser) start() {
	p.cmd.Verb = p.verb.verb
	switch {
	case p.verb.takes&scheduler != 0:
		p.cmd.Service.Scheduler = "wlc"
	case p.verb.takes&weight != 0:
		p.cmd.Server.Weight = 1
		p.cmd.Server.Forward = kernel.Direct
	case p.verb.verb == startDaemon:
		p.cmd.daemon.Interface = "eth0"
	}
}
