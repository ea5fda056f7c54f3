// Package tui is the live dashboard: what lvs top shows. It reads the table once
// an interval, keeps what it needs of the past, and draws. It changes nothing by
// itself: every change is a command line that the room commands runs, after a
// dialog was confirmed.
//
// model.go is the one tea.Model; each screen is a file with its keys beside it.
// sample.go reads, history.go remembers; neither knows of a terminal.
package tui
