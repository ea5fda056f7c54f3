package output

import (
	"bytes"

	"github.com/mattn/go-runewidth"
	"github.com/olekukonko/tablewriter"
)

// terminal lays the rows out with tablewriter: no lines, no borders, the look
// of the plain writer, with the true width of every character.
func (t *table[T]) terminal() error {
	align := make([]int, len(t.columns))
	headers := make([]string, len(t.columns))
	for i, c := range t.columns {
		align[i] = tablewriter.ALIGN_LEFT
		if c.number != nil {
			align[i] = tablewriter.ALIGN_RIGHT
		}
		headers[i] = t.paint(c.header(), Bold)
	}
	// A locale does not say how wide a terminal draws "…": all do it in one column.
	runewidth.DefaultCondition.EastAsianWidth = false
	var page bytes.Buffer
	w := tablewriter.NewWriter(&page)
	w.SetBorder(false)
	w.SetNoWhiteSpace(true)
	w.SetTablePadding(gap)
	w.SetAutoWrapText(false)
	w.SetColumnAlignment(align)
	if t.headers {
		w.Append(headers) // as a header all columns would have one alignment
	}
	w.AppendBulk(t.strings())
	w.Render()
	for line := range bytes.Lines(page.Bytes()) {
		t.sink.buf = append(append(t.sink.buf, bytes.TrimRight(line, " \n")...), '\n')
	}
	return t.sink.err
}

// strings returns the cells held, row by row.
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
