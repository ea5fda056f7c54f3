package commands

import (
	"fmt"
	"strings"
	"time"
)

const (
	longWork    = 20_000 // steps; less is done before anybody wonders
	redrawEvery = 100 * time.Millisecond
	lineEvery   = 5 * time.Second
)

// progress tells how far long work is. Both functions may be called where nothing
// is to be told; at is nil then.
func (a *App) progress(what string, total int) (at func(done, total int), end func()) {
	if total < longWork || a.global.quiet {
		return nil, func() {}
	}
	line := a.liveLine()
	return func(done, total int) {
		line.show(func() string { return fmt.Sprintf("%d of %d %s", done, total, what) })
	}, line.end
}

// liveLine tells how work goes on: on a terminal on one line that is rewritten,
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

func (a *App) liveLine() *liveLine {
	return &liveLine{app: a, last: a.Now(), every: lineEvery}
}

// show tells the text, if the time has come.
func (l *liveLine) show(text func() string) {
	a, now := l.app, l.app.Now()
	switch {
	case a.global.quiet:
	case a.ErrTerminal.Is && now.Sub(l.last) >= redrawEvery:
		t := oneLine(a.Name + ": " + text())
		fmt.Fprintf(a.Err, "\r%s%s", t, strings.Repeat(" ", max(0, l.width-len(t))))
		l.last, l.width = now, len(t)
	case !a.ErrTerminal.Is && now.Sub(l.last) >= l.every:
		a.note("%s", text())
		l.last, l.every = now, min(2*l.every, lineAtMost)
	}
}

// end takes the line off the terminal.
func (l *liveLine) end() {
	if l.width > 0 {
		fmt.Fprintf(l.app.Err, "\r%s\r", strings.Repeat(" ", l.width))
		l.width = 0
	}
}
