package commands

import (
	"os"
	"path/filepath"
)

// stateVariable moves the folder of what is remembered between commands.
const stateVariable = "LVS_STATE_DIR"

// stateDir is where lvs keeps what it has to remember between commands: the
// journal, and the weights of drained servers. It is /var/lib/lvs for root, and
// the user's own state folder (XDG base directories) for anybody else. The
// folder may not exist yet; who writes makes it, with mode 0700.
func (a *App) stateDir() string {
	if dir := a.Env(stateVariable); dir != "" {
		return dir
	}
	if os.Geteuid() == 0 {
		return "/var/lib/lvs"
	}
	if dir := a.Env("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "lvs")
	}
	return filepath.Join(a.Env("HOME"), ".local", "state", "lvs")
}
