package output

import (
	"strconv"
	"time"

	"lvs/kernel"
	"lvs/plan/journal"
)

// HistoryRow is an entry of the journal.
type HistoryRow struct {
	ID         uint64  `json:"id" doc:"The number of the entry, for lvs undo."`
	Time       string  `json:"time" doc:"When it began, in UTC, with nanoseconds."`
	User       string  `json:"user" doc:"The user who ran the command, or the number of a user without a name."`
	UID        int     `json:"uid" doc:"The number of the user."`
	SudoUser   *string `json:"sudoUser" doc:"The user who called sudo. Null if none did."`
	Command    string  `json:"command" doc:"The command line, quoted for a shell."`
	Reason     *string `json:"reason" doc:"The text of --reason. Null without it."`
	Source     string  `json:"source" doc:"job: automatic, its time had come; director: by a daemon." enum:"source"`
	Netns      *string `json:"netns" doc:"The name of the network namespace. Null is the caller's own."`
	ThisTable  bool    `json:"thisTable" doc:"False if it changed another namespace's table, or one before the boot."`
	Added      int     `json:"added" doc:"The number of services, servers and sync daemons that were added."`
	Edited     int     `json:"edited" doc:"The number of those that were edited, and timeouts."`
	Deleted    int     `json:"deleted" doc:"The number of those that were deleted."`
	Declared   int     `json:"declared" doc:"Drained servers that only got another weight for undrain; else 0."`
	Outcome    string  `json:"outcome" doc:"partly: some refused; refused: no change; unknown: killed." enum:"outcome"`
	Reached    *int    `json:"reached" doc:"The weight that weight --over reached before its end. Null otherwise."`
	UndoneBy   *uint64 `json:"undoneBy" doc:"The entry that undid it. Null if none did."`
	Undoes     *uint64 `json:"undoes" doc:"The entry that it undoes. Null if it is not an undo."`
	Error      *string `json:"error" doc:"What failed. Null if nothing did."`
	Reversible bool    `json:"reversible" doc:"The journal has the old settings; not for counters or too large changes."`

	Changes []HistoryChangeRow `json:"changes" doc:"What was changed; empty if it was too large for the journal."`
}

// HistoryChangeRow is one object that a command changed.
type HistoryChangeRow struct {
	Service *string      `json:"service" doc:"The service's id. Null if it concerns none."`
	Server  *string      `json:"server" doc:"The server's id. Null if it is the service itself."`
	Before  *SettingsRow `json:"before" doc:"The configuration before. Null if there was none."`
	After   *SettingsRow `json:"after" doc:"The configuration after. Null if there is none."`
	Refused bool         `json:"refused" doc:"The kernel refused this change."`
}

// History writes entries of the journal. table is the identity of the table asked
// for. Times are shown in their own zone.
func (p *Printer) History(entries []journal.Entry, table string) error {
	k := historyKind()
	return printList(p, &k, entries, func(e *journal.Entry) any { return historyRow(e, table) })
}

func historyRow(of *journal.Entry, table string) HistoryRow {
	e := new(*of) // its objects are not kept: there may be many such rows
	if err := e.Load(); err != nil && e.Error == "" {
		e.Error = err.Error()
	}
	row := HistoryRow{
		ID: e.ID, Time: e.Time.UTC().Format(time.RFC3339Nano), User: e.User, UID: e.UID,
		SudoUser: textOrNull(e.SudoUser), Command: e.Command, Netns: textOrNull(e.Netns), ThisTable: e.Table == table,
		Added: e.Counts.Added, Edited: e.Counts.Edited, Deleted: e.Counts.Deleted,
		Declared: e.Declared,
		Outcome:  outcome(e), Reached: e.Reached, Error: textOrNull(e.Error),
		Reason: textOrNull(e.Reason), Source: source(e), Reversible: e.Reversible(),
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
	}
	for _, i := range e.Refused {
		if i >= 0 && i < len(row.Changes) {
			row.Changes[i].Refused = true
		}
	}
	return row
}

// outcome returns one word: undone, whatever it was before.
func outcome(e *journal.Entry) string {
	if e.UndoneBy != 0 {
		return "undone"
	}
	return string(e.Outcome)
}

// source returns one word for what made an entry.
func source(e *journal.Entry) string {
	if e.Source == journal.Command {
		return "command"
	}
	return string(e.Source)
}

func historyKind() kind[journal.Entry] {
	type entry = journal.Entry
	number := func(key, help string, of func(*entry) uint64) column[entry] {
		return column[entry]{key: key, help: help, number: func(e *entry) (uint64, bool) { return of(e), of(e) != 0 }}
	}
	text := func(key, help string, of func(*entry) string) column[entry] {
		return column[entry]{key: key, help: help, text: func(b []byte, e *entry) []byte { return append(b, of(e)...) }}
	}
	sudo := text("sudoUser", "the user who called sudo", func(e *entry) string { return e.SudoUser })
	sudo.heading, sudo.aliases = "SUDO", []string{"sudo"}
	k := kind[entry]{name: "HistoryList", columns: []column[entry]{
		number("id", "the number of the entry", func(e *entry) uint64 { return e.ID }),
		{key: "time", help: "when it began",
			text:    func(b []byte, e *entry) []byte { return e.Time.AppendFormat(b, time.RFC3339) },
			compare: func(a, b *entry) int { return a.Time.Compare(b.Time) }},
		text("user", "the user who ran the command", func(e *entry) string { return e.User }),
		sudo,
		text("netns", "the name of the network namespace", func(e *entry) string { return e.Netns }),
		text("table", "the identity of the table", func(e *entry) string { return e.Table }),
		{key: "changes", help: "the number of added (+), edited (~) and deleted (-) objects", text: appendCounts},
		{key: "outcome", help: "done, partly, refused, interrupted at N, undone-by-N or unknown", text: appendOutcome},
		text("source", "command, job or director: what made the change", source),
		text("reason", "the text of --reason", func(e *entry) string { return e.Reason }),
		number("undoes", "the entry that it undoes", func(e *entry) uint64 { return e.Undoes }),
		text("error", "what failed", func(e *entry) string { return e.Error }),
		text("command", "the command line", func(e *entry) string { return e.Command }),
	}}
	k.plain = []string{"id", "time", "user", "changes", "outcome", "command"}
	k.wide = []string{"id", "time", "user", "sudoUser", "netns", "changes", "outcome", "error", "reason", "command"}
	k.style = func(e *entry, key string) Style {
		if key == "outcome" && e.UndoneBy == 0 &&
			(e.Outcome == journal.Unknown || e.Outcome == journal.Partly || e.Outcome == journal.Interrupted) {
			return Yellow
		}
		return NoStyle
	}
	return k
}

// appendOutcome appends the outcome, with the entry that undid it, undone-by-5, or the
// weight that was reached: interrupted at 42.
func appendOutcome(b []byte, e *journal.Entry) []byte {
	b = append(b, outcome(e)...)
	if e.UndoneBy != 0 {
		b = strconv.AppendUint(append(b, "-by-"...), e.UndoneBy, 10)
	} else if e.Reached != nil {
		b = strconv.AppendInt(append(b, " at "...), int64(*e.Reached), 10)
	}
	return b
}

// appendCounts appends +1,~2,-3 without the numbers that are 0.
func appendCounts(b []byte, e *journal.Entry) []byte {
	start := len(b)
	for _, c := range []struct {
		mark byte
		n    int
	}{{'+', e.Counts.Added}, {'~', e.Counts.Edited + e.Declared}, {'-', e.Counts.Deleted}} {
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
