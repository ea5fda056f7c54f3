// Package safefile opens folders and files in places where another user may have
// prepared something: a symbolic link, a pipe, a file that belongs to them. It never
// waits for the other end of a pipe. docs/decisions/0022-safe-files.md has the rules.
package safefile

import (
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// Reason is why a file or folder is not used.
type Reason int

// The reasons.
const (
	// Link is a symbolic link where none is followed.
	Link Reason = iota + 1
	// Planted is a symbolic link, or what it would replace, that another user made or
	// could replace.
	Planted
	// NotRegular is a pipe, a device or the like in place of a file, NotFolder any file
	// in place of a folder.
	NotRegular
	NotFolder
	// Foreign belongs to another user than root and this one.
	Foreign
	// Writable can be written by every user, GroupWritable by a group that is not
	// trusted, ListWritable by users or groups of its access control list.
	Writable
	GroupWritable
	ListWritable
	// Sticky is a folder of a group in which nobody can replace the files of others.
	Sticky
	// Name is a name that has a slash or begins with a dot.
	Name
)

// UntrustedError means that a file or folder is not used, because another user could have
// made or changed it.
type UntrustedError struct {
	Path   string
	Reason Reason
	// Mode is its permission bits.
	Mode fs.FileMode
}

func (e *UntrustedError) Error() string { return e.Path + " is not safe: " + e.why() }

func (e *UntrustedError) why() string {
	switch e.Reason {
	case Link:
		return "it is a symbolic link"
	case Planted:
		return "another user could have made it"
	case NotRegular:
		return "it is not a regular file"
	case NotFolder:
		return "it is not a folder"
	case Foreign:
		return "it belongs to another user"
	case Writable:
		return fmt.Sprintf("other users can write to it (mode %04o)", e.Mode)
	case GroupWritable:
		return fmt.Sprintf("its group can write to it (mode %04o)", e.Mode)
	case ListWritable:
		return "other users can write to it (access control list)"
	case Sticky:
		return fmt.Sprintf("its group cannot replace files in it (sticky, mode %04o)", e.Mode)
	default:
		return "invalid name"
	}
}

// checkName refuses a name that could lead out of a folder, or to a hidden file.
func checkName(folder, name string) error {
	if name == "" || name[0] == '.' {
		return &UntrustedError{Path: folder + "/" + name, Reason: Name}
	}
	for i := range len(name) {
		if name[i] == '/' || name[i] == 0 {
			return &UntrustedError{Path: folder + "/" + name, Reason: Name}
		}
	}
	return nil
}

// permissions returns the mode's permission bits as chmod writes them.
func permissions(st *unix.Stat_t) fs.FileMode { return fs.FileMode(st.Mode & 0o7777) }

func is(st *unix.Stat_t, kind uint32) bool { return uint32(st.Mode)&unix.S_IFMT == kind }

// ours reports whether root or this user owns a file.
func ours(st *unix.Stat_t) bool { return st.Uid == 0 || int(st.Uid) == os.Geteuid() }

// others reports whether every user can write.
func others(st *unix.Stat_t) bool { return st.Mode&0o002 != 0 }

// group reports whether a group can write. If there is an access control list, the bit
// is set if any user or group of the list can.
func group(st *unix.Stat_t) bool { return st.Mode&0o020 != 0 }

// again calls do until no signal interrupts it.
func again(do func() error) error {
	for {
		if err := do(); err != unix.EINTR {
			return err
		}
	}
}

func fault(op, path string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: path, Err: err}
}
