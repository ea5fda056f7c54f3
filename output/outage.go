package output

import (
	"encoding/json"
	"strconv"
	"time"
)

// Outage is the state of a server that was drained, or that has another weight only for
// some time.
type Outage struct {
	// Before is the weight that undrain restores, Set the one that was set: 0 means that
	// the server is drained.
	Before, Set int
	// Until is when the weight is restored automatically. Zero is never. Tables show both
	// in their own time zone.
	Since, Until time.Time
	// User did it, SudoUser became that user by sudo, and Reason is what they wrote. Each
	// may be empty.
	User, SudoUser, Reason string
}

// OutageRow is why a server has another weight than usual.
type OutageRow struct {
	WeightBefore int     `json:"weightBefore" doc:"The weight that undrain restores."`
	Since        string  `json:"since" doc:"When it was set, in UTC."`
	Until        *string `json:"until" doc:"When the weight is restored automatically, in UTC. Null is never."`
	By           *string `json:"by" doc:"The user who did it. Null if unknown."`
	SudoUser     *string `json:"sudoUser" doc:"Who became that user by sudo. Null if nobody."`
	DrainReason  *string `json:"drainReason" doc:"The reason that the user wrote. Null if none."`
}

func (o *Outage) row() *OutageRow {
	if o == nil {
		return nil
	}
	row := &OutageRow{WeightBefore: o.Before, Since: o.Since.UTC().Format(time.RFC3339), By: textOrNull(o.User),
		SudoUser: textOrNull(o.SudoUser), DrainReason: textOrNull(o.Reason)}
	if !o.Until.IsZero() {
		row.Until = textOrNull(o.Until.UTC().Format(time.RFC3339))
	}
	return row
}

// appendOutages appends the two keys of a server.
func appendOutages(b []byte, o *Outage) []byte {
	if o == nil {
		return append(b, `,"drained":null,"temporaryWeight":null`...)
	}
	text, err := json.Marshal(o.row())
	if err != nil { // it has only texts and numbers
		text = []byte("null")
	}
	if o.Set == 0 {
		b = append(append(b, `,"drained":`...), text...)
		return append(b, `,"temporaryWeight":null`...)
	}
	return append(append(b, `,"drained":null,"temporaryWeight":`...), text...)
}

// Text returns the state in a few words: was 10, by root, since 14:03, until 14:33.
func (o *Outage) Text() string { return string(o.appendText(nil)) }

// appendText writes the state in a few words: was 10, by root, since 14:03, until 14:33.
func (o *Outage) appendText(b []byte) []byte {
	if o.Set > 0 {
		b = append(b, "no: weight "...)
		b = append(strconv.AppendInt(b, int64(o.Set), 10), " for a time, "...)
	}
	b = strconv.AppendInt(append(b, "was "...), int64(o.Before), 10)
	if o.User != "" {
		b = append(append(b, ", by "...), o.who()...)
	}
	b = o.Since.AppendFormat(append(b, ", since "...), clockFormat)
	if !o.Until.IsZero() {
		b = o.Until.AppendFormat(append(b, ", until "...), clockFormat)
	}
	if o.Reason != "" {
		b = append(append(b, ": "...), o.Reason...)
	}
	return b
}

// clockFormat has no seconds: a drain lasts minutes or days.
const clockFormat = "2006-01-02 15:04"

// who returns the user, and who became it by sudo.
func (o *Outage) who() string {
	if o.SudoUser == "" || o.SudoUser == o.User {
		return o.User
	}
	return o.SudoUser + " as " + o.User
}

// outageColumns are the columns of what is remembered about a server.
func outageColumns[T any](of func(*T) *Outage, hide func(*T) bool) []column[T] {
	text := func(key, help string, value func([]byte, *Outage) []byte) column[T] {
		return column[T]{key: key, help: help, hide: hide, text: func(b []byte, r *T) []byte {
			if o := of(r); o != nil {
				return value(b, o)
			}
			return b
		}}
	}
	return []column[T]{
		text("drained", "by whom, since and until when it is drained, and why", func(b []byte, o *Outage) []byte {
			return o.appendText(b)
		}),
		text("since", "when the server was drained", func(b []byte, o *Outage) []byte {
			return o.Since.AppendFormat(b, time.RFC3339)
		}),
		text("until", "when the weight is restored automatically", func(b []byte, o *Outage) []byte {
			if o.Until.IsZero() {
				return b
			}
			return o.Until.AppendFormat(b, time.RFC3339)
		}),
		text("by", "who drained the server", func(b []byte, o *Outage) []byte { return append(b, o.User...) }),
		text("sudoUser", "who became that user by sudo", func(b []byte, o *Outage) []byte {
			return append(b, o.SudoUser...)
		}),
		text("drainReason", "the reason that the user wrote", func(b []byte, o *Outage) []byte {
			return append(b, o.Reason...)
		}),
	}
}
