package director

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"strings"
	"time"

	"lvs/director/health"
	"lvs/kernel"
	"lvs/operate/state"
	"lvs/safefile"
)

// The state folder has two things of a director: the decisions of people (admins), and
// this file for each table, with what it owns and what it found.
const (
	statePrefix = "director-"
	stateSuffix = ".json"
	// mostState is the longest file, in bytes: some 100,000 servers.
	mostState = 64 << 20
	// saveEvery is the shortest time between two writings.
	saveEvery = time.Second
	// stateFormat is the version of the file. A later one is not read.
	stateFormat = 1
)

// savedState is the file.
type savedState struct {
	Format   int                         `json:"format"`
	Table    string                      `json:"table"`
	Owned    []string                    `json:"owned"`
	Services map[string]savedService     `json:"services"`
	Probes   map[health.Key]savedVerdict `json:"probes"`
}

type savedService struct {
	State   ServiceState           `json:"state"`
	Since   time.Time              `json:"since,omitzero"`
	Tier    int                    `json:"tier,omitempty"`
	Servers map[string]savedServer `json:"servers,omitempty"` // those out of use, or in slow start
}

type savedServer struct {
	Why    Why       `json:"why,omitempty"`
	Masked time.Time `json:"masked,omitzero"`
	Ramp   time.Time `json:"ramp,omitzero"`
}

type savedVerdict struct {
	Verdict health.Verdict `json:"verdict"`
	Since   time.Time      `json:"since"`
	// What an agent said: its words stay in force until it says others.
	Percent *int   `json:"percent,omitempty"`
	Weight  *int   `json:"weight,omitempty"`
	Admin   string `json:"admin,omitempty"`
}

// remembered is what was known of a probe.
type remembered struct {
	health.State
	agent Agent
}

// stateFile is what is known of the file.
type stateFile struct {
	// services and probes are what was remembered, until the first model is adopted.
	services map[kernel.ServiceID]savedService
	probes   map[health.Key]remembered
	// changed is set if there is something to be written, at saveAt at the earliest.
	changed bool
	saveAt  time.Time
	// writing returns the outcome of the writing that is under way. Nil: none is.
	writing chan error
}

// stateName returns the name of a table's file.
func stateName(table, suffix string) string {
	boot, _, _ := strings.Cut(table, "/")
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(table))
	boot = strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r == '-' {
			return r
		}
		return '_'
	}, boot)
	return fmt.Sprintf("%s%.40s-%016x%s", statePrefix, boot, sum.Sum64(), suffix)
}

// recall reads the file. One that is damaged is set aside.
func (c *core) recall(ctx context.Context) {
	if c.o.State.Dir == "" || c.o.Table == "" {
		c.alarm(AlarmState, "there is no state folder, or the table has no identity: nothing is remembered", "")
		return
	}
	type answer struct {
		saved *savedState
		aside string
		err   error
	}
	a, err := inTime(ctx, func() answer {
		saved, aside, err := readState(c.o.State, c.o.Table)
		return answer{saved, aside, err}
	})
	switch err = errors.Join(err, a.err); {
	case a.aside != "":
		c.alarm(AlarmDamaged, fmt.Sprintf("%v: it is %s now, and what was in it is forgotten", err, a.aside), "")
	case err != nil:
		c.alarm(AlarmState, err.Error(), "")
	case a.saved != nil:
		c.restore(a.saved)
	}
}

// errSlow means that the disk does not answer.
var errSlow = errors.New("the disk does not answer")

// inTime calls do, and leaves it behind if it hangs.
func inTime[T any](ctx context.Context, do func() T) (out T, err error) {
	ctx, cancel := context.WithTimeout(ctx, diskTime)
	defer cancel()
	got := make(chan T, 1)
	go func() { got <- do() }()
	select {
	case out = <-got:
		return out, nil
	case <-ctx.Done():
		return out, errSlow
	}
}

// readState reads the file of a table, and removes those of earlier boots. Without a file
// it returns nil. aside is the new name of one that is damaged, too large, or no file.
func readState(f state.Folder, table string) (saved *savedState, aside string, err error) {
	d, err := safefile.Open(f.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", nil
	} else if err != nil {
		return nil, "", err
	}
	defer d.Close()
	name := stateName(table, stateSuffix)
	forgetBoots(d, table)
	text, err := d.ReadFile(name, mostState)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", nil
	} else if errors.Is(err, fs.ErrPermission) {
		return nil, "", err
	}
	saved = &savedState{}
	if err == nil {
		err = json.Unmarshal(text, saved)
	}
	if err == nil && (saved.Format != stateFormat || saved.Table != table) {
		err = errors.New("it is not of this version or table")
	}
	if err == nil {
		return saved, "", nil
	}
	if bad := d.Rename(name, name+".bad"); bad != nil {
		return nil, "", errors.Join(err, bad)
	}
	return nil, name + ".bad", fmt.Errorf("cannot read %s: %w", name, err)
}

// forgetBoots removes the files of earlier boots, whose tables are gone.
func forgetBoots(d *safefile.Dir, table string) {
	names, err := d.Names()
	if err != nil {
		return
	}
	own := stateName(table, "")
	own = own[:strings.LastIndexByte(own, '-')+1]
	for _, name := range names {
		ours := strings.HasSuffix(name, stateSuffix) || strings.HasSuffix(name, ".lock") // sockets may be here, too
		if ours && strings.HasPrefix(name, statePrefix) && !strings.HasPrefix(name, own) {
			_ = d.Remove(name) // what stays is tried again
		}
	}
}

// restore takes over what was remembered.
func (c *core) restore(saved *savedState) {
	now := c.o.Now()
	for _, text := range saved.Owned {
		if id, err := kernel.ParseServiceID(text); err == nil {
			c.owned[id] = true
		}
	}
	c.file.services = map[kernel.ServiceID]savedService{}
	for text, s := range saved.Services {
		if id, err := kernel.ParseServiceID(text); err == nil {
			c.file.services[id] = s
		}
	}
	c.file.probes = map[health.Key]remembered{}
	for key, v := range saved.Probes {
		r := remembered{agent: Agent{v.Percent, v.Weight, v.Admin}}
		if v.Verdict == health.Up || v.Verdict == health.Down {
			r.State = health.State{Verdict: v.Verdict, Since: rebased(v.Since, now)}
		}
		c.file.probes[key] = r
	}
}

// saved returns what is to be remembered.
func (c *core) saved() *savedState {
	out := &savedState{Format: stateFormat, Table: c.o.Table, Owned: make([]string, 0, len(c.owned)),
		Services: make(map[string]savedService, len(c.services)), Probes: make(map[health.Key]savedVerdict, len(c.probes))}
	for id := range c.owned {
		out.Owned = append(out.Owned, id.String())
	}
	for _, s := range c.services {
		v := savedService{State: s.aim.State, Since: s.aim.Since, Tier: s.aim.Tier}
		for i := range s.servers {
			a := &s.aim.Servers[i]
			if a.Masked.IsZero() && a.Ramp.IsZero() {
				continue
			}
			if v.Servers == nil {
				v.Servers = map[string]savedServer{}
			}
			v.Servers[s.servers[i].Addr.String()] = savedServer{a.Why, a.Masked, a.Ramp}
		}
		out.Services[s.ServiceID.String()] = v
	}
	for key, p := range c.probes {
		if p.Verdict != health.Unknown || p.agent != (Agent{}) {
			out.Probes[key] = savedVerdict{p.Verdict, p.State.Since, p.agent.Percent, p.agent.Weight, p.agent.Admin}
		}
	}
	return out
}

// claim remembers that services are owned, before they are in the table: one that is
// removed from the files while no director runs is then found.
func (c *core) claim(ids []kernel.ServiceID) {
	for _, id := range ids {
		c.owned[id] = true
	}
	c.saveNow()
}

// save writes the file if something changed, at most once a second, in a goroutine of its
// own.
func (c *core) save(now time.Time) {
	f := &c.file
	if f.writing != nil {
		select {
		case err := <-f.writing:
			f.writing = nil
			c.savedWith(err)
		default:
			return
		}
	}
	if !f.changed || now.Before(f.saveAt) || c.o.State.Dir == "" || c.o.Table == "" {
		return
	}
	f.changed, f.saveAt = false, now.Add(saveEvery)
	done, saved, folder, table := make(chan error, 1), c.saved(), c.o.State.Dir, c.o.Table
	f.writing = done
	go func() { done <- writeState(folder, table, saved) }()
}

func (c *core) savedWith(err error) {
	if err != nil {
		c.file.changed = true
		c.alarm(AlarmState, err.Error(), "")
		return
	}
	c.calm(AlarmState)
}

// saveNow writes the file and waits for it. What goes wrong is an alarm: the director
// serves without the file.
func (c *core) saveNow() {
	if c.o.State.Dir == "" || c.o.Table == "" {
		return
	}
	if c.file.writing != nil {
		_, _ = inTime(context.Background(), func() error { return <-c.file.writing })
		c.file.writing = nil
	}
	saved := c.saved()
	c.file.changed = false
	bad, err := inTime(context.Background(), func() error { return writeState(c.o.State.Dir, c.o.Table, saved) })
	c.savedWith(errors.Join(err, bad))
}

func writeState(folder, table string, saved *savedState) error {
	text, err := json.Marshal(saved)
	if err != nil {
		return err
	}
	d, err := safefile.Create(folder)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.WriteFile(stateName(table, stateSuffix), append(text, '\n'))
}
