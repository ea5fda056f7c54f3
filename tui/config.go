package tui

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// configFile is what is remembered from one day to the next.
const configFile = "top.json"

// config is the content of configFile.
type config struct {
	Tables map[string]tableConfig `json:"tables"`
}

type tableConfig struct {
	Columns []string `json:"columns"`
	Sort    string   `json:"sort"`
	Down    bool     `json:"descending"`
}

func (m *Model) configPath() string {
	if m.o.ConfigDir == "" {
		return ""
	}
	return filepath.Join(m.o.ConfigDir, configFile)
}

// readConfig reads what was remembered. Without it, or where it is spoilt,
// everything is as it comes.
func (m *Model) readConfig() (c config, err error) {
	path := m.configPath()
	if path == "" {
		return c, nil
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) { // sudo -u keeps HOME
		return c, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &c)
	}
	return c, err
}

// recall gives a table the columns that were chosen for it.
func (m *Model) recall(t grid) {
	c, ok := m.config.Tables[t.label()]
	if !ok || len(c.Columns) == 0 {
		return
	}
	t.setChoices(c.Columns, c.Sort, c.Down, time.Time{})
}

// remember keeps the columns of a table.
func (m *Model) remember(t grid) {
	var shown []string
	for _, c := range t.choices() {
		if c.shown {
			shown = append(shown, c.key)
		}
	}
	sort, down := t.sorted()
	if m.config.Tables == nil {
		m.config.Tables = map[string]tableConfig{}
	}
	m.config.Tables[t.label()] = tableConfig{shown, sort, down}
	path := m.configPath()
	if path == "" {
		return
	}
	b, err := json.MarshalIndent(m.config, "", "  ")
	if err == nil {
		err = os.MkdirAll(m.o.ConfigDir, 0o700)
	}
	if err == nil {
		err = replace(path, append(b, '\n'))
	}
	if err != nil {
		m.say(red, "the columns are not remembered: %v", err)
	}
}

// replace writes a file so that it is whole at any time.
func replace(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".top-*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
