package health

import (
	"bytes"
	"cmp"
	"strconv"
	"strings"
)

// Limits of what is read of an answer.
const (
	maxHeader = 32 << 10
	maxBody   = 64 << 10
)

// httpTalk reads the answer to an HTTP request as far as the check needs it: the header, and
// the body only if there is an expression for it.
type httpTalk struct {
	q      *question
	header []byte // what has come of the header
	before int    // the bytes of the headers with a status below 200 that came before it
	body   *httpBody
}

func (t *httpTalk) hear(data []byte, end bool) (Result, bool) {
	if t.body == nil {
		var r Result
		var done bool
		if data, r, done = t.hearHeader(data, end); done || t.body == nil {
			return r, done
		}
	}
	complete, err := t.body.add(data, end)
	switch {
	case err != "":
		return fail(BadAnswer, err), true
	case complete && t.q.answer.Match(t.body.got):
		return pass(), true
	case complete:
		return fail(BadAnswer, string(t.body.got[:min(len(t.body.got), maxDetail+1)])), true
	case end:
		return fail(Closed, "the body is not complete"), true
	}
	return Result{}, false
}

// hearHeader reads on in the header, and returns what follows it.
func (t *httpTalk) hearHeader(data []byte, end bool) (rest []byte, r Result, done bool) {
	known := len(t.header)
	t.header = append(t.header, data...)
	for {
		header, length := cutHeader(t.header, known)
		if header == nil || t.before+length > maxHeader {
			break
		}
		a, fault := parseHeader(header)
		if fault != "" {
			return nil, fail(BadAnswer, fault), true
		}
		rest = t.header[length:]
		if a.status/100 == 1 && a.status != 101 { // more follows
			t.before += length
			t.header, known = rest, 0
			continue
		}
		r, done = t.judge(a)
		return rest, r, done
	}
	switch {
	case t.before+len(t.header) > maxHeader:
		return nil, fail(BadAnswer, "the header is too long"), true
	case !couldBeHTTP(t.header):
		return nil, fail(BadAnswer, firstLine(t.header)), true
	case end && len(t.header) > 0:
		return nil, fail(Closed, "the header is not complete"), true
	case end:
		return nil, fail(Closed, ""), true
	}
	return nil, Result{}, false
}

// judge returns the result if the header is enough for one, and otherwise begins the body.
func (t *httpTalk) judge(a httpHeader) (r Result, done bool) {
	if !accepts(t.q.Status, a.status) {
		return fail(BadStatus, a.line), true
	}
	if t.q.answer == nil {
		return pass(), true
	}
	if t.q.Method == "HEAD" || a.status == 204 || a.status == 304 {
		a.chunked, a.length = false, 0
	}
	t.body = &httpBody{chunked: a.chunked, length: a.length}
	return Result{}, false
}

// cutHeader returns the header at the beginning of data, without its empty line, and how
// long it is with it. It is nil if there is no end yet. The first bytes were searched before.
func cutHeader(data []byte, searched int) (header []byte, length int) {
	for from := max(0, searched-2); ; {
		i := bytes.IndexByte(data[from:], '\n')
		if i < 0 {
			return nil, 0
		}
		next := from + i + 1
		for _, end := range []string{"\n", "\r\n"} {
			if bytes.HasPrefix(data[next:], []byte(end)) {
				return data[:next], next + len(end)
			}
		}
		from = next
	}
}

// couldBeHTTP reports whether data can be the beginning of an answer.
func couldBeHTTP(data []byte) bool {
	const begin = "HTTP/"
	n := min(len(data), len(begin))
	return string(data[:n]) == begin[:n]
}

// httpHeader is what a header says.
type httpHeader struct {
	status  int
	line    string // the status and its words
	chunked bool
	length  int64 // -1 is unknown
}

// parseHeader reads a header (RFC 9112, 4 to 6). fault says what is wrong with it.
func parseHeader(header []byte) (a httpHeader, fault string) {
	a.length = -1
	first := firstLine(header)
	version, line, _ := strings.Cut(first, " ")
	a.line = strings.TrimSpace(line)
	code, _, _ := strings.Cut(a.line, " ")
	status, err := strconv.Atoi(code)
	if !strings.HasPrefix(version, "HTTP/") || err != nil || len(code) != 3 || status < 100 {
		return a, cmp.Or(first, "an empty line")
	}
	a.status = status
	for line := range strings.Lines(string(header)) {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch {
		case strings.EqualFold(name, "Transfer-Encoding"):
			a.chunked = strings.HasSuffix(strings.ToLower(value), "chunked")
		case strings.EqualFold(name, "Content-Length"):
			if a.length, err = strconv.ParseInt(value, 10, 64); err != nil || a.length < 0 {
				return a, "Content-Length: " + value
			}
		}
	}
	return a, ""
}

// firstLine returns the first line of a text without its end.
func firstLine(text []byte) string {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return string(bytes.TrimSuffix(line, []byte("\r")))
}
