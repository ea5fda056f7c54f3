package commands

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	longWork    = 20_000 // steps from which progress is shown
	redrawEvery = 100 * time.Millisecond
	lineEvery   = 5 * time.Second
)

// liveLine shows progress: on a terminal on one line that is rewritten, elsewhere as
// a line from time to time. -q turns it off.
type liveLine struct {
	app   *App
	last  time.Time
	width int
	// every is the time between lines without a terminal. It grows up to lineAtMost,
	// so that long work does not fill a log.
	every time.Duration
}

const lineAtMost = time.Minute

// live returns the live line. The first call after endLine starts a new one.
func (a *App) live() *liveLine {
	if a.line == nil {
		a.line = &liveLine{app: a, last: a.Now(), every: lineEvery}
	}
	return a.line
}

// endLine removes the live line from the terminal.
func (a *App) endLine() {
	if a.line != nil {
		a.line.end()
		a.line = nil
	}
}

// show shows the text, if enough time has passed since the last one.
func (l *liveLine) show(text func() string) {
	a, now := l.app, l.app.Now()
	switch {
	case a.global.quiet:
	case a.ErrTerminal.Is && now.Sub(l.last) >= redrawEvery:
		t := fitting(oneLine(a.Name+": "+text()), a.ErrTerminal.Width)
		fmt.Fprintf(a.Err, "\r%s%s", t, strings.Repeat(" ", max(0, l.width-utf8.RuneCountInString(t))))
		l.last, l.width = now, utf8.RuneCountInString(t)
	case !a.ErrTerminal.Is && now.Sub(l.last) >= l.every:
		fmt.Fprintf(a.Err, "%s: %s\n", a.Name, oneLine(text()))
		l.last, l.every = now, min(2*l.every, lineAtMost)
	}
}

// fitting shortens a text so that it does not wrap at the end of a line, where it
// could not be removed. A width of 0 is unknown.
func fitting(s string, width int) string {
	r := []rune(s)
	if width <= 1 || len(r) < width {
		return s
	}
	return string(r[:width-2]) + "…"
}

// end removes the line from the terminal.
func (l *liveLine) end() {
	if l.width > 0 {
		fmt.Fprintf(l.app.Err, "\r%s\r", strings.Repeat(" ", l.width))
		l.width = 0
	}
}
