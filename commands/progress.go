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

// progress tells how far long work is: on a terminal on one line that is
// rewritten, elsewhere by a line now and then. Both functions may be called
// where nothing is to be told; at is nil then.
func (a *App) progress(what string, total int) (at func(done, total int), end func()) {
	if total < longWork || a.global.quiet {
		return nil, func() {}
	}
	last, width := a.Now(), 0
	at = func(done, total int) {
		now := a.Now()
		switch {
		case a.ErrTerminal.Is && now.Sub(last) >= redrawEvery:
			text := fmt.Sprintf("%s: %d of %d %s", a.Name, done, total, what)
			fmt.Fprintf(a.Err, "\r%s%s", text, strings.Repeat(" ", max(0, width-len(text))))
			last, width = now, len(text)
		case !a.ErrTerminal.Is && now.Sub(last) >= lineEvery:
			a.note("%d of %d %s", done, total, what)
			last = now
		}
	}
	end = func() {
		if width > 0 {
			fmt.Fprintf(a.Err, "\r%s\r", strings.Repeat(" ", width))
		}
	}
	return at, end
}
