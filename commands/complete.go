package commands

import (
	"context"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lvs/kernel"
	"lvs/output"
	"lvs/plan/journal"
)

// completer is cobra's name for a function that proposes words.
type completer = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective)

const noFiles = cobra.ShellCompDirectiveNoFileComp

// completionTime bounds how long a key press may wait for the kernel.
const completionTime = 300 * time.Millisecond

// complete sets the function that completes the value of an option.
func complete(c *cobra.Command, flag string, f completer) {
	// The only error is an option that does not exist or has proposals already.
	_ = c.RegisterFlagCompletionFunc(flag, f)
}

// words completes with fixed words.
func words(w ...string) completer {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return w, noFiles
	}
}

// nothing completes with nothing, not even with files.
func nothing(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, noFiles
}

// completeServices returns the services that exist, in the form that the user began:
// with the protocol, or a bare 192.0.2.10:80, which is TCP.
func (a *App) completeServices(c *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
	out := []string{}
	bare := word != "" && strings.IndexByte("0123456789[", word[0]) >= 0
	for _, s := range a.publicTable(c) {
		text := s.ServiceID.String()
		if bare {
			var tcp bool
			if text, tcp = strings.CutPrefix(text, "tcp://"); !tcp {
				continue
			}
		}
		out = append(out, text+"\t"+s.Scheduler)
	}
	return out, noFiles
}

// completeEntries returns the changes that can be undone, the newest first.
func (a *App) completeEntries(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	out := []string{}
	if a.Identity == nil || len(args) > 0 {
		return out, noFiles
	}
	all, _, _ := a.entries(false)
	for i := len(all) - 1; i >= 0; i-- {
		e := &all[i]
		if e.UndoneBy == 0 && e.Outcome != journal.Refused && e.Reversible() {
			out = append(out, strconv.FormatUint(e.ID, 10)+"\t"+e.Command)
		}
	}
	return out, noFiles | cobra.ShellCompDirectiveKeepOrder
}

// completeScheme completes an option whose name is the scheme of the service.
func completeScheme(a *App, scheme string) completer {
	return func(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		out := []string{}
		for _, s := range a.publicTable(c) {
			if text, ok := strings.CutPrefix(s.ServiceID.String(), scheme); ok {
				out = append(out, text+"\t"+s.Scheduler)
			}
		}
		return out, noFiles
	}
}

// completeOneService completes the first argument with a service, unless an option
// names one.
func completeOneService(a *App, s *selector) completer {
	return func(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 || s != nil && len(s.named) > 0 {
			return nil, noFiles
		}
		return a.completeServices(c, args, word)
	}
}

// many means any number of servers.
const many = -1

// completeServers completes with a service, then with its servers, up to the number
// that the verb accepts.
func (a *App) completeServers(s *selector, r *serverSelector, most int) completer {
	return func(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		id, rest, err := s.one(args)
		if err != nil {
			return completeOneService(a, s)(c, args, word)
		}
		named := r.take(rest)
		if most != many && len(named) >= most {
			return nil, noFiles
		}
		return a.serversOf(c, id, named), noFiles
	}
}

// completeRealServer completes --real-server with the servers of the given service.
func completeRealServer(a *App, s *selector, r *serverSelector) completer {
	return func(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		id, rest, err := s.one(args)
		if err != nil {
			return a.completeAnyServer(c, args, word)
		}
		return a.serversOf(c, id, r.take(rest)), noFiles
	}
}

// serversOf returns the servers of a service that are not on the command line yet.
func (a *App) serversOf(c *cobra.Command, id kernel.ServiceID, named []string) []string {
	var there []string
	for _, name := range named {
		if addr, err := parseServer(name, id); err == nil {
			there = append(there, addr.String())
		}
	}
	out := []string{}
	for _, svc := range a.publicTable(c) {
		if svc.ServiceID != id {
			continue
		}
		for _, srv := range svc.Servers {
			if text := srv.Addr.String(); !slices.Contains(there, text) {
				out = append(out, text+"\t"+srv.Forward.String())
			}
		}
	}
	return out
}

// publicTable returns the table as every user can read it. Completion cannot show an
// error, so it returns an empty table instead.
func (a *App) publicTable(c *cobra.Command) []kernel.ServiceEntry {
	a.fromEnv(c, "netns", "LVS_NETNS", &a.global.netns)
	k, err := a.kernel()
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(c.Context(), completionTime)
	defer cancel()
	snap, err := k.PublicSnapshot(ctx)
	if err != nil {
		return nil
	}
	return snap.Services
}

// completeNetns returns the namespaces of ip netns, or files for a path.
func completeNetns(_ *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
	if strings.Contains(word, "/") {
		return nil, cobra.ShellCompDirectiveDefault
	}
	out := []string{}
	entries, err := os.ReadDir("/run/netns")
	if err != nil {
		return out, noFiles
	}
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out, noFiles
}

// completeList completes the last word of a comma-separated list.
func completeList(keys ...string) completer {
	return completeKeys(func() []string { return keys })
}

// completeKeys is completeList for words that take time to find.
func completeKeys(list func() []string) completer {
	return func(_ *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
		keys, done := list(), ""
		if i := strings.LastIndexByte(word, ','); i >= 0 {
			done = word[:i+1]
		}
		out := make([]string, len(keys))
		for i, k := range keys {
			out[i] = done + k
		}
		return out, noFiles | cobra.ShellCompDirectiveNoSpace
	}
}

// completeColumns completes the last word of --columns, or the column of --sort or
// --filter, for a kind of document. Keys come first; if there are none, headings and
// older names. The case is the user's, because a shell compares it.
func completeColumns(kind string) completer {
	return func(_ *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
		at := strings.LastIndexByte(word, ',') + 1
		if at == 0 && strings.HasPrefix(word, "-") { // --sort -KEY
			at = 1
		}
		done, begun := word[:at], word[at:]
		out := []string{}
		for _, w := range output.ColumnWords(kind, begun) {
			if !strings.HasPrefix(w, begun) {
				w = strings.ToLower(w)
			}
			if !strings.HasPrefix(w, begun) {
				w = begun + w[len(begun):]
			}
			if !slices.Contains(out, done+w) {
				out = append(out, done+w)
			}
		}
		return out, noFiles | cobra.ShellCompDirectiveNoSpace
	}
}

// completeSort completes --sort: a column, or kernel.
func completeSort(kind string) completer {
	columns := completeColumns(kind)
	return func(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		out, how := columns(c, args, word)
		if strings.HasPrefix("kernel", word) {
			out = append(out, "kernel")
		}
		return out, how
	}
}

// oneOf completes the first argument with fixed words.
func oneOf(w ...string) completer {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, noFiles
		}
		return w, noFiles
	}
}

// completeInterfaces returns the network interfaces of the namespace.
func (a *App) completeInterfaces(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	a.fromEnv(c, "netns", "LVS_NETNS", &a.global.netns)
	k, err := a.kernel()
	if err != nil {
		return nil, noFiles
	}
	ctx, cancel := context.WithTimeout(c.Context(), completionTime)
	defer cancel()
	names, _ := k.Interfaces(ctx)
	return names, noFiles
}

// completeAnyServer returns the servers of all services, each once.
func (a *App) completeAnyServer(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	out := []string{}
	for _, svc := range a.publicTable(c) {
		for _, srv := range svc.Servers {
			if text := srv.Addr.String(); !slices.Contains(out, text) {
				out = append(out, text)
			}
		}
	}
	return out, noFiles
}

// forCompletion prepares a tree for completion: it removes the marks around the names
// of values, which are for help, and completes with files only where a file is meant.
func forCompletion(c *cobra.Command) {
	c.Flags().VisitAll(func(f *pflag.Flag) {
		f.Usage = strings.ReplaceAll(f.Usage, "`", "")
		if _, known := c.GetFlagCompletionFunc(f.Name); !known && f.Name != "file" && f.Value.Type() != "bool" {
			complete(c, f.Name, nothing)
		}
	})
	if c.ValidArgsFunction == nil {
		c.ValidArgsFunction = nothing
	}
	for _, sub := range c.Commands() {
		forCompletion(sub)
	}
}
