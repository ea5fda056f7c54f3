package ipvsadm

import (
	"cmp"
	"slices"
	"strings"

	"lvs/kernel"
)

// Command is one command line after parsing: defaults are set, and what ipvsadm
// refuses without the kernel is refused.
type Command struct {
	Verb Verb
	// Service is the service to change. If the verb concerns a server, or deletes
	// the service, only its identity is set.
	Service kernel.Service
	// Server is set if the verb concerns a server. Its port is that of the service
	// if none is given.
	Server kernel.Server

	// daemon and timeouts are set if the verb concerns them. given is always set.
	daemon   kernel.Daemon
	timeouts kernel.Timeouts
	given    groups
}

// parser parses command lines one after another. It reuses its memory and keeps the
// faults.
type parser struct {
	names Names
	// wide allows every verb and reads everything with the meaning that it has for
	// ipvsadm. It is set for Program, and not for a text that lvs reads.
	wide bool

	line   string
	number int
	words  []word
	faults Faults
	before int // the number of faults of earlier lines

	verb *verb
	cmd  Command
	// last is the last word that was parsed; complaints quote it.
	last  string
	given []spot
	loose []word // arguments that are not the value of an option
	// The words of what settle checks when the whole line is known.
	verbAt, serviceAt, serverAt, maskAt, flagsAt, lowerAt, onePacketAt word
	badMask, noPort                                                    bool
	badName                                                            bool // the next fault is an unknown name
}

// spot is the place of an option.
type spot struct {
	group groups
	word  word
}

// parse parses one line. The command is complete if ok is true. If the line is empty,
// ok is false and there is no new fault.
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

// parseArgs parses one line that is already split into words.
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
	if p.cmd.Verb == showHelp || p.cmd.Verb == showVersion { // the rest is ignored
		return p.cmd, true
	}
	p.readOptions(words)
	p.settle()
	if !p.wide { // ipvsadm has an order of its own
		slices.SortStableFunc(p.faults[p.before:], func(a, b Fault) int { return cmp.Compare(a.Column, b.Column) })
	}
	return p.cmd, len(p.faults) == p.before
}

// fault adds a fault of the word w, with the complaint that ipvsadm prints. In wide
// mode a fault without a complaint is ignored, because ipvsadm accepts it.
func (p *parser) fault(w word, why string, said complaint) {
	if ours := said.status == 0; !p.faults.full() && !(ours && p.wide) {
		p.faults = append(p.faults, Fault{Line: p.number, Column: column(p.line, w.at), Text: w.text, Why: why,
			Name: p.badName, said: said})
	}
	p.badName = false
}

// start sets the defaults of the verb.
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
