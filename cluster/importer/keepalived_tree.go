package importer

import (
	"fmt"
	"strconv"
	"strings"
)

// confBlocks puts lines into blocks as keepalived 2.2.7 does. keepalived ignores a word
// that it does not know, and the brace after it, so the next closing brace closes the
// block around it; what follows is lost. It reads on after a missing opening brace as if
// that were there. Each loss is noted.
type confBlocks struct {
	*importer
	// bad returns why keepalived leaves out a block, or nothing.
	bad   func(n *confNode) string
	lines []confLine
	next  int
	owed  int       // closing braces that have lost their opening brace
	in    *confNode // the virtual_server that is read, or nil
	last  *confNode // the last virtual_server
	lost  bool      // the line before was lost: the loss of this one is part of that
}

// read reads the lines of a block into its node, up to its closing brace.
func (b *confBlocks) read(kind string, in *confNode) {
	needOpen := kind != confTop
	for b.next < len(b.lines) {
		l := &b.lines[b.next]
		b.next++
		if needOpen {
			needOpen = false
			if l.open {
				continue
			}
			b.say(in.place, "missing { after %s: the block was read as if it were there, as in keepalived", in)
		}
		switch {
		case l.open:
			b.owed++ // ignored
			in.ignored = append(in.ignored, "")
		case l.close && kind != confTop:
			in.end = l.place
			b.closedEarly(in)
			return
		case l.close:
			if b.owed--; b.owed < 0 {
				b.owed = 0
				b.say(l.place, "unexpected } is ignored, as in keepalived")
			}
		default:
			b.line(kind, in, l)
		}
	}
	if kind != confTop {
		b.unclosed(in)
	}
}

func (b *confBlocks) unclosed(in *confNode) { b.say(in.place, "missing } of %s", in) }

// line reads a line of words.
func (b *confBlocks) line(kind string, in *confNode, l *confLine) {
	n := &confNode{place: l.place, words: l.words, text: l.text}
	key, known := keyOf(kind, n.words[0])
	if !known {
		b.unknown(kind, in, n)
		return
	}
	b.lost = false
	opened := false // by a brace in quotes
	if last := len(n.words) - 1; key.block != "" && key.block != confOther && n.words[last] == "{" {
		n.words, opened = n.words[:last], true
	}
	switch given := len(n.words) - 1; {
	case given < key.need || key.block == confList && given > key.most || given == 1 && n.words[0] == "virtual_server" &&
		(n.words[1] == "group" || n.words[1] == "fwmark"):
		why := "has no value"
		if given > key.need {
			why = "has more than one name"
		}
		b.fault(n.place, "%s %s: keepalived does not start with this configuration", n, why)
		return
	case key.most >= 0 && given > key.most:
		b.say(n.place, "%s after %s is ignored, as in keepalived: it has %s",
			strconv.Quote(strings.Join(n.words[key.most+1:], " ")), n.words[0], atMost(key.most))
	}
	in.block = append(in.block, n)
	switch key.block {
	case "":
		return
	case confOther:
		b.skipped(n, n.words[0] == "global_defs")
		return
	case confList:
		b.list(n)
		return
	}
	if opened {
		b.next--
		b.lines[b.next] = confLine{place: l.place, open: true}
	}
	if n.skip = b.bad(n); n.skip != "" && b.opens() {
		b.skipped(n, false)
		return
	}
	if key.block == "virtual_server" {
		b.in, b.last = n, n
		defer func() { b.in = nil }()
	}
	b.read(key.block, n)
}

// say adds a note, to the virtual_server that is read if there is one.
func (b *confBlocks) say(at place, format string, args ...any) {
	b.put(Note{File: at.file, Line: at.line, Text: fmt.Sprintf(format, args...), kind: format})
}

func (b *confBlocks) put(n Note) {
	if b.in == nil {
		b.add(n)
	} else {
		b.in.notes = append(b.in.notes, n)
	}
}

func atMost(words int) string {
	switch words {
	case 0:
		return "no value"
	case 1:
		return "one value"
	}
	return "at most " + strconv.Itoa(words) + " values"
}

// opens reports whether the next line is an opening brace.
func (b *confBlocks) opens() bool { return b.next < len(b.lines) && b.lines[b.next].open }

// skipped goes to the end of a block whose braces are counted. If the lines are needed,
// they become the node's block, up to the first closing brace.
func (b *confBlocks) skipped(n *confNode, needed bool) {
	if !b.opens() {
		return
	}
	depth := 0
	for b.next < len(b.lines) {
		l := &b.lines[b.next]
		b.next++
		switch {
		case l.open:
			depth++
		case l.close:
			if depth--; depth == 0 {
				n.end = l.place
				return
			}
			if word := lastWord(n); needed && word != "notification_email" {
				b.say(l.place, "this } closes %s, as in keepalived, which does not know %s in it: what follows is lost",
					n, word)
				needed = false
			}
		case needed && depth == 1:
			n.block = append(n.block, &confNode{place: l.place, words: l.words})
		}
	}
	b.unclosed(n)
}

// findsService reports whether keepalived finds a virtual_server when it starts: then it
// counts the braces of all blocks, so that one that is not closed hides what follows. Else
// hidden is the line of that block.
func findsService(lines []confLine) (found bool, hidden place) {
	for i := 0; i < len(lines); i++ {
		l := &lines[i]
		if len(l.words) == 0 {
			continue
		}
		if _, known := topKey(l.words[0]); !known {
			continue
		}
		if l.words[0] == "virtual_server" {
			return true, place{}
		}
		depth := 0
		for i+1 < len(lines) && (depth > 0 || lines[i+1].open) {
			i++
			depth += b2n(lines[i].open) - b2n(lines[i].close)
			if depth == 0 {
				break
			}
		}
		if depth > 0 {
			return false, l.place
		}
	}
	return false, place{}
}

// lastWord returns the word that begins the last line of a block.
func lastWord(n *confNode) string {
	if len(n.block) == 0 {
		return ""
	}
	return n.block[len(n.block)-1].words[0]
}

// list reads a block of lines that begin with any word. keepalived does not start
// without its opening brace.
func (b *confBlocks) list(n *confNode) {
	if !b.opens() {
		b.fault(n.place, "missing { after %s: keepalived does not start with this configuration", n)
		return
	}
	for b.next++; b.next < len(b.lines); b.next++ {
		l := &b.lines[b.next]
		switch {
		case l.close:
			b.next++
			n.end = l.place
			return
		case l.open:
			b.owed++
			b.say(l.place, "{ in %s is ignored, as in keepalived: the next } closes it", n)
		default:
			n.block = append(n.block, &confNode{place: l.place, words: l.words})
		}
	}
	b.unclosed(n)
}

// unknown notes a line that keepalived does not know in this block. The settings of a
// lost block are not noted one by one.
func (b *confBlocks) unknown(kind string, in, n *confNode) {
	word := shownWord(n.words[0])
	switch {
	case isBlock(word):
		b.lostBlock(kind, in, n)
	case b.opens():
		b.next++
		b.owed++
		in.ignored = append(in.ignored, word)
		if kind == confTop {
			b.say(n.place, "%s is not converted: it is unknown, and keepalived ignores the { after it", word)
		} else {
			b.say(n.place, "%s is not converted: it is unknown in %s, and keepalived ignores the { after it, "+
				"so that the next } closes %s", word, in.words[0], in)
		}
	case b.lost:
		return
	case kind == confTop:
		b.say(n.place, "%s is not converted: it is unknown", word)
		return // more of them are on their own
	default:
		b.say(n.place, "%s is not converted: it is unknown in %s", word, in.words[0])
		return
	}
	b.lost = true
}

// isBlock reports whether a word opens a block that becomes part of the cluster file.
func isBlock(word string) bool {
	switch word {
	case "real_server", "virtual_server", "virtual_server_group":
		return true
	}
	return isChecker(word)
}

// lostBlock notes a block in a place where keepalived does not know it.
func (b *confBlocks) lostBlock(kind string, in, n *confNode) {
	if b.opens() {
		b.next++
		b.owed++
		in.ignored = append(in.ignored, n.words[0])
	}
	why := ""
	switch {
	case kind == confTop && b.last != nil:
		why = fmt.Sprintf("the } in line %d closed %s", b.last.end.line, b.last)
	case kind == confTop:
		why = "it is outside of a virtual_server"
	default:
		why = fmt.Sprintf("it is inside %s of line %d", in, in.line)
	}
	b.put(Note{File: n.file, Line: n.line, Text: n.String() + " is lost, as in keepalived: " + why,
		Lost: !isChecker(n.words[0]), kind: "lost"})
}

// closedEarly notes that a block ends at a closing brace that was meant for a block in it.
func (b *confBlocks) closedEarly(in *confNode) {
	for _, word := range in.ignored {
		if word == "" {
			b.say(in.end, "this } closes %s, because keepalived ignored a { in it", in)
			return
		}
	}
}
