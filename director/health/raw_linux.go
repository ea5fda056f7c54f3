package health

import (
	"encoding/binary"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// System calls on sockets that do not block, without a word to Go's scheduler. It would wake
// a thread of its own (sysmon) at the first call of each slot, to see whether the call blocks; that
// thread takes a fifth of the time of a check. None of these calls waits: the sockets have
// O_NONBLOCK, and the wait for events has no time.

// rawConnect begins to connect a socket. It returns 0 if it is connected already.
func rawConnect(fd int, to netip.AddrPort) unix.Errno {
	switch s := sockaddr(to).(type) {
	case *unix.SockaddrInet4:
		raw := unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: s.Addr}
		binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&raw.Port))[:], uint16(s.Port))
		return rawCall(unix.SYS_CONNECT, fd, unsafe.Pointer(&raw), unsafe.Sizeof(raw))
	case *unix.SockaddrInet6:
		raw := unix.RawSockaddrInet6{Family: unix.AF_INET6, Addr: s.Addr, Scope_id: s.ZoneId}
		binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&raw.Port))[:], uint16(s.Port))
		return rawCall(unix.SYS_CONNECT, fd, unsafe.Pointer(&raw), unsafe.Sizeof(raw))
	}
	return unix.EAFNOSUPPORT
}

func rawCall(number uintptr, fd int, p unsafe.Pointer, size uintptr) unix.Errno {
	_, _, errno := unix.RawSyscall(number, uintptr(fd), uintptr(p), size)
	return errno
}

// rawRead and rawWrite are for at least one byte.
func rawRead(fd int, b []byte) (n int, errno unix.Errno) {
	r, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	return int(r), errno
}

func rawWrite(fd int, b []byte) (n int, errno unix.Errno) {
	r, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	return int(r), errno
}

func rawClose(fd int) { _, _, _ = unix.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0) }

// rawEvents returns how many events there are at present.
func rawEvents(fd int, events []unix.EpollEvent) int {
	r, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(fd),
		uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), 0, 0, 0)
	if errno != 0 {
		return 0
	}
	return int(r)
}
