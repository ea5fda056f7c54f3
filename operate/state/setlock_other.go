//go:build unix && !linux

package state

import "golang.org/x/sys/unix"

// setLock locks a part of a file for the process. That is enough to build and test lvs
// where there is no IPVS.
const setLock = unix.F_SETLK
