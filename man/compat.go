package main

import "strings"

// pairing is a command of ipvsadm and the command of lvs that does the same. The
// pairings can be run in their order; a test runs both sides and compares.
type pairing struct{ ipvsadm, lvs string }

// compatPairings are listed in ipvsadm-compat(8), by subject.
var compatPairings = []struct {
	title string
	pairs []pairing
}{
	{"Services", []pairing{
		{"ipvsadm -A -t 192.0.2.10:80 -s wrr", "lvs service add 192.0.2.10:80 -s wrr"},
		{"ipvsadm -A -u 192.0.2.10:53 -s rr -o", "lvs service add udp://192.0.2.10:53 -s rr --ops"},
		{"ipvsadm -A -f 7 -6 -s sh -b sh-port", "lvs service add fwmark:7/ipv6 -s sh --sched-flags sh-port"},
		{"ipvsadm -A -t [2001:db8::10]:80", "lvs service add 'tcp://[2001:db8::10]:80'"},
		{"ipvsadm -E -t 192.0.2.10:80 -s wrr -p 600 -M 255.255.255.0",
			"lvs service edit 192.0.2.10:80 -s wrr --persistent=600 --netmask /24"},
		{"ipvsadm -E -t 192.0.2.10:80 -s wlc", "lvs service edit 192.0.2.10:80 -s wlc --persistent=none --netmask none"},
		{"ipvsadm -D -u 192.0.2.10:53", "lvs service delete udp://192.0.2.10:53 --yes"},
	}},
	{"Servers", []pairing{
		{"ipvsadm -a -t 192.0.2.10:80 -r 10.0.0.11", "lvs server add 192.0.2.10:80 10.0.0.11"},
		{"ipvsadm -a -t 192.0.2.10:80 -r 10.0.0.12:8080 -m -w 3", "lvs server add 192.0.2.10:80 10.0.0.12:8080 --nat -w 3"},
		{"ipvsadm -a -t 192.0.2.10:80 -r 198.51.100.7 -i --tun-type gue --tun-port 6080",
			"lvs server add 192.0.2.10:80 198.51.100.7 --tunnel --tun-type gue --tun-port 6080"},
		{"ipvsadm -e -t 192.0.2.10:80 -r 10.0.0.12:8080 -m -w 0", "lvs weight 192.0.2.10:80 10.0.0.12:8080 0 --yes"},
		{"ipvsadm -e -t 192.0.2.10:80 -r 10.0.0.11 -w 1 -x 200 -y 100",
			"lvs server edit 192.0.2.10:80 10.0.0.11 -w 1 --upper 200 --lower 100"},
		{"ipvsadm -e -t 192.0.2.10:80 -r 10.0.0.11 -w 5", "lvs server edit 192.0.2.10:80 10.0.0.11 -w 5 --upper 0 --lower 0"},
		{"ipvsadm -d -t 192.0.2.10:80 -r 10.0.0.12:8080", "lvs server delete 192.0.2.10:80 10.0.0.12:8080 --yes"},
	}},
	{"Show", []pairing{
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
	{"Save and restore", []pairing{
		{"ipvsadm -Sn > table.save", "lvs save -f table.save"},
		{"ipvsadm-save -n > table.save", "lvs save -f table.save"},
		{"ipvsadm -R < more.save", "lvs restore --merge -f more.save"},
		{"ipvsadm-restore < table.save", "lvs restore --yes -f table.save"},
	}},
	{"Other commands", []pairing{
		{"ipvsadm --set 900 120 300", "lvs timeouts set --tcp 15m --tcp-fin 2m --udp 5m"},
		{"ipvsadm --set 0 0 60", "lvs timeouts set --udp 1m"},
		{"ipvsadm --start-daemon master --mcast-interface eth0 --syncid 7", "lvs sync start master -i eth0 --id 7"},
		{"ipvsadm --stop-daemon master", "lvs sync stop master"},
		{"ipvsadm -C", "lvs clear --yes"},
		{"ipvsadm -h", "lvs help"},
		{"ipvsadm -v", "lvs version"},
	}},
}

const compatDescription = `If it is called by the name ipvsadm, ipvsadm-save or ipvsadm-restore, lvs works
as that program. Except for what DIFFERENCES lists, it takes the same arguments,
prints the same bytes on standard output and standard error, and returns the same
exit status. Without a link, use the command ipvsadm:

  lvs ipvsadm -Ln
  lvs --netns director ipvsadm -Ln

The output was compared, command by command, with ipvsadm 1.31 of Debian.
ldirectord and Debian's ipvsadm service work with lvs without a change.`

const compatLinks = `Only links are needed:

  ln -s PROGRAM /usr/local/sbin/ipvsadm
  ln -s PROGRAM /usr/local/sbin/ipvsadm-save
  ln -s PROGRAM /usr/local/sbin/ipvsadm-restore

They work for every caller that has /usr/local/sbin before /usr/sbin in PATH. Some
callers use a fixed path: ldirectord and Debian's init script run /sbin/ipvsadm. For
them, put the links into /usr/sbin; ipvsadm must not be installed there. The package
lvsctl-ipvsadm does this. It cannot be installed beside the package ipvsadm.

When the package ipvsadm is removed, Debian stops its service. This clears the table
if /etc/default/ipvsadm contains AUTO="true", so save the table first. The script
of the service and its rules are configuration files: they stay, and work with the
links, until the package is purged.`

// compatDifferences are the only differences that the comparison found.
var compatDifferences = [][2]string{
	{"Help and version", `They need neither IPVS nor root, and the help text is our own.`},
	{"Counters of servers", `They have 64 bits. ipvsadm shows only the lower 32 bits.`},
	{"Firewall marks", `They are unsigned. ipvsadm prints and saves marks from 2147483648 on as negative numbers,
which it cannot read.`},
	{"-L -c", `ipvsadm breaks a row of more than 256 bytes (IPv6 with SIP) in two; lvs does not. The kernel repeats
and leaves out entries while its table changes; lvs lists each once, and reads again where that helps.`},
	{"-R and ipvsadm-restore", `The whole input is read and checked first. If a line is wrong, nothing is changed, and
each wrong line is reported with its number. ipvsadm carries out the lines before the wrong one, and ipvsadm-restore has
already cleared the table. The exit status is not 0 if any line failed; with ipvsadm it depends on the last line only.
Quotes and comments are accepted. -R in a line is an error. ipvsadm-restore does not clear the table first: what is the
same, and at the same place in the kernel's order, stays; a server at another place is deleted and added again.`},
	{"-M", `The mask can come before the service, as in -A -M 64 -t [2001:db8::10]:80 -p; ipvsadm ignores such a mask, or
reads another value. A mask that the service cannot have, such as -M 64x, is an error; ipvsadm reads 64.`},
	{"-b", `flag-3 of sh and mh is shown and saved. A list of commas only is an error; ipvsadm crashes.`},
	{"Addresses", `An IPv4 address in brackets is an error, because ipvsadm would lose its port. An address that is
followed by other text is an error too.`},
}

const compatCommands = `lvs has a command of its own for each command of ipvsadm. These points differ:

ipvsadm -E and -e replace all settings of a service or server. lvs changes only the
settings that you give.

ipvsadm -S does not save thresholds. lvs save does.

lvs restore changes only what is different, and undoes everything if the kernel
refuses a line.

A command that ends connections asks first. Without a terminal, for example in a
script, it needs --yes.

Every command takes --netns, and those that print results take -o json.

lvs list --wide has all columns: UPPER and LOWER are the thresholds (--thresholds),
CLIENTS the clients bound by persistence (--persistent-conn), and TUNNEL is the
encapsulation (--tun-info).`

// compatPage returns ipvsadm-compat(8), the page that does not come from a command.
func compatPage(name string) []byte {
	r := &roff{}
	r.line(`.\" Made by man/compat.go. Do not edit.`)
	r.line(".TH IPVSADM-COMPAT 8 %s lvs \"System Administration\"", date)
	r.section("NAME")
	r.line("ipvsadm\\-compat \\- %s in place of ipvsadm", escape(name))
	r.section("SYNOPSIS")
	for _, program := range []string{"ipvsadm", "ipvsadm-save", "ipvsadm-restore", name + " ipvsadm"} {
		r.line(".B %s", escape(program))
		r.line("[ARGUMENT...]")
		r.line(".br")
	}
	r.section("DESCRIPTION")
	r.text(renamed(compatDescription, name))
	r.section("INSTALLING THE LINKS")
	program := "/usr/local/bin/lvsctl" // the path of make install
	if name != "lvs" {
		program = "/usr/bin/" + name // the path in packages
	}
	r.text(strings.ReplaceAll(compatLinks, "PROGRAM", program))
	r.section("DIFFERENCES")
	for _, d := range compatDifferences {
		r.term(d[0], renamed(d[1], name))
	}
	r.section("EXIT STATUS")
	r.text(`The exit status is that of ipvsadm:

  0    done
  1    cannot list or save the table
  2    an argument is invalid, or IPVS is not available
  255  the kernel refused the change, or an option is unknown`)
	r.section("FROM IPVSADM TO " + strings.ToUpper(name))
	r.text(renamed(compatCommands, name))
	for _, subject := range compatPairings {
		r.line(".SS %s", subject.title)
		for _, p := range subject.pairs {
			r.term(p.ipvsadm, renamed(p.lvs, name))
		}
	}
	r.section("SEE ALSO")
	others := []string{"ipvsadm", "ipvsadm-restore", "ipvsadm-save", name, name + "-restore", name + "-save"}
	r.line("%s", references(others))
	return r.b
}
