package commands

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
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

// weights holds what is remembered of all tables, while nobody else can change
// it.
type weights struct {
	table   string
	entries map[place]remembered
	changed bool
}

// place is a server of a service of a table, as it is written.
type place struct{ table, service, server string }

// memoryFile is how a memory is written.
type memoryFile struct {
	Weights []remembered `json:"weights"`
}

// remember reads what is remembered, lets f use it and keeps what f made of it.
// A file that cannot be read is set aside with a warning.
func (a *App) remember(f func(*weights) error) error {
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
	m.forgetBoots()
	if err := f(m); err != nil || !m.changed {
		return err
	}
	text, err := json.MarshalIndent(memoryFile{m.sorted()}, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(a.memoryFile(), append(text, '\n'))
}

// recall reads what is remembered of the servers now.
func (a *App) recall(found []member) (map[kernel.ServerKey]remembered, error) {
	table, err := a.Identity(a.global.netns)
	if err != nil {
		return nil, err
	}
	m, err := a.readMemory(table)
	out := map[kernel.ServerKey]remembered{}
	for i := range found {
		at := kernel.ServerKey{Service: found[i].service.ServiceID, Server: found[i].Addr}
		if r, known := m.find(at); known {
			out[at] = r
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
func (a *App) readMemory(table string) (*weights, error) {
	m := &weights{table: table, entries: map[place]remembered{}}
	text, err := os.ReadFile(a.memoryFile())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return m, nil
	case err != nil:
		return m, err
	}
	var file memoryFile
	if err := json.Unmarshal(text, &file); err != nil {
		return m, &memoryError{a.memoryFile(), err}
	}
	for _, r := range file.Weights {
		m.entries[place{r.Table, r.Service, r.Server}] = r
	}
	return m, nil
}

func (a *App) memoryFile() string { return filepath.Join(a.stateDir(), "drained.json") }

func (m *weights) place(at kernel.ServerKey) place {
	return place{m.table, at.Service.String(), at.Server.String()}
}

// find gives what is remembered of a server.
func (m *weights) find(at kernel.ServerKey) (r remembered, known bool) {
	r, known = m.entries[m.place(at)]
	return r, known
}

// put remembers, in place of what was.
func (m *weights) put(at kernel.ServerKey, r remembered) {
	p := m.place(at)
	r.Table, r.Service, r.Server = p.table, p.service, p.server
	m.entries[p] = r
	m.changed = true
}

// drop forgets, and gives what it was.
func (m *weights) drop(at kernel.ServerKey) (r remembered, known bool) {
	r, known = m.find(at)
	delete(m.entries, m.place(at))
	m.changed = m.changed || known
	return r, known
}

// forgetBoots forgets tables that went with an earlier boot.
func (m *weights) forgetBoots() {
	boot, _, _ := strings.Cut(m.table, "/")
	for p := range m.entries {
		if b, _, _ := strings.Cut(p.table, "/"); b != boot {
			delete(m.entries, p)
			m.changed = true
		}
	}
}

// sorted gives the entries in an order that stays.
func (m *weights) sorted() []remembered {
	return slices.SortedFunc(maps.Values(m.entries), func(a, b remembered) int {
		return cmp.Or(cmp.Compare(a.Table, b.Table), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Server, b.Server))
	})
}
