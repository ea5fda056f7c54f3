package commands

import (
	"fmt"
	"strconv"
	"strings"

	"lvs/operate"
)

// condition is what lvs wait waits for.
type condition struct {
	kind conditionKind
	// most are the active connections of atMost.
	most uint64
}

type conditionKind uint8

const (
	untilDrained conditionKind = iota
	untilAtMost
	untilExists
	untilGone
)

func parseCondition(s string) (condition, error) {
	switch text := strings.ReplaceAll(s, " ", ""); {
	case s == "":
		return condition{}, usagef("--for is missing").cure("add --for with drained, active<=N, exists or gone")
	case text == "drained":
		return condition{kind: untilDrained}, nil
	case text == "exists":
		return condition{kind: untilExists}, nil
	case text == "gone":
		return condition{kind: untilGone}, nil
	case strings.HasPrefix(text, "active<="):
		n, err := strconv.ParseUint(strings.TrimPrefix(text, "active<="), 10, 32)
		if err == nil {
			return condition{kind: untilAtMost, most: n}, nil
		}
	}
	bad := usagef("invalid --for %q: want drained, active<=N, exists or gone", s)
	switch {
	case strings.HasPrefix(s, "active"):
		return condition{}, bad.cure("quote it in a shell: --for 'active<=5'")
	case strings.HasPrefix(s, "weight"):
		return condition{}, bad.cure("use --for drained: it waits for the weight 0, and until nothing is left")
	}
	return condition{}, bad
}

// needsIt tells whether the condition is about something that is there.
func (c condition) needsIt() bool { return c.kind == untilDrained || c.kind == untilAtMost }

// not says that it is not so.
func (c condition) not() string {
	switch c.kind {
	case untilAtMost:
		return fmt.Sprintf("not active<=%d", c.most)
	case untilExists:
		return "does not exist"
	case untilGone:
		return "still exists"
	}
	return "not drained"
}

// holds tells whether it is so.
func (c condition) holds(there bool, rows []operate.Drain) bool {
	switch c.kind {
	case untilExists:
		return there
	case untilGone:
		return !there
	case untilAtMost:
		return there && operate.Active(rows) <= c.most
	}
	for i := range rows {
		if rows[i].State != operate.Drained {
			return false
		}
	}
	return there
}

// lacks says what is missing, and marks the rows that it is missing in.
func (c condition) lacks(rows []operate.Drain) string {
	switch c.kind {
	case untilAtMost:
		return fmt.Sprintf(" (there are %d)", operate.Active(rows))
	case untilDrained:
		var what []string
		for i := range rows {
			if r := &rows[i]; r.State != operate.Drained {
				r.State = operate.TimedOut
				what = append(what, fmt.Sprintf("%v %v: %s", r.Service, r.Server, reasonText(r)))
			}
		}
		return " (" + enumerate(what) + ")"
	}
	return ""
}
