package health

import (
	"context"
	"strings"
)

// askRedis sends PING. Alive is who answers PONG, or wants a login first (NOAUTH, NOPERM).
// Protected mode answers DENIED to every other host, so that it is a failure. With Expect,
// the expression decides about everything but LOADING, MASTERDOWN and busy servers.
func askRedis(ctx context.Context, q *question) Result {
	d, r := openDialogue(ctx, q, 6379)
	if r != nil {
		return *r
	}
	defer d.Close()
	d.say("PING")
	line, err := d.line()
	if err != nil {
		return d.bad(err)
	}
	return q.redisAnswer(line)
}

// redisAnswer judges the first line of an answer: "+" and a word, or "-", a word for the kind
// of error and a text (https://redis.io/docs/latest/develop/reference/protocol-spec/).
func (q *question) redisAnswer(line string) Result {
	if line == "" || line[0] != '+' && line[0] != '-' {
		return fail(BadAnswer, line)
	}
	word, text, _ := strings.Cut(line, " ")
	switch {
	case word == "-LOADING", word == "-MASTERDOWN":
		return fail(Loading, line)
	case word == "-BUSY", word == "-ERR" && strings.HasPrefix(text, "max number of clients"):
		return busy(line)
	case q.answer != nil:
		if !q.answer.MatchString(line) {
			return fail(BadAnswer, line)
		}
	case word == "+PONG", word == "-NOAUTH", word == "-NOPERM":
	case word[0] == '-':
		return fail(BadStatus, line)
	default:
		return fail(BadAnswer, line)
	}
	return pass()
}
