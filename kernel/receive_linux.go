package kernel

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// datagramLen is the largest datagram of a dump: the kernel fills up to
	// 32 KiB at a time when the reader's buffer holds it (netlink_recvmsg).
	datagramLen = 32 << 10
	// datagrams is how many are taken in one call. The end of a dump is a
	// datagram of its own, so most services need two.
	datagrams = 2
	// patienceMillis bounds the wait for an answer. The kernel gives it within
	// the call that asks, so it should be there already.
	patienceMillis = 100
)

var (
	errTruncated = errors.New("the kernel's answer is larger than the 32 KiB it should be")
	errNoAnswer  = errors.New("the kernel gives no answer")
)

// receiver takes datagrams off a socket, several a call, into buffers that are
// used again.
type receiver struct {
	buffers [datagrams][]byte
	vectors [datagrams]unix.Iovec
	headers [datagrams]multiHeader
	have    int // datagrams received
	next    int // of these, the first not handed out
	alone   bool
}

// multiHeader is struct mmsghdr, which x/sys does not have.
type multiHeader struct {
	header unix.Msghdr
	length uint32
}

func newReceiver(alone bool) *receiver {
	r := &receiver{alone: alone}
	for i := range r.buffers {
		r.buffers[i] = make([]byte, datagramLen)
		r.vectors[i].Base = &r.buffers[i][0]
		r.vectors[i].SetLen(datagramLen)
		r.headers[i].header.Iov = &r.vectors[i]
		r.headers[i].header.SetIovlen(1)
	}
	return r
}

// drop forgets what was received and not yet handed out.
func (r *receiver) drop() { r.next = r.have }

// receive gives the next datagram. It is valid until the next call.
func (r *receiver) receive(fd int) ([]byte, error) {
	if r.next == r.have {
		n, err := r.fill(fd)
		if err != nil {
			return nil, err
		}
		r.have, r.next = n, 0
	}
	h := &r.headers[r.next]
	b := r.buffers[r.next][:h.length]
	r.next++
	if h.header.Flags&unix.MSG_TRUNC != 0 {
		return nil, errTruncated
	}
	return b, nil
}

func (r *receiver) fill(fd int) (int, error) {
	waited := false
	for {
		n, errno := r.call(fd)
		switch {
		case errno == 0:
			return int(n), nil
		case errno == unix.EINTR:
			continue
		case errno == unix.EAGAIN && waited:
			return 0, errNoAnswer
		case errno != unix.EAGAIN:
			return 0, fmt.Errorf("receive from the kernel: %w", errno)
		}
		ready, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, patienceMillis)
		if err != nil && err != unix.EINTR {
			return 0, fmt.Errorf("wait for the kernel: %w", err)
		}
		waited = err == nil && ready == 0
	}
}

// call takes what is there. The kernel fills the next datagrams of a dump
// meanwhile, and may have to wait for its lock.
func (r *receiver) call(fd int) (n uintptr, errno unix.Errno) {
	if r.alone {
		n, _, errno = unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(&r.headers[0])),
			datagrams, unix.MSG_WAITFORONE, 0, 0)
	} else {
		n, _, errno = unix.Syscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(&r.headers[0])),
			datagrams, unix.MSG_WAITFORONE, 0, 0)
	}
	return n, errno
}
