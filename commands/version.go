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

// version and commit are set by the linker (-X lvs/commands.version=…).
var version, commit string

type showVersion struct{ app *App }

func newVersion(a *App) *cobra.Command {
	o := &showVersion{app: a}
	c := &cobra.Command{
		Use:   "version",
		Short: "Show the versions of this program and of IPVS",
		Long: `Show the version of this program and, if IPVS is available, of the kernel's IPVS. The
command works without privilege and without IPVS.`,
		Example: `  lvs version
  lvs version -o json --jq .item.version`,
		RunE:              o.run,
		ValidArgsFunction: nothing,
	}
	a.formatFlags(c)
	return c
}

func (o *showVersion) run(c *cobra.Command, args []string) error {
	if err := noMore(args, "leave it out"); err != nil {
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
		IPVS:     o.ipvsVersion(c.Context()),
	})
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// buildSettings returns the settings that the compiler recorded.
func buildSettings() map[string]string {
	out := map[string]string{}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			out[s.Key] = s.Value
		}
	}
	return out
}

// kernelRelease returns what uname -r prints, or nothing if that fails.
func kernelRelease() string {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return ""
	}
	return unix.ByteSliceToString(name.Release[:])
}

// ipvsVersion returns the version of the kernel's IPVS, or nothing if it cannot be
// read. What every user can read is the whole table, which must not take long.
func (o *showVersion) ipvsVersion(ctx context.Context) string {
	k, err := o.app.kernel()
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
