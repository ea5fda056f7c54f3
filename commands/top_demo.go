package commands

import (
	"errors"
	"os"

	"lvs/kernel"
	"lvs/operate/state"
	"lvs/schedule/sim"
)

// demo gives this run a table in memory, with traffic of its own: what it does
// reaches neither the kernel nor what is remembered of real tables. end forgets
// it all.
func (a *App) demo() (end func(), err error) {
	dir, err := os.MkdirTemp("", "lvs-demo-")
	if err != nil {
		return nil, err
	}
	a.close()
	a.global.netns = ""
	table, env := sim.New(sim.Seed, a.Now), a.Env
	a.OpenKernel = func(kernel.Options) (kernel.Kernel, error) { return table, nil }
	a.Identity = func(string) (string, error) { return "demo", nil }
	a.Detach = func([]string, string) error {
		return errors.New("the demo ends with the dashboard: nothing can come later")
	}
	a.Env = func(name string) string {
		if name == state.Variable {
			return dir
		}
		return env(name)
	}
	return func() { os.RemoveAll(dir) }, nil
}
