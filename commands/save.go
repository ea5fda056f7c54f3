package commands

import (
	"bytes"
	"context"
	"io"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"lvs/commands/ipvsadm"
	"lvs/kernel"
	"lvs/operate/state"
)

type save struct {
	app *App
	selector
	file string
}

func (a *App) newSave() *cobra.Command {
	o := &save{app: a}
	c := &cobra.Command{
		Use:   "save [SERVICE…]",
		Short: "Save the table in the format of ipvsadm-save",
		Long: `Write the table, or the services named, in the format and order of ipvsadm-save -n:
lvs restore, ipvsadm-restore and ipvsadm -R read it. Connections, counters, timeouts
and sync daemons are not included.

Connection thresholds (-x and -y), which ipvsadm-save omits, are included.

With -f, the file is replaced completely or not at all, and only its owner can read
it. -f is the file here: name the service of a firewall mark as fwmark:7.`,
		Example: `  lvs save > table.save
  lvs save tcp://192.0.2.10:80 fwmark:7
  lvs save --netns director -f /var/lib/lvs/director.save`,
		RunE:              o.run,
		ValidArgsFunction: a.completeServices,
	}
	o.selector.registerNamed(a, c, "", "6")
	c.Flags().VarP(&single{to: &o.file}, "file", "f", "write to `FILE` (default: standard output)")
	a.kernelFlags(c)
	numericFlag(c)
	return c
}

func (o *save) run(c *cobra.Command, args []string) error {
	ids, err := o.all(args)
	if err != nil {
		return err
	}
	if err := checkFile(o.file); err != nil {
		return err
	}
	o.app.alone = true
	k, err := o.app.kernel()
	if err != nil {
		return err
	}
	snap, err := k.Snapshot(c.Context(), ids...)
	if err != nil {
		return err
	}
	if o.file == "" || o.file == "-" {
		return ipvsadm.WriteSave(o.app.Out, snap, ipvsadm.SaveOptions{Thresholds: true})
	}
	var b bytes.Buffer
	if err := ipvsadm.WriteSave(&b, snap, ipvsadm.SaveOptions{Thresholds: true}); err != nil {
		return err
	}
	return interruptible(c.Context(), func() error { return state.WriteFile(o.file, b.Bytes()) })
}

// checkFile refuses a file that was meant as a service: -f 7 is ipvsadm's for
// the firewall mark.
func checkFile(name string) error {
	service := name
	if _, err := strconv.ParseUint(name, 10, 64); err == nil {
		service = "fwmark:" + name
	}
	if _, err := kernel.ParseServiceID(service); err != nil {
		return nil
	}
	return usagef("-f %s: it is the file to write, and this looks like a service", name).
		cure("the service is an argument: %s; a file of that name is ./%s", service, name)
}

// interruptible waits for something that may block and knows no context, such as
// opening a pipe that has no other end. When the context ends it goes on alone,
// and what it shares with the caller must not be touched.
func interruptible(ctx context.Context, do func() error) error {
	done := make(chan error, 1)
	go func() { done <- do() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// openInput opens a file to read; - and nothing are standard input.
func (a *App) openInput(name string) (io.ReadCloser, error) {
	if name != "" && name != "-" {
		return os.Open(name)
	}
	if a.InTerminal.Is {
		a.note("reading from the terminal; end with Ctrl-D")
	}
	return io.NopCloser(a.In), nil
}
