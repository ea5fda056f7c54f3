package output

import (
	"strconv"
	"time"

	"lvs/cluster"
	"lvs/kernel"
)

// HistoryRow is an entry of the journal.
type HistoryRow struct {
	ID         uint64             `json:"id" doc:"The entry's number, for lvs undo."`
	Time       string             `json:"time" doc:"When it began, UTC, with nanoseconds."`
	User       string             `json:"user" doc:"Who ran the command, or the number of a user without a name."`
	UID        int                `json:"uid" doc:"That user's number."`
	SudoUser   *string            `json:"sudoUser" doc:"Who became that user by sudo. Null when nobody did."`
	Command    string             `json:"command" doc:"The command line, quoted for a shell."`
	Netns      *string            `json:"netns" doc:"The network namespace as it was named. Null is the caller's own."`
	ThisTable  bool               `json:"thisTable" doc:"It changed the table that was asked about; false is another namespace's, or one before the last boot."`
	Added      int                `json:"added" doc:"Services, servers and sync daemons that were added."`
	Edited     int                `json:"edited" doc:"Those that were edited, and timeouts."`
	Deleted    int                `json:"deleted" doc:"Those that were deleted."`
	Outcome    string             `json:"outcome" doc:"done; partly (all but what was refused); refused (nothing was changed in the end); undone; or unknown (killed, or it could not tell)." enum:"done,partly,refused,undone,unknown"`
	UndoneBy   *uint64            `json:"undoneBy" doc:"The entry that took it back. Null when none did."`
	Undoes     *uint64            `json:"undoes" doc:"The entry that it took back. Null when it is no undo."`
	Error      *string            `json:"error" doc:"What went wrong. Null when nothing did."`
	Reversible bool               `json:"reversible" doc:"The journal knows what was before. It does not of counters, and of a change too large for it."`
	Changes    []HistoryChangeRow `json:"changes" doc:"What was changed; empty when it was too large for the journal."`
}

// HistoryChangeRow is one object that a command changed.
type HistoryChangeRow struct {
	Service *string      `json:"service" doc:"The service's id. Null when it concerns none."`
	Server  *string      `json:"server" doc:"The server's id. Null when it is the service itself."`
	Before  *SettingsRow `json:"before" doc:"The configuration before. Null when there was none."`
	After   *SettingsRow `json:"after" doc:"The configuration after. Null when there is none."`
	Refused bool         `json:"refused" doc:"The kernel refused this one."`
}

// History writes entries of the journal. Table is the identity of the table that
// was asked about. The times are shown in the zone that they have.
func (p *Printer) History(entries []cluster.Entry, table string) error {
	k := historyKind()
	return printList(p, &k, entries, func(e *cluster.Entry) any { return historyRow(e, table) })
}

func historyRow(e *cluster.Entry, table string) HistoryRow {
	row := HistoryRow{
		ID: e.ID, Time: e.Time.UTC().Format(time.RFC3339Nano), User: e.User, UID: e.UID, SudoUser: textOrNull(e.SudoUser),
		Command: e.Command, Netns: textOrNull(e.Netns), ThisTable: e.Table == table,
		Added: e.Counts.Added, Edited: e.Counts.Edited, Deleted: e.Counts.Deleted,
		Outcome: outcome(e), Error: textOrNull(e.Error),
		Changes: make([]HistoryChangeRow, len(e.Objects)),
	}
	if e.UndoneBy != 0 {
		row.UndoneBy = &e.UndoneBy
	}
	if e.Undoes != 0 {
		row.Undoes = &e.Undoes
	}
	for i := range e.Objects {
		c := changeOf(&e.Objects[i])
		change := HistoryChangeRow{Before: c.side(false).row(), After: c.side(true).row()}
		if c.Service != (kernel.ServiceID{}) {
			change.Service = new(c.Service.String())
		}
		if c.Server.IsValid() {
			change.Server = new(c.Server.String())
		}
		row.Changes[i] = change
		row.Reversible = row.Reversible || !e.Objects[i].Zeroed
	}
	for _, i := range e.Refused {
		if i >= 0 && i < len(row.Changes) {
			row.Changes[i].Refused = true
		}
	}
	return row
}

// outcome is one word; an entry that was undone is nothing else any more.
func outcome(e *cluster.Entry) string {
	if e.UndoneBy != 0 {
		return "undone"
	}
	return string(e.Outcome)
}

func historyKind() kind[cluster.Entry] {
	type entry = cluster.Entry
	number := func(key, help string, of func(*entry) uint64) column[entry] {
		return column[entry]{key: key, help: help, number: func(e *entry) (uint64, bool) { return of(e), of(e) != 0 }}
	}
	text := func(key, help string, of func(*entry) string) column[entry] {
		return column[entry]{key: key, help: help, text: func(b []byte, e *entry) []byte { return appendClean(b, of(e)) }}
	}
	k := kind[entry]{name: "HistoryList", columns: []column[entry]{
		number("id", "the entry's number", func(e *entry) uint64 { return e.ID }),
		{key: "time", help: "when it began", text: func(b []byte, e *entry) []byte { return e.Time.AppendFormat(b, time.RFC3339) },
			compare: func(a, b *entry) int { return a.Time.Compare(b.Time) }},
		text("user", "who ran the command", func(e *entry) string { return e.User }),
		text("sudo", "who became that user by sudo", func(e *entry) string { return e.SudoUser }),
		text("netns", "the network namespace as it was named", func(e *entry) string { return e.Netns }),
		text("table", "the identity of the table", func(e *entry) string { return e.Table }),
		{key: "changes", help: "how many were added (+), edited (~) and deleted (-)", text: appendCounts},
		{key: "outcome", help: "done, partly, refused, undone-by-N or unknown", text: func(b []byte, e *entry) []byte {
			b = append(b, outcome(e)...)
			if e.UndoneBy != 0 {
				b = strconv.AppendUint(append(b, "-by-"...), e.UndoneBy, 10)
			}
			return b
		}},
		number("undoes", "the entry that it took back", func(e *entry) uint64 { return e.Undoes }),
		text("error", "what went wrong", func(e *entry) string { return e.Error }),
		text("command", "the command line", func(e *entry) string { return e.Command }),
	}}
	k.plain = []string{"id", "time", "user", "changes", "outcome", "command"}
	k.wide = []string{"id", "time", "user", "sudo", "netns", "changes", "outcome", "error", "command"}
	k.style = func(e *entry, key string) Style {
		if key == "outcome" && (e.Outcome == cluster.Unknown || e.Outcome == cluster.Partly) && e.UndoneBy == 0 {
			return Yellow
		}
		return NoStyle
	}
	return k
}

// appendCounts writes +1,~2,-3 without what is none.
func appendCounts(b []byte, e *cluster.Entry) []byte {
	start := len(b)
	for _, c := range []struct {
		mark byte
		n    int
	}{{'+', e.Counts.Added}, {'~', e.Counts.Edited}, {'-', e.Counts.Deleted}} {
		if c.n == 0 {
			continue
		}
		if len(b) > start {
			b = append(b, ',')
		}
		b = strconv.AppendInt(append(b, c.mark), int64(c.n), 10)
	}
	return b
}
