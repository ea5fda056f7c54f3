package commands

// The front page: what help says without a command, and lvs(8). Indented lines
// are typed as they stand.
const frontPage = `lvs manages IPVS, the load balancer in the Linux kernel: virtual services, the
real servers behind them, and the connections between. Without a command it
shows the table.

A service is written tcp://192.0.2.10:80, udp://[2001:db8::1]:53, sctp://… or
fwmark:7; a bare 192.0.2.10:80 is TCP. A server is written 10.0.0.11:80, or
10.0.0.11 for the service's own port. ipvsadm's -t, -u, -f and -r do the same.

Setting up a service:

  lvs service add tcp://192.0.2.10:80 --scheduler wlc
  lvs server add tcp://192.0.2.10:80 10.0.0.11 10.0.0.12
  lvs server add tcp://192.0.2.10:80 10.0.0.13:8080 --nat --weight 3

Looking at it:

  lvs
  lvs top
  lvs list tcp://192.0.2.10:80 --rate
  lvs list --filter 'weight=0'
  lvs connections --group-by client/24 --top 10
  lvs watch --rates --interval 10s

Taking a server out for a while, and back:

  lvs drain 10.0.0.11 --wait --timeout 10m
  lvs undrain 10.0.0.11

A whole cluster from a file:

  lvs export > cluster.yaml
  lvs diff -f cluster.yaml
  lvs apply -f cluster.yaml --drain 60s --yes

Looking before leaping:

  lvs service edit tcp://192.0.2.10:80 --persistent=10m --dry-run
  lvs clear --dry-run

Looking back, and going back:

  lvs history
  lvs undo

Writing scripts:

  lvs list -o json --jq '.items[] | select(.active > 100) | .id'
  lvs server list tcp://192.0.2.10:80 -o csv --no-headers --columns server,weight

Results go to standard output, all else to standard error. A change that
succeeds prints nothing; -v or -o makes it tell what it did. What cuts
connections asks first; where nobody can be asked it needs --yes.`

const frontExamples = `  lvs service add tcp://192.0.2.10:80
  lvs server add tcp://192.0.2.10:80 10.0.0.11 10.0.0.12
  lvs list --stats`

// Section is a part of the manual that no command explains by itself.
type Section struct {
	Title string
	Terms []Term
}

// Term is something with its meaning.
type Term struct{ Term, Meaning string }

// Sections are the parts of the manual that hold for every command.
func Sections() []Section {
	return []Section{
		{"EXIT STATUS", []Term{
			{"0", "Done."},
			{"1", "The answer is no: to the question whether to go on, or whether a change can be undone; nothing was changed. For wait: it can never be so."},
			{"2", "Wrong usage or invalid input; nothing was done."},
			{"3", "Failed for a reason without a number of its own."},
			{"4", "Not found: a service, server, sync daemon, interface, namespace or entry of the journal."},
			{"5", "Exists already."},
			{"6", "Permission denied: CAP_NET_ADMIN is needed."},
			{"7", "IPVS is not available."},
			{"8", "Timed out (--timeout)."},
			{"9", "Partly applied: some changes were made, others refused."},
			{"130", "Interrupted."},
		}},
		{"ENVIRONMENT", []Term{
			{"LVS_OUTPUT", "The output format where -o is not given. An option that needs another format (--jq, --template, --columns, --wide) wins over it, changes stay silent under it, and export and save do not look at it."},
			{"LVS_NETNS", "The network namespace where --netns is not given."},
			{"LVS_COLOR", "When to use colour where --color is not given."},
			{"LVS_JOURNAL", "With the value all, changes made under the name ipvsadm are in the journal too. Each of them takes longer by it: a tenth of a millisecond, or what reading the table takes where all of it is replaced."},
			{"LVS_STATE_DIR", "The folder of what is remembered between commands, such as the journal. It must not be writable by others."},
			{"NO_COLOR", "Any value but the empty one switches colour off where --color and LVS_COLOR leave it to the terminal (auto)."},
		}},
		{"FILES", []Term{
			{"/proc/net/ip_vs", "The table as everyone may read it; shown without privilege."},
			{"/proc/net/ip_vs_conn", "The connection table."},
			{"/var/lib/lvs/drained.json, later/", "The weights of servers before they were drained, and what --for will do by itself. Anybody else's are in $XDG_STATE_HOME/lvs, or ~/.local/state/lvs."},
			{"/var/lib/lvs/journal.jsonl, journal.old.jsonl", "The journal of root's changes, for history and undo; a file is followed by a new one at 8 MiB. Anybody else's is in $XDG_STATE_HOME/lvs, or ~/.local/state/lvs."},
		}},
	}
}
