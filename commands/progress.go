package commands

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	longWork    = 20_000 // steps; less is done before anybody wonders
	redrawEvery = 100 * time.Millisecond
	lineEvery   = 5 * time.Second
)

// liveLine shows how work goes on: on a terminal on one line that is rewritten,
// elsewhere by a line now and then. -q silences it.
type liveLine struct {
	app   *App
	last  time.Time
	width int
	// every is the time between lines where there is no terminal. It grows to
	// lineAtMost, so that long work does not fill a log.
	every time.Duration
}

const lineAtMost = time.Minute

// live returns the line that shows the work that is going on. It begins with the
// first call after endLine.
func (a *App) live() *liveLine {
	if a.line == nil {
		a.line = &liveLine{app: a, last: a.Now(), every: lineEvery}
	}
	return a.line
}

// endLine takes the live line off the terminal.
func (a *App) endLine() {
	if a.line != nil {
		a.line.end()
		a.line = nil
	}
}

// show shows the text, if the time has come.
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

// fitting cuts a text so that it does not reach the end of a line, where it could
// not be taken back. Width 0 is not known.
func fitting(s string, width int) string {
	r := []rune(s)
	if width <= 1 || len(r) < width {
		return s
	}
	return string(r[:width-2]) + "…"
}

// end takes the line off the terminal.
func (l *liveLine) end() {
	if l.width > 0 {
		fmt.Fprintf(l.app.Err, "\r%s\r", strings.Repeat(" ", l.width))
		l.width = 0
	}
}
