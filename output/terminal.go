package output

import (
	"bytes"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// terminal lays the rows out with tablewriter: no lines, no borders, the look
// of the plain writer, with the true width of every character.
func (t *table[T]) terminal() error {
	n := len(t.columns)
	align := make([]tw.Align, n)
	headers := make([]string, n)
	for i, c := range t.columns {
		align[i] = tw.AlignLeft
		if c.number != nil {
			align[i] = tw.AlignRight
		}
		headers[i] = t.paint(c.header(), Bold)
	}
	// A blank at both sides of a cell is the gap between two of them, and one too
	// many before the first.
	const margin = " "
	cell := tw.CellConfig{
		Formatting: tw.CellFormatting{AutoWrap: tw.WrapNone, AutoFormat: tw.Off},
		Alignment:  tw.CellAlignment{Global: tw.AlignLeft, PerColumn: align},
		Padding:    tw.CellPadding{Global: tw.Padding{Left: margin, Right: margin}},
	}
	var page bytes.Buffer
	w := tablewriter.NewTable(&page,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders:  tw.BorderNone,
			Symbols:  tw.NewSymbols(tw.StyleNone),
			Settings: tw.Settings{Lines: tw.LinesNone, Separators: tw.SeparatorsNone},
		})),
		tablewriter.WithConfig(tablewriter.Config{
			Header: cell, Row: cell,
			Behavior: tw.Behavior{TrimSpace: tw.Off, TrimLine: tw.Off},
		}),
	)
	w.Options(tablewriter.WithEastAsian(false)) // else it asks the environment
	if t.headers {
		w.Header(headers)
	}
	for _, r := range t.strings() {
		if err := w.Append(r); err != nil {
			return err
		}
	}
	if err := w.Render(); err != nil {
		return err
	}
	for line := range bytes.Lines(page.Bytes()) {
		line = bytes.TrimPrefix(bytes.TrimRight(line, " \n"), []byte(margin))
		t.sink.buf = append(append(t.sink.buf, line...), '\n')
	}
	return t.sink.err
}

// strings gives the cells held, row by row.
func (t *table[T]) strings() [][]string {
	n := len(t.columns)
	rows := make([][]string, 0, len(t.ends)/max(n, 1))
	start := uint32(0)
	for i, end := range t.ends {
		if i%n == 0 {
			rows = append(rows, make([]string, 0, n))
		}
		style := NoStyle
		if t.color {
			style = t.styles[i]
		}
		last := len(rows) - 1
		rows[last] = append(rows[last], t.paint(string(t.cells[start:end]), style))
		start = end
	}
	return rows
}

func (t *table[T]) paint(s string, style Style) string {
	if !t.color || s == "" {
		return s
	}
	return style.Paint(s)
}
