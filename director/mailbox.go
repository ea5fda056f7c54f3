package director

import (
	"sync"

	"lvs/director/health"
)

// mailbox holds the newest report of each probe until the director takes them. Putting one
// in never waits, and there are never more than there are probes.
type mailbox struct {
	mu      sync.Mutex
	reports map[health.Key]health.Report
	came    chan struct{}
}

func newMailbox() *mailbox {
	return &mailbox{reports: map[health.Key]health.Report{}, came: make(chan struct{}, 1)}
}

func (m *mailbox) put(r health.Report) {
	m.mu.Lock()
	if older, waits := m.reports[r.Key]; waits {
		r.Changed = r.Changed || older.Changed
	}
	m.reports[r.Key] = r
	m.mu.Unlock()
	select {
	case m.came <- struct{}{}:
	default:
	}
}

// take returns what is in the box, and empties it.
func (m *mailbox) take() map[health.Key]health.Report {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.reports) == 0 {
		return nil
	}
	out := m.reports
	m.reports = map[health.Key]health.Report{}
	return out
}
