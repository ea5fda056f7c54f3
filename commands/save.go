package commands

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"lvs/commands/ipvsadm"
	"lvs/kernel"
)

type save struct {
	app *App
	selector
	file string
}

func newSave(a *App) *cobra.Command {
	o := &save{app: a}
	c := &cobra.Command{
		Use:   "save [SERVICE…]",
		Short: "Save the table in the format of ipvsadm-save",
		Long: `Write the table, or the services named, in the format of ipvsadm-save -n:
lvs restore, ipvsadm-restore and ipvsadm -R read it. Connections, counters, timeouts
and sync daemons are not included.

Two things differ from ipvsadm-save. Connection thresholds (-x and -y) are included.
The servers of a service are in the order in which they were added, not sorted by
address: schedulers go by this order, so a restored table sends each client of sh, dh
and mh to the same server as before.

The format has no word for drained: such a server is saved with the weight 0, and a
note says which weight lvs undrain restores. lvs export keeps that weight.

With -f, the file is replaced completely or not at all. A new file can be read by its
owner only; one that exists keeps its owner and mode. Nothing is written through a
symbolic link that another user could have made. -f is the file here: name the service
of a firewall mark as fwmark:7.`,
		Example: `  lvs save > table.save
  lvs save tcp://192.0.2.10:80 fwmark:7
  lvs save --netns director -f /var/lib/lvs/director.save`,
		RunE:              o.run,
		ValidArgsFunction: a.completeServices,
	}
	o.selector.registerNamed(a, c, "", "6")
	c.Flags().VarP(&single{to: &o.file}, "file", "f", "write to `FILE` (default: standard output)")
	a.kernelFlags(c)
	a.quietFlag(c)
	a.dryRunFlag(c, "with --file: read the table, but do not write the file")
	return c
}

func (o *save) run(c *cobra.Command, args []string) error {
	ids, err := o.all(args)
	if err != nil {
		return err
	}
	if err := checkFile(c.CommandPath(), o.file); err != nil {
		return err
	}
	o.app.alone = true
	k, err := o.app.kernel()
	if err != nil {
		return err
	}
	snap, err := k.Services(c.Context(), ids...)
	if err != nil {
		return kernel.WithOp("save", err)
	}
	drained := keepDrained(o.app.remembered())
	var servers []kernel.ServerEntry
	read := func(e *kernel.ServiceEntry) ([]kernel.ServerEntry, error) {
		var err error
		servers, err = k.Servers(c.Context(), e.ServiceID, servers)
		drained.add(e, servers)
		return servers, kernel.WithOp("save", err)
	}
	saved := ipvsadm.SaveOptions{Thresholds: true, Added: true}
	if isOutput(o.file) {
		err := ipvsadm.StreamSave(o.app.Out, snap, read, saved)
		o.app.noteSavedDrained(&drained.snap)
		return err
	}
	var b bytes.Buffer
	if err := ipvsadm.StreamSave(&b, snap, read, saved); err != nil {
		return err
	}
	o.app.noteSavedDrained(&drained.snap)
	if o.app.global.dryRun {
		o.app.note("would write %s to %s", plural(len(snap.Services), "service"), o.file)
		return nil
	}
	return o.app.replaceFile(c.Context(), o.file, b.Bytes())
}

// isOutput reports whether a file name means standard output.
func isOutput(name string) bool {
	return slices.Contains([]string{"", "-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"}, name)
}

// checkFile returns an error if the file was meant as a service: in ipvsadm, -f 7 is
// the service of a firewall mark.
func checkFile(path, name string) error {
	service := name
	if _, err := strconv.ParseUint(name, 10, 64); err == nil {
		service = "fwmark:" + name
	}
	if _, err := kernel.ParseServiceID(service); err != nil {
		return nil
	}
	return usagef("-f %s is the file to write, but it looks like a service", name).
		hintf("%s %s saves that service; -f ./%s writes to a file of that name", path, service, name)
}
