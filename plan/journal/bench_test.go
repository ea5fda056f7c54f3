package journal

import (
	"testing"

	"lvs/kernel"
	"lvs/plan"
)

// What a change pays for its journal: an entry and its end, by a process that
// has not opened it yet.
func BenchmarkJournal(b *testing.B) {
	dir := b.TempDir()
	s := kernel.Service{ServiceID: id("tcp://192.0.2.10:80"), Scheduler: "wlc"}
	e := Entry{User: "root", Command: "lvs service add tcp://192.0.2.10:80", Table: "boot/1",
		Objects: []plan.Object{{Service: s.ServiceID, AfterService: &s}}}
	for b.Loop() {
		j := &Journal{Dir: dir}
		n, err := j.Begin(b.Context(), e)
		if err != nil {
			b.Fatal(err)
		}
		if err := j.End(b.Context(), n, End{Outcome: Done}); err != nil {
			b.Fatal(err)
		}
		j.Close()
	}
}

// The same for a table of 10,000 services with 20 servers each.
func BenchmarkLargeEntry(b *testing.B) {
	changes := plan.Between(&kernel.Snapshot{}, wide(10_000, 20), plan.Options{})
	e := Entry{Objects: plan.Touched(&kernel.Snapshot{}, changes)}
	dir := b.TempDir()
	for b.Loop() {
		j := &Journal{Dir: dir}
		if _, err := j.Begin(b.Context(), e); err != nil {
			b.Fatal(err)
		}
		info, _ := j.file.Stat()
		b.ReportMetric(float64(info.Size()), "bytes")
		j.Close()
	}
}
