package state

import "golang.org/x/sys/unix"

// setLock locks a part of a file for the open file, not for the process (fcntl(2)).
const setLock = unix.F_OFD_SETLK
