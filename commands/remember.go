package commands

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"lvs/kernel"
)

// remembered is what a server's weight was before it was set for a while: by
// drain, or by weight --for.
type remembered struct {
	// Table is the Identity of the table.
	Table   string `json:"table"`
	Service string `json:"service"`
	Server  string `json:"server"`
	// Weight is what it was, Set what it was set to. Where the weight is another
	// by now, somebody meant that.
	Weight int       `json:"weight"`
	Set    int       `json:"set"`
	Since  time.Time `json:"since"`
	// Job restores it by itself. Empty is none.
	Job string `json:"job,omitempty"`
}

// memory holds what is remembered of all tables, while nobody else can change
// it.
type memory struct {
	Entries []remembered `json:"weights"`

	table string
}

// remember reads what is remembered, lets f use it and keeps what f made of it.
// A file that cannot be read is set aside with a warning.
func (a *App) remember(f func(*memory) error) error {
	table, err := a.Identity(a.global.netns)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(a.stateDir(), 0o700); err != nil {
		return err
	}
	lock, err := os.OpenFile(filepath.Join(a.stateDir(), "drained.lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer lock.Close() // and with it the lock
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	m, err := a.readMemory(table)
	var bad *memoryError
	if errors.As(err, &bad) {
		name := a.memoryFile()
		a.note("%v: it is set aside as %s.bad, and the weights in it are forgotten", err, filepath.Base(name))
		err = os.Rename(name, name+".bad")
	}
	if err != nil {
		return err
	}
	before := slices.Clone(m.Entries)
	m.forgetBoots()
	if err := f(m); err != nil || slices.Equal(before, m.Entries) {
		return err
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(a.memoryFile(), append(text, '\n'))
}

// recall reads what is remembered of the servers now.
func (a *App) recall(found []member) (map[seat]remembered, error) {
	table, err := a.Identity(a.global.netns)
	if err != nil {
		return nil, err
	}
	m, err := a.readMemory(table)
	out := map[seat]remembered{}
	for i := range found {
		if r := m.find(found[i].service.ServiceID, found[i].Addr); r != nil {
			out[seat{found[i].service.ServiceID, found[i].Addr}] = *r
		}
	}
	return out, err
}

// memoryError is a file that is no memory.
type memoryError struct {
	name string
	err  error
}

func (e *memoryError) Error() string { return fmt.Sprintf("%s cannot be read (%v)", e.name, e.err) }

// readMemory reads the file as it is: it is only ever replaced whole. None is an
// empty memory.
func (a *App) readMemory(table string) (*memory, error) {
	m := &memory{table: table}
	text, err := os.ReadFile(a.memoryFile())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return m, nil
	case err != nil:
		return m, err
	}
	if err := json.Unmarshal(text, m); err != nil {
		return &memory{table: table}, &memoryError{a.memoryFile(), err}
	}
	return m, nil
}

func (a *App) memoryFile() string { return filepath.Join(a.stateDir(), "drained.json") }

// find gives what is remembered of a server, or nil.
func (m *memory) find(id kernel.ServiceID, server netip.AddrPort) *remembered {
	i := m.index(id, server)
	if i < 0 {
		return nil
	}
	return &m.Entries[i]
}

// put remembers, in place of what was.
func (m *memory) put(id kernel.ServiceID, server netip.AddrPort, r remembered) {
	r.Table, r.Service, r.Server = m.table, id.String(), server.String()
	if i := m.index(id, server); i >= 0 {
		m.Entries[i] = r
		return
	}
	m.Entries = append(m.Entries, r)
}

// drop forgets, and gives what it was.
func (m *memory) drop(id kernel.ServiceID, server netip.AddrPort) (r remembered, known bool) {
	i := m.index(id, server)
	if i < 0 {
		return r, false
	}
	r = m.Entries[i]
	m.Entries = slices.Delete(m.Entries, i, i+1)
	return r, true
}

func (m *memory) index(id kernel.ServiceID, server netip.AddrPort) int {
	service, addr := id.String(), server.String()
	return slices.IndexFunc(m.Entries, func(r remembered) bool {
		return r.Table == m.table && r.Service == service && r.Server == addr
	})
}

// forgetBoots forgets tables that went with an earlier boot.
func (m *memory) forgetBoots() {
	boot, _, _ := strings.Cut(m.table, "/")
	m.Entries = slices.DeleteFunc(m.Entries, func(r remembered) bool {
		b, _, _ := strings.Cut(r.Table, "/")
		return b != boot
	})
}
