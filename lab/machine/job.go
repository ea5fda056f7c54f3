package machine

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// Job is what one boot does: commands, one after the other, and what they need
// in the guest. The guest reads it from a JSON file.
type Job struct {
	Commands []Command

	// Tools and Modules are folders of the host that the guest of User Mode
	// Linux mounts over the host's root. They are empty for other guests,
	// whose root has their content.
	Tools   string `json:",omitempty"`
	Modules string `json:",omitempty"`

	// Callers is a folder of the host with programs that run ipvsadm. Every
	// kind of guest mounts it over its root. Empty means none.
	Callers string `json:",omitempty"`

	// Bring lists files and trees of the host. A guest that cannot see the
	// host's root has copies of them, under the same paths.
	Bring []string `json:",omitempty"`

	// Terminal connects the last command to the console, for programs that
	// draw on a terminal. Rows and Columns are its size; zero keeps the size.
	Terminal      bool   `json:",omitempty"`
	Rows, Columns uint16 `json:",omitempty"`
}

// Command is one program in the guest.
type Command struct {
	Name string   // what reports call it
	Argv []string // Argv[0] is looked up in the guest's PATH
	Path string   // a folder to search before PATH; empty means none
	Env  []string // added to the guest's own variables
	Dir  string   // working folder; empty means /

	// Limit is how long the command may take. Zero means no limit.
	Limit time.Duration
}

// Event is what the guest reports while a job runs.
type Event struct {
	Kind    EventKind
	Command int    // index in Job.Commands
	Data    []byte // Stdout, Stderr: text. Trouble: a sentence. File: content
	Name    string // File: path below the results folder
	Status  int    // Exited: exit status, 128+n after signal n, -1 if it never ran
}

// EventKind is the kind of an Event, by its number on the link.
type EventKind byte

// The events of a job, in the order in which a command usually causes them.
const (
	Booted  EventKind = 1 + iota // Data is the kernel's release
	Started                      // a command begins
	Stdout                       // it wrote
	Stderr                       // it wrote an error
	Trouble                      // the guest itself reports a problem
	Exited                       // it ended
	File                         // a file from the results folder
	Alive                        // the guest still runs
	Done                         // the job has ended and everything was sent
)

// ResultsVariable is the environment variable with the folder in which a command
// leaves files for the host.
const ResultsVariable = "LVS_LAB_RESULTS"

// write writes the job file.
func (j *Job) write(path string) error {
	text, err := json.MarshalIndent(j, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}

// readJob reads the job file.
func readJob(path string) (*Job, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	job := new(Job)
	if err := json.Unmarshal(text, job); err != nil {
		return nil, fmt.Errorf("job file %s: %w", path, err)
	}
	return job, nil
}
