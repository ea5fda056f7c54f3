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
	"lvs/plan/journal"
)

// completer is cobra's name for a function that proposes words.
type completer = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective)

const noFiles = cobra.ShellCompDirectiveNoFileComp

// completionTime bounds how long a key press may wait for the kernel.
const completionTime = 300 * time.Millisecond

// complete gives an option its proposals.
func complete(c *cobra.Command, flag string, f completer) {
	// The only error is an option that does not exist or has proposals already.
	_ = c.RegisterFlagCompletionFunc(flag, f)
}

func words(w ...string) completer {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return w, noFiles
	}
}

func nothing(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, noFiles
}

// completeServices proposes the services that exist, in the form that the user
// began: a bare 192.0.2.10:80, which is TCP, or with the protocol.
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

// completeEntries proposes the changes that can be undone, the newest first.
func (a *App) completeEntries(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	out := []string{}
	if a.Identity == nil || len(args) > 0 {
		return out, noFiles
	}
	all, table, _ := a.entries()
	for i := len(all) - 1; i >= 0; i-- {
		if e := &all[i]; e.Table == table && e.UndoneBy == 0 && e.Outcome != journal.Refused && !e.Without && !onlyCounters(e) {
			out = append(out, strconv.FormatUint(e.ID, 10)+"\t"+e.Command)
		}
	}
	return out, noFiles | cobra.ShellCompDirectiveKeepOrder
}

// completeScheme proposes services for an option that says the scheme itself.
func (a *App) completeScheme(scheme string) completer {
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

// completeOneService proposes a service for the first argument only, and none
// where an option names it.
func (a *App) completeOneService(s *selector) completer {
	return func(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 || s != nil && len(s.named) > 0 {
			return nil, noFiles
		}
		return a.completeServices(c, args, word)
	}
}

// many is any number of servers.
const many = -1

// completeServers proposes a service, then its servers until there are as many
// as the verb takes.
func (a *App) completeServers(s *selector, r *serverSelector, most int) completer {
	return func(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		id, rest, err := s.one(args)
		if err != nil {
			return a.completeOneService(s)(c, args, word)
		}
		named := r.take(rest)
		if most != many && len(named) >= most {
			return nil, noFiles
		}
		return a.serversOf(c, id, named), noFiles
	}
}

// completeRealServer proposes the servers of the service named so far.
func (a *App) completeRealServer(s *selector, r *serverSelector) completer {
	return func(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		id, rest, err := s.one(args)
		if err != nil {
			return a.completeAnyServer(c, args, word)
		}
		return a.serversOf(c, id, r.take(rest)), noFiles
	}
}

// serversOf proposes the servers of a service that are not named yet.
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

// publicTable is the table as everyone may read it. Any trouble is an empty
// one: a key press is no place for an error.
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

// completeNetns proposes the namespaces that ip netns made, or files for a path.
func (a *App) completeNetns(_ *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
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

// completeList proposes words of a comma-separated list, after those typed.
func completeList(keys ...string) completer {
	return completeKeys(func() []string { return keys })
}

// completeKeys is completeList for words that cost something to find.
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

// oneOf proposes words for the first argument.
func oneOf(w ...string) completer {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, noFiles
		}
		return w, noFiles
	}
}

// completeInterfaces proposes the network interfaces of the namespace.
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

// completeAnyServer proposes every server of any service, once.
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

// forCompletion readies a tree for completion: the marks around the names of
// values are for help, and files are proposed only where a file is asked for.
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
