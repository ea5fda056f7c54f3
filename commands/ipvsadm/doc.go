// Package ipvsadm is ipvsadm: its command line, the text that ipvsadm -S writes and
// ipvsadm -R reads, and Program, which replaces the three programs ipvsadm,
// ipvsadm-save and ipvsadm-restore.
//
// One table of verbs, one of options (grammar.go) and one parser of a command line
// (command.go, readline.go, settle.go) serve every reader. What the parser accepts,
// what a value means and what is printed for a fault was found by running ipvsadm
// 1.31 on a real kernel. The lab compares both again, for each command line in
// testdata/oracle; differences.txt there has those for which Program differs, and
// why.
//
// ReadSave, which reads a text for lvs, accepts more than ipvsadm -R:
//
//   - a fault does not end the reading: all faults are collected, with line,
//     column and the wrong text;
//   - words may be quoted, and # begins a comment;
//   - a firewall mark of 2³¹ or more is written unsigned, and the negative number
//     that ipvsadm writes for it is read;
//   - a name in brackets is looked up as an IPv6 host, which ipvsadm writes but
//     cannot read;
//   - a mask or a prefix length means the same before and after the service;
//   - scheduler flag 3 of sh and mh is written as flag-3; ipvsadm writes an empty
//     word that it cannot read;
//   - a server keeps the port that is written, even if packets keep their port and
//     ipvsadm uses that of the service.
//
// It is stricter in three cases: an IPv6 prefix length must be a number as a whole
// (ipvsadm accepts 64x), a mask cannot be a host name, and an IPv4 address cannot
// have brackets (ipvsadm then loses the port).
package ipvsadm
