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
)

// Batches say how the dashboard is written without a terminal.
type Batches struct {
	// Count is how many blocks are written. Zero goes on until the context ends.
	Count int
	// Sleep waits. It ends early with the context's error when that ends.
	Sleep func(context.Context, time.Duration) error
}

// Batch writes a block of plain text to o.Out at the end of every interval: the
// whole table, services with their servers, and what they did a second. The
// first block comes after a whole interval, and not before the kernel has added
// its counters up, so that its rates are measured like all others.
//
// A table that cannot be read at first is an error. Later it is said in place
// of a block, and asked for again.
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
		case m.sample.Time.Sub(since) < additionEvery:
			continue
		}
		if err := m.writeBlock(o.Out); err != nil {
			return err
		}
		n++
	}
	return nil
}

// readNow takes a sample and waits for it.
func (m *Model) readNow(ctx context.Context) error {
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
		m.batchTable(&b)
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (m *Model) batchTotals() string {
	all := traffic{public: m.sample.Public}
	servers := 0
	for i := range m.sample.Services {
		servers += len(m.sample.Services[i].Servers)
		for j := range m.sample.Services[i].Servers {
			all.add(&m.sample.Services[i].Servers[j])
		}
	}
	r := &m.hist.objects[kernel.ServerKey{}].rates
	rate := func(n float64) string { return m.rate(n, all.public) }
	return fmt.Sprintf("%d services, %d servers, %s active, %s inactive, %s persistent\n"+
		"a second: %s connections, %s packets and %s bytes in, %s packets and %s bytes out",
		len(m.sample.Services), servers, countText(all.active), countText(all.inactive), m.count(all.persistent, all.public),
		rate(r.connections), rate(r.packetsIn), rate(r.bytesIn), rate(r.packetsOut), rate(r.bytesOut))
}

// batchColumns are the columns of a block: one of the table of services above
// one of the table of servers. An empty one is empty there.
var batchColumns = []struct{ title, service, server string }{
	{"SERVICE", "service", "server"}, {"BY", "scheduler", "forward"}, {"UP", "up", ""}, {"WEIGHT", "", "weight"},
	{"ACTIVE", "active", "active"}, {"INACT", "inactive", "inactive"}, {"PERS", "clients", "clients"},
	{"CONN/S", "cps", "cps"}, {"PKT/S", "inpps", "inpps"}, {"PKTO/S", "outpps", "outpps"},
	{"IN B/S", "inbps", "inbps"}, {"OUT B/S", "outbps", "outbps"}, {"GOT%", "", "got"}, {"DUE%", "", "due"},
}

func (m *Model) batchTable(b *strings.Builder) {
	var lines [][]string
	title := make([]string, len(batchColumns))
	for i, c := range batchColumns {
		title[i] = c.title
	}
	lines = append(lines, title)
	services, servers := serviceColumns(m), serverColumns(m, false)
	for _, e := range m.batchServices() {
		row := newServiceRow(m, m.hist.objects[kernel.ServerKey{Service: e.ServiceID}], e)
		lines = append(lines, batchLine(services, &row, false))
		for _, v := range byAddress(e.Servers) {
			row := newServerRow(m, e, v)
			lines = append(lines, batchLine(servers, &row, true))
		}
	}
	widths := make([]int, len(batchColumns))
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

// batchServices are all services, those without capacity first.
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

// batchLine picks a row's cells. A server stands below its service.
func batchLine[R any](columns []column[R], r *R, server bool) []string {
	out := make([]string, len(batchColumns))
	for i, want := range batchColumns {
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

func byAddress(servers []kernel.ServerEntry) []*kernel.ServerEntry {
	out := make([]*kernel.ServerEntry, len(servers))
	for i := range servers {
		out[i] = &servers[i]
	}
	slices.SortFunc(out, func(a, b *kernel.ServerEntry) int { return a.Addr.Compare(b.Addr) })
	return out
}
