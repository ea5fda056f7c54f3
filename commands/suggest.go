package commands

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lvs/cluster"
	"lvs/kernel"
)

// flagError returns the error for a wrong option, with a hint.
func (a *App) flagError(cmd *cobra.Command, err error) error {
	help := cmd.CommandPath() + " --help"
	var missing *pflag.ValueRequiredError
	if errors.As(err, &missing) && missing.GetSpecifiedName() == "o" && cmd.Flags().Lookup("ops") != nil {
		return usagef("%w", err).hintf("use --ops for ipvsadm's -o; here -o is the output format")
	}
	if missing != nil {
		return usagef("%s needs a value", optionText(cmd, missing)).hintf("%s", help)
	}
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return usagef("%w", err).hintf("%s", help)
	}
	name := unknown.GetSpecifiedName()
	shown := "--" + name
	short := unknown.GetSpecifiedShortnames() != ""
	if short {
		shown = "-" + name
	}
	if known := a.another().Root().Flags().Lookup(name); known != nil && len(name) > 1 {
		return usagef("%s has no option %s", verbName(cmd), shown).hintf("%s", help)
	}
	if short && name == "d" && cmd.Flags().Lookup("interval") != nil {
		return usagef("unknown option -d").hintf("did you mean --interval?")
	}
	if does := habit(a.args, name, short); does != "" && !ofDirector(cmd) {
		return usagef("unknown option %s, which is an option of ipvsadm", shown).
			hintf("use %s %s, or ipvsadm's options with %s ipvsadm …", a.Name, does, a.Name)
	}
	f := usagef("unknown option %s", shown).hintf("%s", help)
	if cmd.Name() == "top" && (name == "o" || name == "output") {
		return f.hintf("use %s watch --rates -o jsonl", a.Name)
	}
	if short {
		return f
	}
	if ours := ipvsadmOptions()[name]; ours != "" && cmd.Flags().Lookup(ours) != nil {
		return f.hintf("did you mean --%s?", ours)
	}
	var known []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			known = append(known, f.Name)
		}
	})
	if near := cluster.Nearest(name, known); near != "" {
		f.hintf("did you mean --%s?", near)
	}
	return f
}

// optionText returns an option as it was typed. A short one has its long name, too.
func optionText(cmd *cobra.Command, e *pflag.ValueRequiredError) string {
	name := e.GetSpecifiedName()
	if e.GetSpecifiedShortnames() == "" {
		return "--" + name
	}
	if f := cmd.Flags().ShorthandLookup(name); f != nil {
		return "-" + name + " (--" + f.Name + ")"
	}
	return "-" + name
}

// verbName returns the names of a command without the program's name. For the program
// itself it returns that.
func verbName(c *cobra.Command) string {
	if _, name, ok := strings.Cut(c.CommandPath(), " "); ok {
		return name
	}
	return c.Name()
}

// ipvsadmCommands are ipvsadm's commands, short and long, with the command of lvs that
// does the same. Some options are among them, which identify a command, too.
var ipvsadmCommands = []struct{ short, long, does string }{
	{"A", "add-service", "service add"},
	{"E", "edit-service", "service edit"},
	{"D", "delete-service", "service delete"},
	{"a", "add-server", "server add"},
	{"e", "edit-server", "server edit"},
	{"d", "delete-server", "server delete"},
	{"L", "list", "list"},
	{"l", "list", "list"},
	{"C", "clear", "clear"},
	{"Z", "zero", "zero"},
	{"S", "save", "save"},
	{"R", "restore", "restore"},
	{"", "set", "timeouts set --tcp N --tcp-fin N --udp N"},
	{"", "start-daemon", "sync start ROLE --interface NAME"},
	{"", "stop-daemon", "sync stop ROLE"},
	{"c", "connection", "connections"},
	{"", "daemon", "sync status"},
	{"p", "", "service add … --persistent=SECONDS"},
	{"M", "", "service add … --netmask MASK"},
}

// ipvsadmLists are the options of ipvsadm's list, with the command of lvs that does
// the same.
var ipvsadmLists = []struct{ option, does string }{
	{"--connection", "connections"},
	{"--timeout", "timeouts"},
	{"--daemon", "sync status"},
	{"--stats", "list --stats"},
	{"--rate", "list --rate"},
	{"--thresholds", "list --wide"},
	{"--persistent-conn", "list --wide"},
}

// ipvsadmOptions returns the long options of ipvsadm that have another name in lvs.
func ipvsadmOptions() map[string]string {
	return map[string]string{
		"gatewaying": "direct", "masquerading": "nat", "ipip": "tunnel", "u-threshold": "upper", "l-threshold": "lower",
		"mcast-interface": "interface", "mcast-group": "group", "mcast-port": "port", "mcast-ttl": "ttl",
		"syncid": "id", "sync-maxlen": "max-len", "thresholds": "wide", "persistent-conn": "wide", "tun-nocsum": "tun-flags",
		"tun-csum": "tun-flags", "tun-remcsum": "tun-flags", "one-packet": "ops", "gateway": "direct", "masq": "nat",
	}
}

// habit returns the command of lvs for a command of ipvsadm, or nothing. args is the
// command line.
func habit(args []string, name string, short bool) string {
	for _, h := range ipvsadmCommands {
		if short && h.short != name || !short && h.long != name || name == "" {
			continue
		}
		switch h.long {
		case "list":
			return listHabit(args)
		case "set", "start-daemon", "stop-daemon":
			return controlHabit(args, h.long, h.does)
		}
		return h.does
	}
	return ""
}

// listHabit returns the command of lvs for ipvsadm's list with these arguments.
func listHabit(args []string) string {
	for _, arg := range args {
		short := len(arg) > 1 && arg[0] == '-' && arg[1] != '-'
		if short && strings.Trim(arg[1:], "Llnc6") == "" && strings.Contains(arg, "c") {
			return "connections"
		}
	}
	for _, l := range ipvsadmLists {
		if slices.Contains(args, l.option) {
			return l.does
		}
	}
	return "list"
}

// controlHabit returns the command of lvs with the values that follow the option.
func controlHabit(args []string, option, does string) string {
	i := slices.Index(args, "--"+option)
	if i < 0 {
		return does
	}
	rest := args[i+1:]
	switch {
	case option == "set" && len(rest) >= 3:
		if options := timeoutOptions(rest[:3]); options != "" {
			return "timeouts set" + options
		}
	case option != "set" && len(rest) > 0 && (rest[0] == "master" || rest[0] == "backup"):
		return strings.Replace(does, "ROLE", rest[0], 1)
	}
	return does
}

// otherWords returns other words for the commands of service and server.
func otherWords() map[string]string {
	return map[string]string{
		"add": "add", "create": "add", "new": "add",
		"delete": "delete", "del": "delete", "rm": "delete", "remove": "delete", "erase": "delete",
		"edit": "edit", "change": "edit", "modify": "edit", "set": "edit",
		"show": "show", "get": "show",
	}
}

// otherVerbs returns words of other tools for verbs of the first level.
func otherVerbs() map[string]string {
	return map[string]string{
		"stop": "drain", "disable": "drain", "maintenance": "drain",
		"enable": "undrain", "start": "undrain",
		"test": "validate", "check": "validate",
		"journal": "history", "log": "history",
		"revert": "undo", "rollback": "undo",
		"flush": "clear", "plan": "diff", "reload": "apply",
	}
}

// directorVerbs returns other words for the verbs of the director, with the command line
// that does it.
func directorVerbs() map[string]string {
	return map[string]string{
		"start": "director run -f FILE", "stop": "director drain", "quit": "director drain",
		"list": "director status", "show": "director status", "servers": "director status",
		"log": "director events", "logs": "director events", "history": "director events", "watch": "director events -f",
		"disable": "director drain SERVER", "enable": "director undrain SERVER", "ready": "director undrain SERVER",
		"maintenance": "director maintain SERVER", "maint": "director maintain SERVER",
		"validate": "validate -f FILE", "test": "validate -f FILE",
	}
}

// ofDirector reports whether a command is the director's or one of its verbs.
func ofDirector(c *cobra.Command) bool {
	return c.Name() == "director" || c.HasParent() && c.Parent().Name() == "director"
}

// meantByDirector returns the command that was probably meant by a word behind director.
func meantByDirector(program, word string) string {
	if does := directorVerbs()[word]; does != "" {
		return program + " " + does
	}
	if _, err := parseStatusName(word); err == nil {
		return program + " director status " + word
	}
	return ""
}

// meant returns the command that a user probably meant by a word that is not a command:
// a service or a server without a verb, or another word for a command. It returns
// nothing if there is none.
func meant(program string, c *cobra.Command, word string) string {
	group := c.Name()
	if !c.HasParent() {
		group = ""
	}
	if group == "director" {
		return meantByDirector(program, word)
	}
	if group != "" && group != "service" && group != "server" {
		return ""
	}
	if _, err := kernel.ParseServiceID(word); err == nil {
		if group == "server" {
			return program + " server list " + word
		}
		return program + " list " + word
	}
	if _, err := netip.ParseAddr(word); err == nil {
		return program + " list --filter server=" + word
	}
	verb := otherWords()[word]
	switch {
	case verb == "" && group == "" && otherVerbs()[word] != "":
		return program + " " + otherVerbs()[word]
	case verb == "":
		return ""
	case group == "":
		return fmt.Sprintf("%s service %s, or %s server %s", program, verb, program, verb)
	}
	return program + " " + group + " " + verb
}
