package commands

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lvs/cluster"
	"lvs/director/api"
	"lvs/kernel"
	"lvs/output"
)

// newDirector returns the verbs of the director. Without one it shows the state.
func newDirector(a *App) *cobra.Command {
	bare := &directorStatus{directorVerb: directorVerb{app: a}}
	c := &cobra.Command{
		Use:   "director",
		Short: "Keep services as a cluster file wants them, and check servers",
		Long:  directorPage,
		Example: `  lvs director run -f /etc/lvs/cluster.yaml
  lvs director
  lvs director events -f
  lvs director drain 10.0.0.11 --for 30m`,
		Args: a.onlyVerbs,
		RunE: bare.run,
	}
	bare.register(c)
	a.hiddenGlobals(c)
	c.AddCommand(newDirectorRun(a), newDirectorStatus(a), newDirectorCheck(a),
		newDirectorDecide(a, "drain"), newDirectorDecide(a, "maintain"), newDirectorDecide(a, "undrain"),
		newDirectorEvents(a), newDirectorReload(a))
	return c
}

// directorVerb is what all verbs have that ask a director.
type directorVerb struct {
	app    *App
	socket string
}

func (o *directorVerb) register(c *cobra.Command) {
	c.Flags().StringVar(&o.socket, "socket", "",
		"use the director that listens at `PATH` (default: the director of this table)")
}

// client returns a client of the director of this table.
func (o *directorVerb) client() (*api.Client, error) {
	path := o.socket
	if path == "" {
		var err error
		if path, err = o.app.directorSocket(); err != nil {
			return nil, err
		}
	}
	return &api.Client{Path: path, SudoUser: o.app.Env("SUDO_USER")}, nil
}

// directorSocket returns the path of the socket of the director of this table.
func (a *App) directorSocket() (string, error) {
	if a.Identity == nil {
		return "", errors.New("no table is known")
	}
	table, err := a.Identity(a.global.netns)
	if err != nil {
		return "", err
	}
	own := api.Path(api.Folder(a.Env, os.Geteuid()), table)
	if os.Geteuid() != 0 {
		if root := api.Path(api.Folder(a.Env, 0), table); !exists(own) && exists(root) {
			return root, nil
		}
	}
	return own, nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// status returns a client and the state of the director.
func (o *directorVerb) status(ctx context.Context) (*api.Client, *output.DirectorRow, error) {
	c, err := o.client()
	if err != nil {
		return nil, nil, err
	}
	st, err := c.Status(ctx)
	if err != nil {
		return nil, nil, o.app.directorError(err)
	}
	return c, st, nil
}

// directorError returns an error of the client in the words of the command line.
func (a *App) directorError(err error) error {
	var absent *api.AbsentError
	var refused *api.Error
	var silent *api.SilentError
	switch {
	case errors.As(err, &silent):
		return (&fault{status: exitTimeout, err: err}).hintf(
			"see whether it was stopped (state T): ps -C lvs,lvsctl -o pid,stat,args; then end or continue it")
	case errors.As(err, &absent):
		return (&fault{status: exitNotFound, err: fmt.Errorf("no director runs for this table: %s: %w", absent.Path,
			absent.Err)}).hintf("start one: %s director run -f FILE", a.here())
	case errors.As(err, &refused):
		return refusedByDirector(refused)
	}
	return err
}

// refusedByDirector returns the faults of a file as if it had been read here.
func refusedByDirector(e *api.Error) error {
	if len(e.Faults) == 0 {
		f := &fault{status: e.ExitStatus, err: errors.New(e.What + ": " + e.Why)}
		if e.Hint != nil {
			f.hint = *e.Hint
		}
		return f
	}
	out := make(cluster.Faults, len(e.Faults))
	for i, f := range e.Faults {
		out[i] = cluster.Fault{File: orZero(f.File), Line: orZero(f.Line), Column: orZero(f.Column), Text: orZero(f.Text),
			Why: f.Why, Hint: orZero(f.Hint)}
	}
	return out
}

// orZero returns the zero value for nil.
func orZero[T any](v *T) T {
	if v == nil {
		var zero T
		return zero
	}
	return *v
}

// directed returns the servers of a director that are named, in the given services or in
// all. Its error has every name that the director does not have.
func (a *App) directed(st *output.DirectorRow, names []machine, ids []kernel.ServiceID) (
	[]*output.DirectedServerRow, error) {
	var found []*output.DirectedServerRow
	var bad faults
	met := make([]bool, len(names))
	for i := range st.Services {
		s := &st.Services[i]
		if len(ids) > 0 && !slices.ContainsFunc(ids, func(id kernel.ServiceID) bool { return id.String() == s.Service }) {
			continue
		}
		for j := range s.Servers {
			key, err := keyOf(&s.Servers[j])
			if err != nil {
				return nil, err
			}
			for n := range names {
				if names[n].is(key.Server) {
					met[n] = true
					found = append(found, &s.Servers[j])
					break
				}
			}
		}
	}
	for n := range names {
		if !met[n] {
			bad.add((&fault{status: exitNotFound, err: fmt.Errorf("server %s: the director does not have it", names[n].text)}).
				hintf("list its servers: %s director status --columns service,server", a.here()))
		}
	}
	return found, bad.err()
}

// keyOf returns the server that a row is about.
func keyOf(r *output.DirectedServerRow) (kernel.ServerKey, error) {
	id, err := kernel.ParseServiceID(r.Service)
	if err != nil {
		return kernel.ServerKey{}, err
	}
	addr, err := kernel.ParseAddrPort(r.Server)
	return kernel.ServerKey{Service: id, Server: addr}, err
}

func directedKeys(rows []*output.DirectedServerRow) ([]kernel.ServerKey, error) {
	keys := make([]kernel.ServerKey, len(rows))
	for i, r := range rows {
		var err error
		if keys[i], err = keyOf(r); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// completeDirected proposes the servers of the director, each without and with a port.
func (o *directorVerb) completeServers(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	return o.proposals(c, args, false)
}

// completeAll also proposes the services.
func (o *directorVerb) completeAll(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	return o.proposals(c, args, true)
}

func (o *directorVerb) proposals(c *cobra.Command, args []string, services bool) ([]string, cobra.ShellCompDirective) {
	out := []string{}
	add := func(text string) {
		if !slices.Contains(out, text) && !slices.Contains(args, text) {
			out = append(out, text)
		}
	}
	o.app.fromEnv(c, "netns", "LVS_NETNS", &o.app.global.netns)
	ctx, cancel := context.WithTimeout(c.Context(), completionTime)
	defer cancel()
	_, st, err := o.status(ctx)
	if err != nil {
		return out, noFiles
	}
	for i := range st.Services {
		if services {
			add(st.Services[i].Service)
		}
		for j := range st.Services[i].Servers {
			server := st.Services[i].Servers[j].Server
			add(strings.Trim(server[:strings.LastIndexByte(server, ':')], "[]"))
			add(server)
		}
	}
	return out, noFiles
}

const directorPage = `Keep the virtual services of cluster files in the kernel's table, check their servers,
and take those out of use that fail. lvs director without a command shows the state.

The director changes only the services that its files name. Nothing else in the table
is touched. Starting, stopping and killing it cuts no connection: what is in the table
stays there, unless onStop in the file says something else. If it finds a service at
the start, it takes it over; a server keeps its weight until its first verdict.

A server has two states. health is what its checks found: unknown until the first
verdict, then up or down. admin is what people decided: ready, drain or maintenance.
Weight 0 follows from either. A drain lets connections end; maintenance also stops
the checks from putting the server back. The reason of each weight is in the column
WHY.

If the director doubts itself, because most servers fail at once and its own network
fails as well, it freezes: it changes nothing until that is over.

While a director runs, lvs drain, undrain and weight for its servers are carried out
by it, with its checks in mind. Other changes of its services belong into the file:
lvs apply, service edit and server edit refuse them. lvs director reload reads the
files again; a file with a fault changes nothing, and the old one stays in force.

The director listens on a unix socket that only root and its own user can use. For
root it is in the folder /run/lvs/, where director.sock is a link to it; for other
users in a folder of XDG_RUNTIME_DIR. It speaks HTTP with JSON:

  curl --unix-socket /run/lvs/director.sock http://localhost/v1/status

/healthz answers 200 while the director works, /readyz when it has judged all services.

Signals: HUP reads the files again; TERM and INT end it, and onStop decides what
becomes of the services. As a service of systemd it is lvs-director.service; enable
it after you have written /etc/lvs/cluster.yaml.`
