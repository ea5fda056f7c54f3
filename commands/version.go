package commands

import (
	"context"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"lvs/output"
)

// version and commit are stamped by the linker (-X lvs/commands.version=…).
var version, commit string

type showVersion struct{ app *App }

func newVersion(a *App) *cobra.Command {
	o := &showVersion{app: a}
	c := &cobra.Command{
		Use:   "version",
		Short: "Show the versions of the program and of IPVS",
		Long: `Shows the version of this program and, where it can be had, of the kernel's IPVS.
It needs no privilege and no IPVS, and never fails for want of them.`,
		Example: `  lvs version
  lvs version -o json --jq .item.version`,
		RunE:              o.run,
		ValidArgsFunction: nothing,
	}
	a.formatFlags(c)
	return c
}

func (o *showVersion) run(c *cobra.Command, args []string) error {
	if err := noMore(args); err != nil {
		return err
	}
	p, err := o.app.printer(output.Options{})
	if err != nil {
		return err
	}
	built := buildSettings()
	return p.Version(output.Version{
		Program:  o.app.Name,
		Version:  orElse(version, "dev"),
		Commit:   orElse(commit, built["vcs.revision"]),
		Date:     built["vcs.time"],
		Go:       runtime.Version(),
		Platform: runtime.GOOS + "/" + runtime.GOARCH,
		Kernel:   kernelRelease(),
		IPVS:     o.app.ipvsVersion(c.Context()),
	})
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// buildSettings is what the compiler noted.
func buildSettings() map[string]string {
	out := map[string]string{}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			out[s.Key] = s.Value
		}
	}
	return out
}

// kernelRelease is what uname -r prints; empty where the system does not say.
func kernelRelease() string {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return ""
	}
	return unix.ByteSliceToString(name.Release[:])
}

// ipvsVersion asks the kernel; no answer is empty. What everyone may read is the whole
// table, which must not take long.
func (a *App) ipvsVersion(ctx context.Context) string {
	k, err := a.kernel()
	if err != nil {
		return ""
	}
	if info, err := k.Info(ctx); err == nil {
		return info.Version.String()
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if snap, err := k.PublicSnapshot(ctx); err == nil {
		return snap.Info.Version.String()
	}
	return ""
}
