package tui

import (
	"context"
	"io"
	"os"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"
	"golang.org/x/term"
)

// A larger terminal shows the dashboard in its upper left corner: the renderer keeps some
// 150 bytes for each cell, several times, and a terminal can claim any size up to 65535 in
// each direction. Real ones stay below, also on a large screen with a small font.
const (
	maxColumns = 640
	maxRows    = 240
)

// bounded returns the part of a terminal that is used.
func bounded(columns, rows int) (int, int) { return min(columns, maxColumns), min(rows, maxRows) }

// screenOut is the terminal as the renderer sees it. It hides the file: the renderer would
// ask that for its size, and allocate as many cells.
type screenOut struct{ io.Writer }

// terminalSize returns the size to draw on a terminal. A terminal that does not know its
// size has that of COLUMNS and LINES, or 80 × 24. ok is false if out is no terminal.
func terminalSize(out io.Writer, environ []string) (columns, rows int, ok bool) {
	f, isFile := out.(*os.File)
	if !isFile {
		return 0, 0, false
	}
	columns, rows, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0, 0, false
	}
	if columns <= 0 {
		columns = number(environ, "COLUMNS", 80)
	}
	if rows <= 0 {
		rows = number(environ, "LINES", 24)
	}
	columns, rows = bounded(columns, rows)
	return columns, rows, true
}

// number returns a positive number in the environment, or another one.
func number(environ []string, name string, otherwise int) int {
	for _, v := range environ {
		if text, is := strings.CutPrefix(v, name+"="); is {
			if n, err := strconv.Atoi(text); err == nil && n > 0 {
				return n
			}
		}
	}
	return otherwise
}

// onTerminal returns the options of a program that draws on a terminal, and a function
// that follows changes of its size until the context ends.
func onTerminal(o *Options) ([]tea.ProgramOption, func(context.Context, *tea.Program)) {
	columns, rows, ok := terminalSize(o.Out, o.Environ)
	if !ok {
		return []tea.ProgramOption{tea.WithOutput(o.Out)}, func(context.Context, *tea.Program) {}
	}
	return []tea.ProgramOption{tea.WithOutput(screenOut{o.Out}), tea.WithWindowSize(columns, rows)},
		func(ctx context.Context, p *tea.Program) {
			for range sizeChanges(ctx) {
				if columns, rows, ok := terminalSize(o.Out, o.Environ); ok {
					p.Send(tea.WindowSizeMsg{Width: columns, Height: rows})
				}
			}
		}
}
