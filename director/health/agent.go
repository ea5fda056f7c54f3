package health

import (
	"bufio"
	"bytes"
	"context"
)

// askAgent connects, sends Send if there is one, and reads one line of words
// (parseWords). As in HAProxy, an agent that does not answer changes nothing.
func askAgent(ctx context.Context, q *question) Result {
	c, r := dial(ctx, &q.Probe, 0)
	if r != nil {
		return unspoken(*r)
	}
	defer c.Close()
	if q.Send != "" {
		_, _ = c.Write([]byte(q.Send)) // an agent may answer without reading
	}
	in := bufio.NewReaderSize(c, maxLine)
	var line []byte
	for {
		b, err := in.ReadByte()
		switch {
		case err != nil && len(line) > 0:
			return unsaid(BadAnswer, "no end of the line: "+string(line))
		case err != nil:
			return unspoken(failed(&q.Target, err, talking))
		case b == '\n' || b == '\r':
			return wordsResult(string(bytes.TrimSpace(line)))
		case len(line) == maxLine:
			return unsaid(BadAnswer, errTooLong.Error())
		}
		line = append(line, b)
	}
}

// unspoken turns a failure into the result of an agent that does not answer.
func unspoken(r Result) Result {
	if r.Outcome == Fail {
		return unsaid(r.Reason, r.Detail)
	}
	return r
}
