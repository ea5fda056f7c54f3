package commands

// frontPage is the help without a command, and the description in lvs(8). Indented
// lines are command lines.
const frontPage = `Manage IPVS, the load balancer of the Linux kernel: virtual services, their real
servers and connections. Without a command, lvs lists all services.

Write a service as tcp://192.0.2.10:80, udp://[2001:db8::1]:53, sctp://… or
fwmark:7; a bare 192.0.2.10:80 is TCP. Write a server as 10.0.0.11:80, or as
10.0.0.11 to use the port of the service. In place of a service, -t, -u and -f of
ipvsadm work too; in place of a server, -r.

Set up a service:

  lvs service add tcp://192.0.2.10:80 --scheduler wlc
  lvs server add tcp://192.0.2.10:80 10.0.0.11 10.0.0.12
  lvs server add tcp://192.0.2.10:80 10.0.0.13:8080 --nat --weight 3

Show services and traffic:

  lvs
  lvs top
  lvs list tcp://192.0.2.10:80 --rate
  lvs list --filter 'weight=0'
  lvs connections --group-by client/24 --top 10
  lvs watch --rates --interval 10s

Take a server out of service, and put it back:

  lvs drain 10.0.0.11 --wait --timeout 10m
  lvs undrain 10.0.0.11

Manage a cluster with a file:

  lvs export > cluster.yaml
  lvs diff -f cluster.yaml
  lvs apply -f cluster.yaml --drain 60s --yes

Preview a change:

  lvs service edit tcp://192.0.2.10:80 --persistent=10m --dry-run
  lvs clear --dry-run

Show and undo changes:

  lvs history
  lvs undo

Use in scripts:

  lvs list -o json --jq '.items[] | select(.active > 100) | .id'
  lvs server list tcp://192.0.2.10:80 -o csv --no-headers --columns server,weight

Results go to standard output, notes and errors to standard error. Without -v or -o,
a successful change prints no result; apply, undo, confirm and drain --wait print a
note. Commands that cut connections ask for confirmation; without a terminal they
need --yes.

Every command accepts --yes, --output, --quiet, --dry-run, --netns, --timeout, --color
and ipvsadm's -n. Where one of them has nothing to do, it does nothing.`

const frontExamples = `  lvs service add tcp://192.0.2.10:80
  lvs server add tcp://192.0.2.10:80 10.0.0.11 10.0.0.12
  lvs list --stats`

// Section is a part of the manual that does not belong to a command.
type Section struct {
	Title string
	Terms []Term
}

// Term is a word with its meaning.
type Term struct{ Term, Meaning string }

// ExitStatus returns the exit statuses that have a meaning of their own for a command,
// by its path without the program's name. All others are those of Sections.
func ExitStatus(command string) []Term {
	no := "The question was answered with no; nothing was changed."
	return map[string][]Term{
		"apply": {{"1", no}}, "clear": {{"1", no}}, "drain": {{"1", no}}, "restore": {{"1", no}},
		"service delete": {{"1", no}}, "server delete": {{"1", no}},
		"confirm": {{"4", "Nothing waits for confirmation."}},
		"diff":    {{"0", "Nothing differs."}, {"1", "Something differs."}},
		"import":  {{"1", "With --strict: something cannot be converted; nothing was written."}},
		"undo": {
			{"1", "The question was answered with no, or the entry cannot be undone; nothing was changed."},
			{"4", "There is nothing to undo, or no such entry."},
		},
		"undrain": {{"4", "No such server, or no weight is remembered for it."}},
		"wait": {
			{"0", "The condition is met."},
			{"1", "The service or server was deleted meanwhile (drained and active<=N)."},
			{"4", "There is no such service or server (drained and active<=N)."},
			{"8", "The time of --timeout has passed."},
		},
		"watch": {
			{"0", "The time of --timeout has passed without --count, or all intervals are over."},
			{"8", "The time of --timeout has passed before --count intervals."},
			{"130", "Interrupted: the usual end."},
		},
	}[command]
}

// Sections returns the parts of the manual that apply to every command.
func Sections() []Section {
	return []Section{
		{"EXIT STATUS", []Term{
			{"0", "Success."},
			{"1", "No: the question was answered with no, or a change cannot be undone. Nothing was changed. " +
				"For diff, import and wait see their pages."},
			{"2", "Wrong usage or invalid input, or --yes is needed because there is no terminal; nothing was done."},
			{"3", "Failed for another reason."},
			{"4", "Not found: a service, server, sync daemon, interface, namespace, file or journal entry."},
			{"5", "Already exists."},
			{"6", "Permission denied: CAP_NET_ADMIN is needed."},
			{"7", "IPVS is not available."},
			{"8", "Timed out (--timeout)."},
			{"9", "Partly applied: some changes were made, others were refused."},
			{"130", "Interrupted."},
		}},
		{"ENVIRONMENT", []Term{
			{"LVS_OUTPUT", "The output format if -o is not given. Options that need another format (--jq, --template, " +
				"--columns, --wide) override it. Commands that change something still print nothing on success. " +
				"export and save ignore it."},
			{"LVS_NETNS", "The network namespace if --netns is not given."},
			{"LVS_COLOR", "When to use color if --color is not given: auto, always or never."},
			{"LVS_JOURNAL", "With the value all, changes made under the name ipvsadm are recorded in the journal, too. " +
				"This adds about 0.1 ms to a change, or the time to read the table if all of it is replaced."},
			{"LVS_STATE_DIR", "The directory of the state files, such as the journal. It must not be a symbolic link, nor " +
				"writable by others; only if root owns it, its group may write to it."},
			{"NO_COLOR", "Any value that is not empty turns color off, unless --color or LVS_COLOR is always."},
		}},
		{"FILES", []Term{
			{"/proc/net/ip_vs", "The part of the table that every user can read; lvs list shows it without privilege."},
			{"/proc/net/ip_vs_conn", "The connection table."},
			{"/var/lib/lvs/drained.json, later/", "" +
				"The weights of servers before they were drained, and the jobs of --for. If there is no such folder, for " +
				"users other than root: below $XDG_STATE_HOME/lvs/ or ~/.local/state/lvs/."},
			{"/var/lib/lvs/journal-TABLE.jsonl, journal-TABLE.old.jsonl", "" +
				"The journal of the machine, for history and undo: one for each table. At 8 MiB a new file begins. " +
				"If there is no such folder, users other than root have one of their own, as above."},
		}},
	}
}
