package tui

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	tea "charm.land/bubbletea/v2"

	"lvs/kernel"
	"lvs/output"
)

// savedMsg is the result of saving a file.
type savedMsg struct {
	path string
	err  error
}

func (m *Model) saved(msg savedMsg) {
	if msg.err != nil {
		m.say(red, "cannot save: %v", msg.err)
		return
	}
	m.say(green, "saved to %s", msg.path)
}

// saveText saves the text of the screen to a new file.
func (m *Model) saveText() tea.Cmd {
	var b strings.Builder
	for _, l := range m.lines() {
		b.WriteString(l.String())
		b.WriteByte('\n')
	}
	return m.save(".txt", func(w io.Writer) error {
		_, err := io.WriteString(w, b.String())
		return err
	})
}

// shower is a screen that shows only a part of the table.
type shower interface {
	// shown returns the part of a snapshot that is shown.
	shown(s *kernel.Snapshot) *kernel.Snapshot
}

// saveJSON saves what the screen shows as the JSON of the command line: services
// with their servers, or connections.
func (m *Model) saveJSON() tea.Cmd {
	if m.sample == nil {
		m.say(yellow, "no data to save yet")
		return nil
	}
	o := output.Options{Format: "json", Netns: m.o.Netns, Now: m.o.Now, Terminal: true,
		Outages: m.sample.outages, Directed: m.director.states()}
	if of, ok := connectionsShown(m.top()); ok {
		return m.save(".json", func(w io.Writer) error { return m.writeConnections(w, o, of) })
	}
	snap := m.sample.Snapshot
	if s, ok := m.top().(shower); ok {
		snap = s.shown(snap)
	}
	return m.save(".json", func(w io.Writer) error {
		p, err := output.New(w, o)
		if err != nil {
			return err
		}
		return p.Services(snap, output.Plain)
	})
}

// connectionsShown returns the filter for the connections of a screen. False: it is
// not a screen of connections.
func connectionsShown(s screen) (func(*kernel.Connection) bool, bool) {
	switch s := s.(type) {
	case *connections:
		return s.of.holds, true
	case *entries:
		return func(c *kernel.Connection) bool { return s.of.holds(c) && s.by.key(c) == s.group }, true
	}
	return nil, false
}

// writeConnections reads the connection table and writes each connection at once.
func (m *Model) writeConnections(w io.Writer, o output.Options, of func(*kernel.Connection) bool) error {
	p, err := output.New(w, o)
	if err != nil {
		return err
	}
	k, err := m.o.Open()
	if err != nil {
		return err
	}
	defer k.Close()
	stream := p.Connections()
	for c, err := range k.Connections(m.ctx, kernel.WithEngine) {
		if err != nil {
			return err
		}
		if of(c) {
			if err := stream.Add(c); err != nil {
				return err
			}
		}
	}
	return stream.Close()
}

// save creates a file with the time in its name. It never overwrites a file.
func (m *Model) save(suffix string, write func(io.Writer) error) tea.Cmd {
	path := filepath.Join(m.o.SaveDir, m.o.Name+"-top-"+m.now().Format("20060102-150405")+suffix)
	return func() tea.Msg {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return savedMsg{path, err}
		}
		buffered := bufio.NewWriter(f)
		err = write(buffered)
		err = errors.Join(err, buffered.Flush(), f.Close())
		if err != nil {
			os.Remove(path)
		}
		return savedMsg{path, err}
	}
}

func (s *servers) shown(all *kernel.Snapshot) *kernel.Snapshot {
	if s.machine.IsValid() {
		return onMachine(all, s)
	}
	out := *all
	out.Services = nil
	if e := all.Find(s.service); e != nil {
		out.Services = []kernel.ServiceEntry{*e}
	}
	return &out
}

// onMachine returns the services of a real server, without their other servers.
func onMachine(all *kernel.Snapshot, s *servers) *kernel.Snapshot {
	out := *all
	out.Services = nil
	for _, e := range all.Services {
		var here []kernel.ServerEntry
		for _, v := range e.Servers {
			if v.Addr.Addr() == s.machine {
				here = append(here, v)
			}
		}
		if e.Servers = here; len(here) > 0 {
			out.Services = append(out.Services, e)
		}
	}
	return &out
}
