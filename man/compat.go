package main

import "strings"

// pairing is a command of ipvsadm and how lvs says it. In their order they can
// be typed one after the other; a test does, and compares.
type pairing struct{ ipvsadm, lvs string }

// compatPairings stand in ipvsadm-compat(8), by subject.
var compatPairings = []struct {
	title string
	pairs []pairing
}{
	{"Services", []pairing{
		{"ipvsadm -A -t 192.0.2.10:80 -s wrr", "lvs service add 192.0.2.10:80 -s wrr"},
		{"ipvsadm -A -u 192.0.2.10:53 -s rr -o", "lvs service add udp://192.0.2.10:53 -s rr --ops"},
		{"ipvsadm -A -f 7 -6 -s sh -b sh-port", "lvs service add fwmark:7/ipv6 -s sh --sched-flags sh-port"},
		{"ipvsadm -A -t [2001:db8::10]:80", "lvs service add 'tcp://[2001:db8::10]:80'"},
		{"ipvsadm -E -t 192.0.2.10:80 -s wrr -p 600 -M 255.255.255.0", "lvs service edit 192.0.2.10:80 --persistent=600 --netmask /24"},
		{"ipvsadm -E -t 192.0.2.10:80 -s wlc", "lvs service edit 192.0.2.10:80 -s wlc --persistent=none --netmask none"},
		{"ipvsadm -D -u 192.0.2.10:53", "lvs service delete udp://192.0.2.10:53 --yes"},
	}},
	{"Servers", []pairing{
		{"ipvsadm -a -t 192.0.2.10:80 -r 10.0.0.11", "lvs server add 192.0.2.10:80 10.0.0.11"},
		{"ipvsadm -a -t 192.0.2.10:80 -r 10.0.0.12:8080 -m -w 3", "lvs server add 192.0.2.10:80 10.0.0.12:8080 --nat -w 3"},
		{"ipvsadm -a -t 192.0.2.10:80 -r 198.51.100.7 -i --tun-type gue --tun-port 6080",
			"lvs server add 192.0.2.10:80 198.51.100.7 --tunnel --tun-type gue --tun-port 6080"},
		{"ipvsadm -e -t 192.0.2.10:80 -r 10.0.0.12:8080 -m -w 0", "lvs weight 192.0.2.10:80 10.0.0.12:8080 0"},
		{"ipvsadm -e -t 192.0.2.10:80 -r 10.0.0.11 -w 1 -x 200 -y 100", "lvs server edit 192.0.2.10:80 10.0.0.11 --upper 200 --lower 100"},
		{"ipvsadm -e -t 192.0.2.10:80 -r 10.0.0.11 -w 5", "lvs server edit 192.0.2.10:80 10.0.0.11 -w 5 --upper 0 --lower 0"},
		{"ipvsadm -d -t 192.0.2.10:80 -r 10.0.0.12:8080", "lvs server delete 192.0.2.10:80 10.0.0.12:8080 --yes"},
	}},
	{"Looking", []pairing{
		{"ipvsadm -Ln", "lvs list"},
		{"ipvsadm -Ln -t 192.0.2.10:80", "lvs service show 192.0.2.10:80"},
		{"ipvsadm -Ln --stats --exact", "lvs stats"},
		{"ipvsadm -Ln --rate", "lvs stats --rate"},
		{"ipvsadm -Ln --thresholds", "lvs list --wide"},
		{"ipvsadm -Ln --persistent-conn", "lvs list --wide"},
		{"ipvsadm -Ln --tun-info", "lvs list --wide"},
		{"ipvsadm -Lcn", "lvs connections"},
		{"ipvsadm -L --timeout", "lvs timeouts"},
		{"ipvsadm -L --daemon", "lvs sync status"},
		{"ipvsadm -Z", "lvs zero"},
		{"ipvsadm -Z -t 192.0.2.10:80", "lvs zero 192.0.2.10:80"},
	}},
	{"Keeping", []pairing{
		{"ipvsadm -Sn > table.save", "lvs save -f table.save"},
		{"ipvsadm-save -n > table.save", "lvs save -f table.save"},
		{"ipvsadm -R < more.save", "lvs restore --merge -f more.save"},
		{"ipvsadm-restore < table.save", "lvs restore --yes -f table.save"},
	}},
	{"The rest", []pairing{
		{"ipvsadm --set 900 120 300", "lvs timeouts set --tcp 15m --tcp-fin 2m --udp 5m"},
		{"ipvsadm --set 0 0 60", "lvs timeouts set --udp 1m"},
		{"ipvsadm --start-daemon master --mcast-interface eth0 --syncid 7", "lvs sync start master -i eth0 --id 7"},
		{"ipvsadm --stop-daemon master", "lvs sync stop master"},
		{"ipvsadm -C", "lvs clear --yes"},
		{"ipvsadm -h", "lvs help"},
		{"ipvsadm -v", "lvs version"},
	}},
}

const compatDescription = `Called by the name ipvsadm, ipvsadm-save or ipvsadm-restore, lvs is that program:
it takes the same arguments, prints the same bytes on standard output and on
standard error, and ends with the same exit status. Without a link the word
ipvsadm does it:

  lvs ipvsadm -Ln
  lvs --netns director ipvsadm -Ln

What is printed was compared, command by command, with ipvsadm 1.31 of Debian.
ldirectord and Debian's ipvsadm service run on it as they are.`

const compatLinks = `The program looks at the name that it was called by, so links are all it takes:

  ln -s PROGRAM /usr/local/sbin/ipvsadm
  ln -s PROGRAM /usr/local/sbin/ipvsadm-save
  ln -s PROGRAM /usr/local/sbin/ipvsadm-restore

They serve whoever finds them in PATH before ipvsadm's own. Some callers know one
place only: ldirectord and Debian's init script say /sbin/ipvsadm. For them the
links have to stand in /usr/sbin, where ipvsadm must not be installed. The package
lvsctl-ipvsadm has them there, and takes the place of the package ipvsadm.

On Debian the removal of the package ipvsadm stops its service, which empties the
table if /etc/default/ipvsadm says AUTO="true": save the table first. The service's
script and its rules are configuration: they stay and work on with the links,
until the package is purged.`

// compatDifferences are all that the comparison leaves, each with its reason.
var compatDifferences = [][2]string{
	{"Help and version", `They need neither IPVS nor root, and help is in words of our own.`},
	{"Counters of servers", `They have 64 bits. ipvsadm shows the remainder after 2^32.`},
	{"Firewall marks", `They are unsigned. From 2147483648 on, ipvsadm prints and saves them as negative numbers,
which it cannot read.`},
	{"-L -c", `Entries longer than 256 bytes, of IPv6 with SIP, are one row. ipvsadm makes a second one of what is left.`},
	{"-R and ipvsadm-restore", `The whole input is read before anything is done: where a line is wrong nothing is
changed, and each wrong line is told with its number. ipvsadm does what stands before that line, and ipvsadm-restore has
emptied the table by then. The exit status tells of any line that failed; ipvsadm's is that of the last line. Quotes are
understood, and so are comments; a line cannot say -R.`},
	{"-M", `A mask may stand before the service, and is a whole number or mask that the service can have; else it is refused.
ipvsadm loses it, or reads something else.`},
	{"-b", `flag-3 of sh and mh is shown and saved. A list of commas alone is no flag; ipvsadm crashes.`},
	{"Addresses", `An IPv4 address in brackets is refused, as ipvsadm would lose its port, and so is one with text behind it.`},
}

// compatPage makes ipvsadm-compat(8), which belongs to no command.
func compatPage(name string) []byte {
	r := &roff{}
	r.line(`.\" Made by man/compat.go. Do not edit.`)
	r.line(".TH IPVSADM-COMPAT 8 %s lvs \"System Administration\"", date)
	r.section("NAME")
	r.line("ipvsadm\\-compat \\- %s in the place of ipvsadm", escape(name))
	r.section("SYNOPSIS")
	for _, program := range []string{"ipvsadm", "ipvsadm-save", "ipvsadm-restore", name + " ipvsadm"} {
		r.line(".B %s", escape(program))
		r.line("[ARGUMENT...]")
		r.line(".br")
	}
	r.section("DESCRIPTION")
	r.text(renamed(compatDescription, name))
	r.section("INSTALLING THE LINKS")
	program := "/usr/local/sbin/lvs"
	if name != "lvs" {
		program = "/usr/bin/" + name // where packages put it
	}
	r.text(strings.ReplaceAll(compatLinks, "PROGRAM", program))
	r.section("WHAT DIFFERS")
	for _, d := range compatDifferences {
		r.term(d[0], d[1])
	}
	r.section("FROM IPVSADM TO " + strings.ToUpper(name))
	r.text(renamed(`lvs has words of its own for each of these. Where ipvsadm -E and -e replace all that is known of a service or
server, lvs changes what is named and leaves the rest; where ipvsadm -S forgets thresholds, lvs save has them. lvs restore
changes what differs and undoes all of it if the kernel refuses a line. What cuts connections asks first; where nobody can be asked, as
in scripts, it needs --yes. Every command takes --netns, and -o json where it prints.`, name))
	for _, subject := range compatPairings {
		r.line(".SS %s", subject.title)
		for _, p := range subject.pairs {
			r.term(p.ipvsadm, renamed(p.lvs, name))
		}
	}
	r.section("EXIT STATUS")
	r.text(`That of ipvsadm: 0 done; 1 a list or a save failed; 2 an argument is wrong, or IPVS is not there; 255 the kernel
refused, or an option is unknown.`)
	r.section("SEE ALSO")
	r.line("%s", references([]string{"ipvsadm", "ipvsadm-restore", "ipvsadm-save", name, name + "-restore", name + "-save"}))
	return r.b
}
