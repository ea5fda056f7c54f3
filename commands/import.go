package commands

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"lvs/cluster"
	"lvs/cluster/importer"
	"lvs/commands/ipvsadm"
	"lvs/kernel"
)

type importFile struct {
	app      *App
	from     string
	format   string
	configID string
	strict   bool
}

// importTools are the values of --from.
var importTools = []string{"ipvsadm", "keepalived", "ldirectord", "ipvsctl"}

// importMarks describes how a service begins in the configuration of each tool.
var importMarks = map[string]string{
	"ipvsadm":    "a service begins with -A, as ipvsadm-save writes it",
	"keepalived": "a service begins with virtual_server, in the file or in one it includes",
	"ldirectord": "a service begins with virtual= or virtual6=",
	"ipvsctl":    "services are listed under the key services",
}

func newImport(a *App) *cobra.Command {
	o := &importFile{app: a}
	c := &cobra.Command{
		Use:   "import --from TOOL [FILE]",
		Short: "Convert another tool's configuration to a cluster file",
		Long: `Read the configuration of another tool and write a cluster file that describes the
same: services and servers, their checks, quorum and fallback. It needs neither root
nor IPVS, and changes nothing.

What a cluster file cannot express is reported on standard error, and in the file as
a comment where it belongs. With --strict, nothing is written in that case.

  ipvsadm     output of ipvsadm-save, with or without -n
  keepalived  keepalived.conf and the files it includes, as keepalived 2.2.7
              reads them, with its defaults: NAT, wlc, UDP, a check each
              minute. What keepalived ignores, leaves out or loses is left
              out and reported. VRRP is not converted and stays with
              keepalived
  ldirectord  ldirectord.cf; passwords are not copied
  ipvsctl     YAML of ipvsctl, whose default weight is 0

Host names are resolved once: a cluster file contains addresses.

From such a file, lvs apply uses services, servers, timeouts and sync daemons. It does
not check servers and sets up no fallback: keep the tool that checks the servers.`,
		Example: `  lvs import --from keepalived keepalived.conf > cluster.yaml
  lvs import --from ldirectord --strict ldirectord.cf
  ssh director ipvsadm-save | lvs import --from ipvsadm`,
		RunE: o.run,
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return nil, cobra.ShellCompDirectiveDefault
		},
	}
	f := c.Flags()
	f.StringVar(&o.from, "from", "",
		"read the configuration of `TOOL`: ipvsadm, keepalived, ldirectord or ipvsctl (needed)")
	f.StringVarP(&o.format, "output", "o", "", "write `FORMAT`: yaml or json (default yaml)")
	f.StringVar(&o.configID, "config-id", "",
		"use keepalived's lines that begin with @`ID` (default: the host name up to its first dot)")
	f.BoolVar(&o.strict, "strict", false, "write nothing and exit 1 if something cannot be converted")
	complete(c, "from", words(importTools...))
	complete(c, "output", words("yaml", "json"))
	a.quietFlag(c)
	return c
}

func (o *importFile) run(c *cobra.Command, args []string) error {
	if err := o.check(c, args); err != nil {
		return err
	}
	src, err := o.read(c.Context(), args)
	if err != nil {
		return err
	}
	var file *cluster.File
	var notes []importer.Note
	err = interruptible(c.Context(), func() (err error) {
		file, notes, err = o.convert(c.Context(), src)
		return err
	})
	if tool := cluster.ToolOf(src.Text); (err != nil || len(file.Services) == 0) && tool != "" && tool != o.from {
		return usagef("%s: not a configuration of %s", src.Name, o.from).
			hintf("try --from %s: it looks like a configuration of %s", tool, tool)
	}
	if err != nil {
		return err
	}
	for _, n := range notes {
		o.app.note("%s", n)
	}
	if len(file.Services) == 0 && slices.ContainsFunc(notes, func(n importer.Note) bool { return n.Lost }) {
		return usagef("%s: none of its services can be imported", src.Name)
	}
	if len(file.Services) == 0 {
		return usagef("%s: no service of %s in it", src.Name, o.from).hintf("check the file: %s", importMarks[o.from])
	}
	if o.strict && len(notes) > 0 {
		return &fault{status: exitNo, err: fmt.Errorf("%s: nothing was written (--strict)", plural(len(notes), "note"))}
	}
	if o.format == "json" {
		return file.WriteJSON(o.app.Out)
	}
	return file.WriteYAML(o.app.Out)
}

func (o *importFile) check(c *cobra.Command, args []string) error {
	var all faults
	if o.format == "" {
		o.format = "yaml"
	}
	if o.format != "yaml" && o.format != "json" {
		all.add(usagef("invalid --output %q: want yaml or json", o.format))
	} else {
		o.app.global.output = o.format // errors are JSON if the result is
	}
	tools := "ipvsadm, keepalived, ldirectord or ipvsctl"
	switch o.from {
	case "":
		all.add(usagef("--from is missing").hintf("add --from with the name of the tool: %s", tools))
	case "ipvsadm", "keepalived", "ldirectord", "ipvsctl":
	default:
		all.add(usagef("invalid --from %q: want %s", o.from, tools))
	}
	if len(args) > 1 {
		all.add(usagef("unexpected argument %q", args[1]).hintf("name one file at a time"))
	}
	if c.Flags().Changed("config-id") && o.from != "keepalived" {
		all.add(usagef("--config-id has no effect without --from keepalived"))
	}
	return all.err()
}

// read reads the whole configuration. An interrupt ends it at once.
func (o *importFile) read(ctx context.Context, args []string) (src importer.Text, err error) {
	name := ""
	if src.Name = "standard input"; len(args) > 0 && args[0] != "-" {
		name, src.Name = args[0], args[0]
	}
	err = interruptible(ctx, func() error {
		in, err := o.app.openInput(name)
		if err != nil {
			return err
		}
		defer in.Close()
		src.Text, err = readText(in)
		return err
	})
	return src, err
}

// readText reads a text of limited size.
func readText(in io.Reader) (string, error) {
	b, err := io.ReadAll(io.LimitReader(in, ipvsadm.MaxSize+1))
	switch {
	case err != nil:
		return "", err
	case len(b) > ipvsadm.MaxSize:
		return "", fmt.Errorf("the text is longer than %d MiB", ipvsadm.MaxSize>>20)
	case !utf8.Valid(b):
		return strings.ToValidUTF8(string(b), "\ufffd"), nil
	}
	return string(b), nil
}

func (o *importFile) convert(ctx context.Context, src importer.Text) (*cluster.File, []importer.Note, error) {
	switch names := ipvsadm.SystemNames(ctx); o.from {
	case "keepalived":
		in := &includes{ctx: ctx, files: mostIncludes, bytes: ipvsadm.MaxSize, entries: mostEntries}
		return importer.Keepalived(src, importer.KeepalivedOptions{Include: in.read, ConfigID: o.configuration()})
	case "ldirectord":
		return importer.Ldirectord(src, names)
	case "ipvsctl":
		return importer.Ipvsctl(src)
	default:
		file, err := importSave(src.Text, names)
		if isListing(bufio.NewReader(strings.NewReader(src.Text))) {
			err = o.app.listingFault()
		}
		return file, nil, o.app.savedNames(err)
	}
}

// configuration returns the config-id that keepalived would use.
func (o *importFile) configuration() string {
	if o.configID != "" {
		return o.configID
	}
	name, err := os.Hostname()
	if err != nil {
		return ""
	}
	name, _, _ = strings.Cut(name, ".")
	return name
}

// importSave converts the output of ipvsadm-save to a cluster file.
func importSave(text string, names ipvsadm.Names) (*cluster.File, error) {
	services, err := ipvsadm.ReadSave(strings.NewReader(text), names)
	if err != nil {
		return nil, err
	}
	snap := &kernel.Snapshot{Services: make([]kernel.ServiceEntry, len(services))}
	for i, s := range services {
		e := &snap.Services[i]
		e.Service = s.Service
		for j := range slices.Backward(s.Servers) { // the kernel lists the last added first
			e.Servers = append(e.Servers, kernel.ServerEntry{Server: s.Servers[j].Server})
		}
	}
	return cluster.Export(snap, kernel.Timeouts{}, nil), nil
}
