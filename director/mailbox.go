package director

import (
	"sync"
	"time"

	"lvs/director/health"
	"lvs/kernel"
)

// mailbox holds the newest report of each probe until the director takes them. Putting one
// in never waits, and there are never more than there are probes.
type mailbox struct {
	mu      sync.Mutex
	reports map[health.Key]health.Report
	// role is the newest role, nil if it was taken; suspects likewise.
	role     *roleNews
	suspects map[kernel.ServerKey]time.Time
	came     chan struct{}
}

// roleNews is a role, or why it is not known.
type roleNews struct {
	role Role
	err  error
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
	m.knock()
}

// knock wakes the director up.
func (m *mailbox) knock() {
	select {
	case m.came <- struct{}{}:
	default:
	}
}

func (m *mailbox) putRole(role Role, err error) {
	m.mu.Lock()
	m.role = &roleNews{role, err}
	m.mu.Unlock()
	m.knock()
}

// putSuspects has all servers whose new connections stay half open, and since when.
func (m *mailbox) putSuspects(all map[kernel.ServerKey]time.Time) {
	m.mu.Lock()
	if m.suspects = all; all == nil {
		m.suspects = map[kernel.ServerKey]time.Time{}
	}
	m.mu.Unlock()
	m.knock()
}

// others returns what is in the box besides reports, nil if there is nothing new.
func (m *mailbox) others() (role *roleNews, suspects map[kernel.ServerKey]time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	role, suspects = m.role, m.suspects
	m.role, m.suspects = nil, nil
	return role, suspects
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
