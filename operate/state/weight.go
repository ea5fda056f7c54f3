package state

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lvs/kernel"
	"lvs/safefile"
)

// Weight is the weight of a server before it was set for some time: by drain, or by
// weight --for. With Set 0 it is a state: the server is out of service until the entry is
// dropped, also while it is deleted or has a weight that someone else set.
type Weight struct {
	// Table is the identity of the table (kernel.Identity).
	Table   string `json:"table"`
	Service string `json:"service"`
	Server  string `json:"server"`
	// Weight is the old weight, Set the new one. If the server now has neither, its weight
	// was changed by someone else since, and stays.
	Weight int       `json:"weight"`
	Set    int       `json:"set"`
	Since  time.Time `json:"since"`
	// Job is the job that restores the weight automatically at the time Until. Without one
	// they are empty and zero.
	Job   string    `json:"job,omitempty"`
	Until time.Time `json:"until,omitzero"`
	// User did it, SudoUser is who became that user by sudo, and Reason is what they wrote
	// about it. Each may be empty.
	User     string `json:"user,omitempty"`
	SudoUser string `json:"sudoUser,omitempty"`
	Reason   string `json:"reason,omitempty"`
	// Maintenance is set if a server is out of service for maintenance: a director then does
	// not report what its checks find.
	Maintenance bool `json:"maintenance,omitempty"`
	// Before is the decision that is in force again when this one ends: a weight that was set
	// without an end. Nil is none. It has none itself.
	Before *Weight `json:"before,omitempty"`
	// Declared are earlier values of Weight, oldest first: each was replaced, without a
	// change of the server, by the journal entry beside it.
	Declared []Declared `json:"declared,omitempty"`
}

// Declared is a weight that a journal entry replaced.
type Declared struct {
	Weight int    `json:"weight"`
	Entry  uint64 `json:"entry"`
}

// mostDeclared is how many earlier weights are kept.
const mostDeclared = 20

// Declare replaces the weight to restore. entry is the journal entry that does so, 0 for
// none.
func (w *Weight) Declare(weight int, entry uint64) {
	if n := len(w.Declared); entry != 0 && (n == 0 || w.Declared[n-1].Entry != entry) {
		w.Declared = append(slices.Clone(w.Declared), Declared{w.Weight, entry})
		w.Declared = w.Declared[max(0, len(w.Declared)-mostDeclared):]
	}
	w.Weight = weight
}

// DeclaredBy reports whether a journal entry declared a weight, and Rewind has something to
// undo.
func (w *Weight) DeclaredBy(entry uint64) bool { return w.declaredAt(entry) >= 0 }

func (w *Weight) declaredAt(entry uint64) int {
	return slices.IndexFunc(w.Declared, func(d Declared) bool { return d.Entry == entry })
}

// Rewind undoes what Declare did for a journal entry, and reports whether there was
// something. A weight that a later entry declared stays. by is the entry that does so, 0 for
// none: to rewind that one declares the weight again.
func (w *Weight) Rewind(entry, by uint64) bool {
	at := w.declaredAt(entry)
	if at < 0 {
		return false
	}
	before := w.Declared[at].Weight
	w.Declared = slices.Delete(slices.Clone(w.Declared), at, at+1)
	if at < len(w.Declared) {
		w.Declared[at].Weight = before
	} else {
		w.Declare(before, by)
	}
	return true
}

// Out reports whether the server is out of service.
func (w *Weight) Out() bool { return w.Set == 0 }

// Key returns what identifies the server. ok is false if the file has something else.
func (w *Weight) Key() (key kernel.ServerKey, ok bool) {
	id, err := kernel.ParseServiceID(w.Service)
	if err != nil {
		return key, false
	}
	server, err := kernel.ParseAddrPort(w.Server)
	return kernel.ServerKey{Service: id, Server: server}, err == nil
}

// Weights are all remembered weights, locked against other processes.
type Weights struct {
	table   string
	entries map[place]Weight
	changed bool
}

// place identifies a server of a service of a table, as the file writes it.
type place struct{ table, service, server string }

// weightsFile is the content of the file.
type weightsFile struct {
	Weights []Weight `json:"weights"`
}

// UnreadableError means that the file of weights is damaged. SetAside is the new name of
// the damaged file, empty if it was not renamed.
type UnreadableError struct {
	Path, SetAside string
	Err            error
}

func (e *UnreadableError) Error() string { return fmt.Sprintf("cannot read %s (%v)", e.Path, e.Err) }

// Unwrap returns the reason.
func (e *UnreadableError) Unwrap() error { return e.Err }

// HasWeights reports whether the file exists, so that there may be remembered weights.
func (f Folder) HasWeights() bool {
	has, err := within(f, func() (bool, error) {
		_, err := os.Lstat(f.WeightsFile())
		return err == nil, nil
	})
	return has && err == nil && f.Dir != ""
}

// StatWeights describes the file, to find out whether it was replaced. Nil: it does not
// exist.
func (f Folder) StatWeights() fs.FileInfo {
	info, err := within(f, func() (fs.FileInfo, error) { return os.Lstat(f.WeightsFile()) })
	if err != nil || f.Dir == "" {
		return nil
	}
	return info
}

// WeightsFile returns the path of the file with the remembered weights.
func (f Folder) WeightsFile() string { return filepath.Join(f.Dir, weightsName) }

const (
	weightsName = "drained.json"
	// mostWeights is the longest file of weights, in bytes: some 250,000 servers.
	mostWeights = 64 << 20
)

// ChangeWeights reads the remembered weights, calls change with them, and writes them if
// change has changed them and returned no error. A damaged file is renamed, aside is not
// nil, and its weights are forgotten. It waits for other processes until the context
// ends (LockedError).
func (f Folder) ChangeWeights(ctx context.Context, table string, change func(*Weights) error) (
	aside *UnreadableError, err error) {
	// Only reading and writing may hang, and they share nothing with the caller.
	f.Context = ctx
	type open struct {
		d      *safefile.Dir
		unlock func()
		w      *Weights
	}
	o, err := within(f, func() (o open, err error) {
		if o.d, o.unlock, err = f.lock(ctx); err != nil {
			return o, err
		}
		o.w, err = readFrom(o.d, table)
		return o, err
	})
	if o.unlock == nil {
		return nil, err
	}
	defer o.unlock()
	if errors.As(err, &aside) {
		if err := o.d.Rename(weightsName, weightsName+".bad"); err != nil {
			return nil, err
		}
		aside.SetAside = aside.Path + ".bad"
	} else if err != nil {
		return nil, err
	}
	o.w.forgetBoots()
	if err := change(o.w); err != nil || !o.w.changed {
		return aside, err
	}
	text, err := json.MarshalIndent(weightsFile{o.w.sorted()}, "", "  ")
	if err != nil {
		return aside, err
	}
	_, err = within(f, func() (any, error) { return nil, o.d.WriteFile(weightsName, append(text, '\n')) })
	return aside, err
}

// Weights returns the remembered weights of some servers of a table. A damaged file is
// an UnreadableError and stays as it is.
func (f Folder) Weights(table string, of []kernel.ServerKey) (map[kernel.ServerKey]Weight, error) {
	w, err := f.read(table)
	out := map[kernel.ServerKey]Weight{}
	for _, key := range of {
		if known, ok := w.Find(key); ok {
			out[key] = known
		}
	}
	return out, err
}

// AllWeights returns the remembered weights of all servers of a table, also of those that
// are deleted. A damaged file is an UnreadableError and stays as it is.
func (f Folder) AllWeights(table string) (map[kernel.ServerKey]Weight, error) {
	w, err := f.read(table)
	return w.All(), err
}

// read reads the file, without a lock: it is only ever replaced completely. Without a
// file there are no weights.
func (f Folder) read(table string) (*Weights, error) {
	w, err := within(f, func() (*Weights, error) {
		d, err := f.open(false)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrNoFolder) {
			return nil, nil
		} else if err != nil {
			return nil, err
		}
		defer d.Close()
		return readFrom(d, table)
	})
	if w == nil {
		w = &Weights{table: table, entries: map[place]Weight{}}
	}
	return w, err
}

func readFrom(d *safefile.Dir, table string) (*Weights, error) {
	w := &Weights{table: table, entries: map[place]Weight{}}
	text, err := d.ReadFile(weightsName, mostWeights)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return w, nil
	case err != nil:
		return w, err
	}
	var file weightsFile
	if err := json.Unmarshal(text, &file); err != nil {
		return w, &UnreadableError{Path: filepath.Join(d.Path(), weightsName), Err: err}
	}
	for _, r := range file.Weights {
		w.entries[place{r.Table, r.Service, r.Server}] = r
	}
	return w, nil
}

func (w *Weights) place(key kernel.ServerKey) place {
	return place{w.table, key.Service.String(), key.Server.String()}
}

// Find returns the remembered weight of a server.
func (w *Weights) Find(key kernel.ServerKey) (known Weight, ok bool) {
	known, ok = w.entries[w.place(key)]
	return known, ok
}

// All returns the remembered weights of the table.
func (w *Weights) All() map[kernel.ServerKey]Weight {
	out := map[kernel.ServerKey]Weight{}
	for _, r := range w.entries {
		if key, ok := r.Key(); ok && r.Table == w.table {
			out[key] = r
		}
	}
	return out
}

// Put remembers the weight of a server, and replaces what was remembered.
func (w *Weights) Put(key kernel.ServerKey, r Weight) {
	p := w.place(key)
	r.Table, r.Service, r.Server = p.table, p.service, p.server
	w.entries[p] = r
	w.changed = true
}

// Drop forgets the weight of a server and returns it.
func (w *Weights) Drop(key kernel.ServerKey) (was Weight, ok bool) {
	was, ok = w.Find(key)
	delete(w.entries, w.place(key))
	w.changed = w.changed || ok
	return was, ok
}

// Unused returns those of the jobs that no remembered weight has.
func (w *Weights) Unused(jobs map[string]bool) []string {
	for _, r := range w.entries {
		delete(jobs, r.Job)
	}
	return slices.Sorted(maps.Keys(jobs))
}

// forgetBoots forgets the tables of earlier boots.
func (w *Weights) forgetBoots() {
	for p := range w.entries {
		if !SameBoot(p.table, w.table) {
			delete(w.entries, p)
			w.changed = true
		}
	}
}

// SameBoot reports whether two tables, by their identities, are of the same boot.
func SameBoot(a, b string) bool {
	bootA, _, _ := strings.Cut(a, "/")
	bootB, _, _ := strings.Cut(b, "/")
	return bootA == bootB
}

// sorted returns the entries in a fixed order.
func (w *Weights) sorted() []Weight {
	return slices.SortedFunc(maps.Values(w.entries), func(a, b Weight) int {
		return cmp.Or(cmp.Compare(a.Table, b.Table), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Server, b.Server))
	})
}
