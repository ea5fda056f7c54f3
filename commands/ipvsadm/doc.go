// Package ipvsadm is ipvsadm: its language, the text that ipvsadm -S writes and
// ipvsadm -R reads, and Program, which takes the place of the three programs
// themselves. Nothing else in the program knows this language.
//
// One table of verbs (verb.go), one of options (option.go) and one parser of a
// command line (command.go, readline.go, settle.go) serve every reader. What the
// parser accepts, what a value means and what is said of a fault was found by
// running ipvsadm 1.31 against a real kernel; the lab asks it again, for each
// command line in testdata/oracle. differences.txt there has those at which
// Program differs, and why.
//
// Where a text for lvs (ParseSave, ReadSave) may say more than one for ipvsadm:
//
//   - a fault does not end the reading: all faults are collected, with line,
//     column and the offending text;
//   - words may be quoted, and # begins a comment;
//   - a firewall mark of 2³¹ or more is written unsigned, and the negative
//     number that ipvsadm writes for it is read;
//   - a name in brackets is looked up as an IPv6 host, which ipvsadm writes but
//     cannot read;
//   - a mask or a prefix length means the same before and after the service;
//   - scheduler flag 3 of sh and mh is written flag-3, where ipvsadm writes an
//     empty word that it cannot read;
//   - a server keeps the port that is written, also where packets are not
//     rewritten and ipvsadm takes the service's.
//
// And where it is narrower: an IPv6 prefix length must be a number as a whole
// (ipvsadm takes 64x), a mask is no host name, and IPv4 addresses have no
// brackets (ipvsadm then loses the port).
package ipvsadm
