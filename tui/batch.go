package tui

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"lvs/kernel"
	"lvs/traffic"
)

// Batches configures Batch, the dashboard without a terminal.
type Batches struct {
	// Count is the number of blocks. Zero: until the context ends.
	Count int
	// Sleep waits. If the context ends, it returns the error of the context early.
	Sleep func(context.Context, time.Duration) error
}

// Batch writes a block of plain text to o.Out at the end of every interval: the
// services with their servers, and their rates. The first block follows a whole
// interval, and at least the time in which the kernel updates its counters, so all
// rates are measured.
//
// If the table cannot be read at first, Batch returns the error. Later it writes the
// error instead of a block and retries.
func Batch(ctx context.Context, o Options, b Batches) error {
	m := newModel(ctx, o)
	defer m.reader.close()
	if err := m.readNow(ctx); err != nil {
		return err
	}
	since, next := m.sample.Time, m.now()
	for n := 0; b.Count == 0 || n < b.Count; {
		next = next.Add(m.o.Interval)
		if late := m.now(); next.Before(late) {
			next = late
		}
		if err := b.Sleep(ctx, next.Sub(m.now())); err != nil {
			return err
		}
		err := m.readNow(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			since = time.Time{}
		case since.IsZero():
			since = m.sample.Time
			continue
		case m.sample.Time.Sub(since) < traffic.KernelTick:
			continue
		}
		if err := m.writeBlock(o.Out); err != nil {
			return err
		}
		n++
	}
	return nil
}

// readNow takes a sample and waits for its end.
func (m *Model) readNow(ctx context.Context) error {
	if m.o.Director != nil {
		m.answered(directorMsg{m.answer()})
	}
	s, err := m.reader.take(ctx)
	m.sampled(sampleMsg{s, err})
	return err
}

func (m *Model) writeBlock(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s top - %s", m.o.Name, m.now().Format(time.DateTime))
	if m.o.Host != "" {
		fmt.Fprintf(&b, ", %s", clean(m.o.Host))
	}
	fmt.Fprintf(&b, ", every %s\n", m.o.Interval)
	if m.err != nil {
		fmt.Fprintf(&b, "%s\n\n", m.trouble())
	} else {
		b.WriteString(m.batchTotals() + "\n")
		b.WriteString(strings.Join(strings.Fields(m.connTable().String()), " ") + "\n")
		if l := m.trouble(); l != nil && !m.sample.Public { // for that there is a note
			b.WriteString(l.String() + "\n")
		}
		if l := m.directorTrouble(); l != nil {
			b.WriteString(l.String() + "\n")
		}
		m.batchTable(&b)
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (m *Model) batchTotals() string {
	all := m.activityOf(m.hist.objects[kernel.ServerKey{}])
	servers := 0
	for i := range m.sample.Services {
		servers += len(m.sample.Services[i].Servers)
		for j := range m.sample.Services[i].Servers {
			all.add(&m.sample.Services[i].Servers[j])
		}
	}
	r := &all.rates
	rate := func(n float64) string { return m.rate(n, &all) }
	return fmt.Sprintf("%s, %s, %s active, %s inactive, %s clients\n"+
		"per second: %s connections, %s packets and %s bytes in, %s packets and %s bytes out",
		plural(len(m.sample.Services), "service"), plural(servers, "server"),
		countText(all.active), countText(all.inactive), m.count(all.persistent, all.public),
		rate(r.Connections), rate(r.PacketsIn), rate(r.BytesIn), rate(r.PacketsOut), rate(r.BytesOut))
}

// batchColumn is a column of a block.
type batchColumn struct{ title, service, server string }

// batchColumns are the columns of a block: for the row of a service the column of
// the table of services, for the row of a server that of the table of servers.
// Empty: the cell is empty.
var batchColumns = []batchColumn{
	{"SERVICE", "service", "server"}, {"BY", "scheduler", "forward"}, {"UP", "up", ""}, {"WEIGHT", "", "weight"},
	{"ACTIVE", "active", "active"}, {"INACTIVE", "inactive", "inactive"}, {"CLIENTS", "clients", "clients"},
	{"CONNS/S", "connectionsPerSecond", "connectionsPerSecond"},
	{"IN-PKTS/S", "packetsInPerSecond", "packetsInPerSecond"},
	{"OUT-PKTS/S", "packetsOutPerSecond", "packetsOutPerSecond"},
	{"IN-BYTES/S", "bytesInPerSecond", "bytesInPerSecond"},
	{"OUT-BYTES/S", "bytesOutPerSecond", "bytesOutPerSecond"},
	{"GOT%", "", "got"}, {"DUE%", "", "due"},
}

// batchColumns returns the columns of a block; with a director also the health.
func (m *Model) batchColumns() []batchColumn {
	if !m.directs() {
		return batchColumns
	}
	at := slices.IndexFunc(batchColumns, func(c batchColumn) bool { return c.server == "weight" })
	return slices.Insert(slices.Clone(batchColumns), at+1, batchColumn{"HEALTH", "health", "health"})
}

func (m *Model) batchTable(b *strings.Builder) {
	var lines [][]string
	chosen := m.batchColumns()
	title := make([]string, len(chosen))
	for i, c := range chosen {
		title[i] = c.title
	}
	lines = append(lines, title)
	services, servers := serviceColumns(m), serverColumns(m, false)
	for _, e := range m.batchServices() {
		row := newServiceRow(m, m.hist.objects[kernel.ServerKey{Service: e.ServiceID}], e)
		lines = append(lines, batchLine(chosen, services, &row, false))
		for _, v := range byAddress(e.Servers) {
			row := newServerRow(m, e, v)
			lines = append(lines, batchLine(chosen, servers, &row, true))
		}
	}
	widths := make([]int, len(chosen))
	for _, l := range lines {
		for i, cell := range l {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, l := range lines {
		var text strings.Builder
		for i, cell := range l {
			text.WriteString(fit(&m.g, cell, widths[i], i < 2) + "  ")
		}
		b.WriteString(strings.TrimRight(text.String(), " ") + "\n")
	}
}

// batchServices returns all services, first those without a server that has a
// weight above 0.
func (m *Model) batchServices() []*kernel.ServiceEntry {
	var without, with []*kernel.ServiceEntry
	for i := range m.sample.Services {
		e := &m.sample.Services[i]
		if slices.ContainsFunc(e.Servers, func(v kernel.ServerEntry) bool { return v.Weight > 0 }) {
			with = append(with, e)
		} else {
			without = append(without, e)
		}
	}
	return append(without, with...)
}

// batchLine returns the cells of a row. The row of a server is indented.
func batchLine[R any](chosen []batchColumn, columns []column[R], r *R, server bool) []string {
	out := make([]string, len(chosen))
	for i, want := range chosen {
		key, indent := want.service, ""
		if server {
			key, indent = want.server, "  "
		}
		for j := range columns {
			if columns[j].key == key {
				out[i] = columns[j].cell(r)
			}
		}
		if i == 0 {
			out[i] = indent + out[i]
		}
	}
	return out
}

// byAddress returns the servers sorted by address.
func byAddress(servers []kernel.ServerEntry) []*kernel.ServerEntry {
	out := make([]*kernel.ServerEntry, len(servers))
	for i := range servers {
		out[i] = &servers[i]
	}
	slices.SortFunc(out, func(a, b *kernel.ServerEntry) int { return a.Addr.Compare(b.Addr) })
	return out
}
