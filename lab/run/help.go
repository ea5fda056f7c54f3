package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// command is the help of one subcommand.
type command struct {
	name      string
	short     string // one line, for the list of commands
	synopsis  string // what follows "lab NAME"
	long      string
	arguments []term
	examples  []string
}

// term is a word with its meaning, which may have several lines.
type term struct{ word, meaning string }

// commands are the subcommands in the order of the help. Dispatch is in run.
var commands = []command{
	{
		name:     "exec",
		short:    "Run a command in a lab kernel",
		synopsis: "[--keep-tty] [--] COMMAND [ARGUMENT…]",
		long: `Boot a kernel that has IPVS, run COMMAND in it as root, print its output and halt.
COMMAND starts in the present working folder and finds lvs beside lab: "lvs list"
runs bin/lvs (make build). With LVS_LAB=uml it sees this machine's files, and what
it writes is lost at the end. With qemu it sees the fetched tools and the Go module
around the working folder. With host it works on this machine's files.`,
		arguments: []term{
			{"COMMAND", "A program of this machine or of the guest: ipvsadm, ip, nft, bash, lvs."},
			{"--keep-tty", "Connect COMMAND to this terminal. Shells and lvs top need it."},
			{"--", "End of lab's own options."},
		},
		examples: []string{
			"bin/lab exec -- ipvsadm -Ln",
			"bin/lab exec --keep-tty -- bash",
			"LVS_LAB=qemu LVS_LAB_KERNEL=6.1 bin/lab exec -- uname -r",
		},
	},
	{
		name:     "test",
		short:    "Run Go tests in a lab kernel",
		synopsis: "[OPTION…] [PACKAGE…]",
		long: `Build the tests of PACKAGE on this machine and run them in a lab kernel. Only
packages whose tests import lvs/lab are built and run; the others need no kernel
(go test). Options have the same meaning as in go test and come before the packages.
ldirectord and keepalived are fetched and added if a test named TestCaller… runs, and
server programs (nginx, postfix, PostgreSQL …) if one named TestProgram… does; the latter
do not run in QEMU, whose memory is too small for them.
The last line has the sums: "5 passed, 0 failed, 1 skipped".`,
		arguments: []term{
			{"PACKAGE", "A folder or pattern as for go test. Default: ./..."},
			{"-run REGEXP", "Run only tests that match, such as TestScripts/weight."},
			{"-skip REGEXP", "Do not run tests that match."},
			{"-count N", "Run each test N times. Default: 1."},
			{"-timeout DURATION", "Limit for the tests of each package. Default: 25m."},
			{"-short", "Ask tests to be short."},
			{"-v", "Print the output of tests that pass, too."},
		},
		examples: []string{
			"bin/lab test ./...",
			"bin/lab test -run TestScripts/weight ./cmd/lvs",
			"LVS_LAB=qemu LVS_LAB_KERNEL=6.1 bin/lab test ./kernel",
		},
	},
	{
		name:  "demo",
		short: "Show a cluster with live traffic",
		long: `Build a cluster in a lab kernel: two clients, a director and three real servers of
different size. Send HTTP requests through it and show how lvs displays and
changes it. On a terminal, lvs top follows at the end; q quits. It takes half a
minute and needs bin/lvs: "make demo" builds it first.`,
		examples: []string{"bin/lab demo"},
	},
	{
		name:     "bench",
		short:    "Measure lvs against ipvsadm",
		synopsis: "[RUNS] [PART…]",
		long: `Measure whole processes, lvs and ipvsadm in turn on the same table in one boot, and
print medians and ratios. Quote ratios: times change with the load of the machine.
It needs bin/lvs: "make bench" builds it first.`,
		arguments: append([]term{
			{"RUNS", "How many counted runs each row has. Default: 5."},
			{"PART", "Run only these parts. Default: all of them:"},
		}, benchParts...),
		examples: []string{"bin/lab bench", "bin/lab bench 5 list", "bin/lab bench 15 apply restore"},
	},
	{
		name:  "fetch",
		short: "Download the kernel and the tools now",
		long: `Download what tests, demo and bench need into the cache folder, for a machine that
will be without a network later: User Mode Linux, or QEMU and its kernel if LVS_LAB
is qemu. Nothing is installed.`,
		examples: []string{"bin/lab fetch", "LVS_LAB=qemu LVS_LAB_KERNEL=6.1 bin/lab fetch"},
	},
}

// benchParts are the parts of bench by name.
var benchParts = []term{
	{"  start", "Start-up: lvs version and a list of one service."},
	{"  list", "1,000 services with 10 servers each."},
	{"  wide", "10 services with 1,000 servers each."},
	{"  restore", "Restore a table from a saved one."},
	{"  apply", "Apply a cluster file."},
	{"  large", "10,000 services with 100 servers each, beside 1,000."},
	{"  ipvsadm", "lvs called by the name ipvsadm."},
	{"  connections", "200,000 connections."},
	{"  top", "The dashboard: processor time and memory."},
	{"  older", "Start, list, save and restore against an older build of lvs."},
	{"  director", "lvs director run: time to mask, memory, and a comparison that changes nothing.\nOnly if named."},
	{"  checks", "Health checks: processor time beside keepalived's. Only if named."},
	{"  faults", "Failing servers: lvs director, keepalived and ldirectord. 15 minutes a run,\nand only if named."},
}

// environment are the variables that every subcommand reads.
var environment = []term{
	{"LVS_LAB", `Kernel: host, uml or qemu. Default: the first of them that works here.
host: this machine's kernel, in namespaces of its own. Needs root, IPVS, ip and ipvsadm.
uml:  User Mode Linux, a kernel that runs as a process. No root, no virtualisation; amd64.
qemu: a kernel of Debian on an emulated processor. No root; amd64; slow.`},
	{"LVS_LAB_KERNEL", `Kernel for qemu: 6.1, 6.12, or a folder with an unpacked linux-image package.
Default: 6.12. The other kinds ignore it.`},
	{"LVS_LAB_CACHE", "Folder for fetched kernels and tools. Default: lvs-lab in the user's cache folder."},
	{"LVS_LAB_MIRROR", "Debian mirror to fetch from. Default: the one that apt uses."},
}

// exits are the exit statuses of lab.
var exits = []term{
	{"0", "Success."},
	{"1", "A test failed, or lab cannot do its work."},
	{"2", "Wrong usage."},
	{"130", "Interrupted."},
	{"other", "exec: the exit status of COMMAND; 127 if it cannot run."},
}

// usageError is a command line that lab does not understand.
type usageError struct {
	command string // the subcommand whose help applies; empty means lab's own
	text    string // empty if the help says enough
}

func (e *usageError) Error() string { return e.text }

func usagef(command, format string, args ...any) error {
	return &usageError{command, fmt.Sprintf(format, args...)}
}

// helpWanted is returned instead of running a subcommand, whose name it is, if
// its help is asked for. Empty means lab's own.
type helpWanted string

func (helpWanted) Error() string { return "help wanted" }

// asksForHelp reports whether arg asks for help.
func asksForHelp(arg string) bool {
	return slices.Contains([]string{"-h", "-help", "--help"}, arg)
}

// noArguments refuses every argument but one that asks for help.
func noArguments(command string, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case asksForHelp(args[0]):
		return helpWanted(command)
	}
	return usagef(command, "unexpected argument %q", args[0])
}

// checkBench refuses arguments that bench does not know, before a kernel boots.
func checkBench(args []string) error {
	var parts []string
	for _, p := range benchParts {
		parts = append(parts, strings.TrimSpace(p.word))
	}
	for _, arg := range args {
		if asksForHelp(arg) {
			return helpWanted("bench")
		}
		if n, err := strconv.Atoi(arg); (err != nil || n <= 0) && !slices.Contains(parts, arg) {
			return usagef("bench", "invalid argument %q: want a number of runs, or %s", arg, strings.Join(parts, ", "))
		}
	}
	return nil
}

// isCommand reports whether there is a subcommand of that name.
func isCommand(name string) bool {
	return slices.ContainsFunc(commands, func(c command) bool { return c.name == name })
}

// helpFor returns the help of a subcommand, or lab's own if there is none of
// that name.
func helpFor(name string) string {
	for _, c := range commands {
		if c.name == name {
			return c.help()
		}
	}
	return help()
}

// help returns the help of lab itself.
func help() string {
	var b strings.Builder
	b.WriteString("Run programs, tests, a demonstration and benchmarks in a Linux kernel that has IPVS.\n")
	b.WriteString("\nUsage:\n  lab COMMAND [ARGUMENT…]\n  lab COMMAND --help\n")
	list, examples := []term{}, []string{}
	for _, c := range commands {
		list = append(list, term{c.name, c.short + "."})
		examples = append(examples, c.examples[0])
	}
	section(&b, "Commands", list)
	section(&b, "Environment", environment)
	section(&b, "Exit status", exits)
	b.WriteString("\nExamples:\n  " + strings.Join(examples, "\n  ") + "\n")
	return b.String()
}

func (c command) help() string {
	var b strings.Builder
	b.WriteString(c.short + ".\n\nUsage:\n")
	b.WriteString(strings.TrimRight("  lab "+c.name+" "+c.synopsis, " ") + "\n")
	b.WriteString("\n" + c.long + "\n")
	section(&b, "Arguments", c.arguments)
	section(&b, "Environment", environment)
	section(&b, "Exit status", exits)
	b.WriteString("\nExamples:\n  " + strings.Join(c.examples, "\n  ") + "\n")
	return b.String()
}

// section writes terms in two columns below a title. Without terms it writes
// nothing.
func section(b *strings.Builder, title string, terms []term) {
	if len(terms) == 0 {
		return
	}
	width := 0
	for _, t := range terms {
		width = max(width, len(t.word))
	}
	fmt.Fprintf(b, "\n%s:\n", title)
	for _, t := range terms {
		word := t.word
		for line := range strings.SplitSeq(t.meaning, "\n") {
			fmt.Fprintf(b, "  %-*s  %s\n", width, word, line)
			word = ""
		}
	}
}
