package machine

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// Job is what one boot does: its commands, one after the other, and how the
// guest has to look for them. It travels to the guest as a JSON file.
type Job struct {
	Commands []Command

	// Tools and Modules are folders of the host that the guest of User Mode
	// Linux lays over the host's root. Empty in other guests, whose root
	// already holds them.
	Tools   string `json:",omitempty"`
	Modules string `json:",omitempty"`

	// Callers is a folder of the host with programs that run ipvsadm, which
	// every kind of guest lays over its root. Empty leaves them out.
	Callers string `json:",omitempty"`

	// Bring lists files and trees of the host that a guest which cannot see
	// the host's root takes along, under the same paths.
	Bring []string `json:",omitempty"`

	// Terminal connects the last command to the console, for programs that
	// draw on a terminal. Rows and Columns give its size; zero leaves it.
	Terminal      bool   `json:",omitempty"`
	Rows, Columns uint16 `json:",omitempty"`
}

// Command is one program in the guest.
type Command struct {
	Name string   // what reports call it
	Argv []string // Argv[0] is looked up in the guest's PATH
	Path string   // a folder to look in before; empty is none
	Env  []string // added to the guest's own few variables
	Dir  string   // working folder; empty means /

	// Limit ends the command when it takes longer. Zero means no limit.
	Limit time.Duration
}

// Event is something that the guest reports while a job runs.
type Event struct {
	Kind    EventKind
	Command int    // index in Job.Commands
	Data    []byte // Stdout, Stderr: text. Trouble: a sentence. File: the content
	Name    string // File: path below the results folder
	Status  int    // Exited: exit status, 128+n after signal n, -1 if it never ran
}

// EventKind says what an Event is. The numbers are those on the wire.
type EventKind byte

// The events of a job, in the order in which a command usually causes them.
const (
	Booted  EventKind = 1 + iota // Data is the kernel's release
	Started                      // a command begins
	Stdout                       // it wrote
	Stderr                       // it wrote an error
	Trouble                      // the guest itself has something to say
	Exited                       // it ended
	File                         // a file from the results folder
	Alive                        // nothing new, but the guest still runs
	Done                         // the job is over and all was sent
)

// ResultsVariable names the environment variable that tells a command where
// to leave files for the host.
const ResultsVariable = "LVS_LAB_RESULTS"

func (j *Job) write(path string) error {
	text, err := json.MarshalIndent(j, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}

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
