package safefile

import (
	"encoding/binary"
	"os"

	"golang.org/x/sys/unix"
)

// pathFlags open a folder on the way to a file, which needs no permission to read it.
const pathFlags = unix.O_PATH | unix.O_DIRECTORY

const accessList = "system.posix_acl_access"

// listed reports whether the access control list of a file lets a user or group write
// whom its mode does not name.
func listed(f *os.File) bool {
	list := accessListOf(f)
	if len(list) < 4 {
		return false
	}
	// A version, and entries of a tag, permissions and an ID (linux/posix_acl_xattr.h).
	const user, group, mask, write = 0x02, 0x08, 0x10, 2
	named, most := false, true
	for e := list[4:]; len(e) >= 8; e = e[8:] {
		can := binary.LittleEndian.Uint16(e[2:])&write != 0
		switch binary.LittleEndian.Uint16(e) {
		case user, group:
			named = named || can
		case mask:
			most = can
		}
	}
	return named && most
}

// accessListOf returns the access control list of a file as the kernel stores it. It is
// empty if the mode says everything.
func accessListOf(f *os.File) []byte {
	b := make([]byte, 4<<10)
	n, err := unix.Fgetxattr(int(f.Fd()), accessList, b)
	if err != nil {
		return nil
	}
	return b[:n]
}

func setAccessList(f *os.File, list []byte) error {
	return unix.Fsetxattr(int(f.Fd()), accessList, list, 0)
}
