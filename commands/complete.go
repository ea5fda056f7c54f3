package commands

import (
	"context"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lvs/kernel"
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

// completeServices proposes the services that exist.
func (a *App) completeServices(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	out := []string{}
	for _, s := range a.publicTable(c) {
		out = append(out, s.ServiceID.String()+"\t"+s.Scheduler)
	}
	return out, noFiles
}

// completeOneService proposes a service for the first argument only.
func (a *App) completeOneService(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, noFiles
	}
	return a.completeServices(c, args, word)
}

// completeServers proposes a service, then its servers.
func (a *App) completeServers(s *selector) completer {
	return func(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		id, rest, err := s.one(args)
		if err != nil || len(args) == 0 && id == (kernel.ServiceID{}) {
			return a.completeOneService(c, args, word)
		}
		out := []string{}
		for _, svc := range a.publicTable(c) {
			if svc.ServiceID != id {
				continue
			}
			for _, srv := range svc.Servers {
				if text := srv.Addr.String(); !contains(rest, text) {
					out = append(out, text+"\t"+srv.Forward.String())
				}
			}
		}
		return out, noFiles
	}
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
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

// completeNetns proposes the namespaces that ip netns made.
func (a *App) completeNetns(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
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

// completeInterfaces proposes this machine's network interfaces.
func completeInterfaces(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	out := []string{}
	entries, err := os.ReadDir("/sys/class/net")
	if err != nil {
		return out, noFiles
	}
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out, noFiles
}

// completeAnyServer proposes every server of any service, once.
func (a *App) completeAnyServer(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	out := []string{}
	for _, svc := range a.publicTable(c) {
		for _, srv := range svc.Servers {
			if text := srv.Addr.String(); !contains(out, text) {
				out = append(out, text)
			}
		}
	}
	return out, noFiles
}
