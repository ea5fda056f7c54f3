package commands

import (
	"fmt"
	"os"
	"testing"

	"lvs/operate/state"
)

// TestMain gives the tests a state directory of their own.
func TestMain(m *testing.M) {
	if os.Getenv(restoreVariable) != "" { // a process that a test has started
		os.Exit(m.Run())
	}
	dir, err := os.MkdirTemp("", "lvs-state-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Setenv(state.Variable, dir)
	status := m.Run()
	os.RemoveAll(dir)
	os.Exit(status)
}
