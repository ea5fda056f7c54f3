package kernel

import "strings"

// cookieMark precedes the number of a namespace in an identity, if it is one that the
// kernel never gives again.
const cookieMark = "netns-"

// Lasting reports whether no other table ever has an identity, which Identity returned.
// Otherwise another namespace may get it: it is from a kernel before Linux 5.14, or from
// a version of lvs that used the inode everywhere.
func Lasting(identity string) bool {
	_, number, _ := strings.Cut(identity, "/")
	return strings.HasPrefix(number, cookieMark)
}
