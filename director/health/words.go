package health

import (
	"strconv"
	"strings"
)

// maxPercent is the largest share of its weight that a server may ask for.
const maxPercent = 1000

// parseWords reads what a server says about itself: words between spaces, tabs or commas, as
// HAProxy's agent-check has them (https://docs.haproxy.org/2.9/configuration.html#agent-check).
// A # begins a text for people. ok is false if a word is unknown, or there is none.
//
//	75%                     the share of the declared weight
//	up                      the server is up
//	down failed stopped     the server is down
//	ready drain maint       what the admin of the server wants
//	maxconn:30              accepted, without effect
func parseWords(line string) (w AgentWords, up, ok bool) {
	w = AgentWords{Percent: -1, Weight: -1, Words: cut(line)}
	text, _, _ := strings.Cut(line, "#")
	words := strings.FieldsFunc(text, func(c rune) bool { return c == ' ' || c == '\t' || c == ',' })
	up, ok = true, len(words) > 0
	for _, word := range words {
		switch lower := strings.ToLower(word); lower {
		case "up":
		case "down", "failed", "fail", "stopped":
			up = false
		case "ready", "drain", "maint":
			w.Admin = lower
		default:
			if strings.HasPrefix(lower, "maxconn:") {
				continue
			}
			percent, found := strings.CutSuffix(lower, "%")
			n, err := strconv.ParseUint(percent, 10, 16)
			if !found || err != nil || n > maxPercent {
				ok = false
				continue
			}
			w.Percent = int(n)
		}
	}
	return w, up, ok
}

// wordsResult judges such a line.
func wordsResult(line string) Result {
	w, up, ok := parseWords(line)
	var r Result
	switch {
	case !ok:
		return unsaid(BadAnswer, line)
	case up:
		r = pass()
	default:
		r = fail(BadStatus, line)
	}
	r.Agent = &w
	return r
}

// unsaid returns the result of a server that said nothing about itself. It changes no verdict:
// whether the server answers its clients is for other checks.
func unsaid(why Reason, detail string) Result {
	return Result{Outcome: Busy, Reason: why, Detail: cut(detail)}
}
