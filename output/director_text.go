package output

import (
	"strconv"
	"strings"
	"time"

	"lvs/plan"
)

// wording is a word of the director and what people read for it.
type wording struct{ word, text string }

func wordsFor(word string, table []wording) (text string, known bool) {
	for i := range table {
		if table[i].word == word {
			return table[i].text, true
		}
	}
	return "", false
}

// resultWords are the reasons of a failed check in words. A text that ends in a colon is
// followed by what the server or the system said, if that is known.
var resultWords = [...]wording{
	{"refused", "connection refused"},
	{"unreachable", "unreachable:"},
	{"timeout", "no connection in time"},
	{"silent", "no complete answer in time"},
	{"closed", "connection closed before a complete answer"},
	{"status", "answer:"},
	{"answer", "unexpected answer:"},
	{"tls", "TLS:"},
	{"busy", "busy:"},
	{"loading", "starting or stopping:"},
	{"exit", "failed:"},
	{"local", "not asked, this machine is at fault:"},
}

// ResultText returns the result of a check in words. outcome, reason and detail are those
// of the row; detail is text of others and is escaped.
func ResultText(outcome, reason, detail string, took time.Duration) string {
	if outcome == "pass" {
		return "passed in " + took.Round(100*time.Microsecond).String()
	}
	text, known := wordsFor(reason, resultWords[:])
	if !known {
		text = reason + ":"
	}
	detail = plan.Visible(detail)
	base, open := strings.CutSuffix(text, ":")
	switch {
	case detail == "" || detail == base: // the system's words for it are often ours
		return base
	case open:
		return text + " " + detail
	}
	return text + " (" + detail + ")"
}

// whyWords are the reasons of a weight in words.
var whyWords = [...]wording{
	{"file", "as in the file"},
	{"drain", "drained"},
	{"maintain", "in maintenance"},
	{"weight", "weight set by an admin"},
	{"check", "its checks fail"},
	{"passive", "new connections stay half open"},
	{"start", "not checked yet"},
	{"ramp", "slow start"},
	{"degrade", "a check fails that only lowers the weight"},
	{"agent", "the server asks for it"},
	{"tier", "its tier is not needed"},
	{"fallback", "fallback"},
	{"spared", "its checks fail; kept"},
	{"adoption", "found in the table, not checked yet"},
	{"quiesced", "its checks fail; removed"},
	{"absent", "not in the file"},
	{"overridden", "changed by someone else; only reported"},
}

// WhyText returns in words why a server has its weight.
func WhyText(why string) string {
	if text, ok := wordsFor(why, whyWords[:]); ok {
		return text
	}
	return plan.Visible(why)
}

// WhyText returns in words why the server has its weight, with what an admin wrote and
// when it ends.
func (r *DirectedServerRow) WhyText() string {
	text := WhyText(r.Why)
	switch r.Why {
	case "drain", "maintain", "weight":
		if r.By != nil {
			text = strings.TrimSuffix(text, " by an admin") + " by " + plan.Visible(*r.By)
		}
		if r.AdminReason != nil {
			text += ": " + plan.Visible(*r.AdminReason)
		}
	case "fallback":
		switch {
		case !r.Fallback:
			text = "the fallback is in use"
		case r.WeightWanted != nil && *r.WeightWanted == 0:
			text = "fallback, not needed"
		}
	case "file":
		if r.Admin == "ready" && r.Health == "unknown" && !r.Checked {
			text += ", without a check"
		}
	}
	if r.Suspect && r.Why != "passive" {
		text += "; new connections stay half open"
	}
	return text
}

// ResultText returns the last result of the check that matters most: the first that is
// not good, or the newest.
func (r *DirectedServerRow) ResultText() string {
	var newest *DirectedCheckRow
	for i := range r.Checks {
		c := &r.Checks[i]
		if c.Last == nil {
			continue
		}
		if c.Last.Outcome != "pass" {
			return c.Kind + ": " + c.Last.Text
		}
		if newest == nil || c.Last.At > newest.Last.At {
			newest = c
		}
	}
	if newest == nil {
		return ""
	}
	return newest.Kind + ": " + newest.Last.Text
}

// DriftText returns a difference in words, without its place.
func (r *DriftRow) DriftText() string {
	have, want := textOf(r.Have), textOf(r.Want)
	switch r.What {
	case "missing":
		return "is missing in the table"
	case "unexpected":
		return "is in the table, but not in the file"
	case "weight":
		return "has the weight " + have + " instead of " + want
	}
	return "has " + have + " instead of " + want
}

func textOf(s *string) string {
	if s == nil {
		return "nothing"
	}
	return plan.Visible(*s)
}

// place returns the service and server of an event or a difference.
func place(service, server *string) string {
	switch {
	case service == nil:
		return ""
	case server == nil:
		return *service
	}
	return *service + " " + *server
}

// Place returns the service, and the server if it concerns one.
func (r *DriftRow) Place() string { return place(&r.Service, r.Server) }

// EventText returns an event in words, without its time and place.
func EventText(e *DirectorEventRow) string {
	text := eventText(e)
	if e.By != nil {
		text += " by " + plan.Visible(*e.By)
	}
	if e.Reason != nil {
		text += ": " + plan.Visible(*e.Reason)
	}
	return text
}

func eventText(e *DirectorEventRow) string {
	from, to, said := textOf(e.From), textOf(e.To), ""
	if e.Text != "" {
		said = ": " + plan.Visible(e.Text)
	}
	switch e.Event {
	case "started", "stopped":
		return "director " + e.Event + said
	case "reloaded":
		return "files read again" + said
	case "refused":
		return "files refused, the old ones stay in force" + said
	case "verdict":
		return verdictText(e, to)
	case "weight":
		return weightText(e, from, to)
	case "admin":
		return adminText(from, to) + said
	case "service":
		return "service is " + to + said
	case "fallback":
		return "fallback " + to + said
	case "drift":
		return "drift: " + (&DriftRow{What: e.Text, Have: e.To, Want: e.From}).DriftText()
	case "frozen":
		return "frozen, nothing is changed" + said
	case "thawed":
		return "no longer frozen" + said
	case "alarm":
		return "alarm" + said
	case "role":
		return "role " + to + said
	case "sysctl":
		return plan.Visible(e.Text) + " changed from " + from + " to " + to
	}
	return plan.Visible(e.Event) + said
}

func verdictText(e *DirectorEventRow, to string) string {
	text := to
	if e.Check != nil && e.Result != nil {
		text += ": " + plan.Visible(*e.Check) + " " + e.Result.Text
	}
	return text
}

func weightText(e *DirectorEventRow, from, to string) string {
	text := "weight " + from + " → " + to
	switch {
	case e.From == nil && e.To != nil:
		text = "added with weight " + to
	case e.To == nil:
		text = "removed from the table"
		if deref(e.Why) == "quiesced" {
			return text + ": " + WhyText("check")
		}
	}
	if e.Why != nil {
		text += ": " + WhyText(*e.Why)
	}
	return text
}

func adminText(from, to string) string {
	switch to {
	case "drain":
		return "drained"
	case "maintenance":
		return "put into maintenance"
	case "ready":
		if from == "drain" || from == "maintenance" || from == "0" {
			return "back in service (was: " + from + ")"
		}
		return "the weight in the file again (was: " + from + ")"
	}
	if _, err := strconv.Atoi(to); err == nil {
		return "weight set to " + to
	}
	return to
}
