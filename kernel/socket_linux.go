package kernel

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/vishvananda/netlink/nl"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

const (
	// dumpTries is how often a dump is read if it is interrupted each time.
	dumpTries = 10
	// capAck omits the request from the answer to it (NETLINK_CAP_ACK).
	capAck = 10
)

var errInterrupted = errors.New("the table changed while it was read")

// socket is a generic netlink socket for the IPVS family. Every exchange reuses its
// buffers.
type socket struct {
	nl     *nl.NetlinkSocket
	fd     int
	family uint16
	seq    uint32
	out    []byte
	in     *receiver
	alone  bool // see Options
}

// openSocket opens a socket in a namespace and asks for the IPVS family, which makes
// the kernel load ip_vs.
func openSocket(ns netns.NsHandle, alone bool) (*socket, error) {
	s, err := nl.GetNetlinkSocketAt(ns, netns.None(), unix.NETLINK_GENERIC)
	if err != nil {
		return nil, err
	}
	k := &socket{nl: s, fd: s.GetFd(), in: newReceiver(alone), alone: alone}
	_ = unix.SetsockoptInt(k.fd, unix.SOL_NETLINK, capAck, 1) // from Linux 4.3; only saves space
	if k.family, err = k.findFamily(); err != nil {
		k.close()
		return nil, err
	}
	return k, nil
}

func (s *socket) close() { s.nl.Close() }

func (s *socket) findFamily() (uint16, error) {
	s.begin(ctrlID, ctrlGetFamily, 0)
	s.out = appendText(s.out, ctrlFamilyName, genlName)
	var id uint16
	err := s.exchange(func(b []byte) error {
		data, err := nested(b, ctrlFamilyID)
		id = uint16(attr{Data: data}.number())
		return err
	})
	if errors.Is(err, unix.ENOENT) {
		return 0, ErrNotLoaded
	}
	return id, err
}

// begin starts a request in the send buffer.
func (s *socket) begin(family uint16, cmd uint8, flags uint16) {
	s.seq++
	s.out = beginMessage(s.out[:0], family, cmd, flags, s.seq)
}

// command starts a request of the IPVS family.
func (s *socket) command(cmd uint8, flags uint16) { s.begin(s.family, cmd, flags) }

// exchange sends the request in the send buffer and calls each with the attributes
// of each answer. Errors from the kernel are unix.Errno.
func (s *socket) exchange(each func(attrs []byte) error) error {
	dump := host.Uint16(s.out[6:])&flagDump != 0
	if err := s.send(endMessage(s.out, 0), dump); err != nil {
		return err
	}
	if dump {
		return s.receiveDump(each)
	}
	return s.receiveOne(each)
}

// send passes a request to the kernel, which completes it before send returns. A
// change always goes through the Go scheduler: it may load a module, which takes
// long.
func (s *socket) send(b []byte, read bool) error {
	s.in.drop()
	for {
		var err error
		if read && s.alone {
			err = s.sendRaw(b)
		} else {
			err = unix.Sendto(s.fd, b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
		}
		switch err {
		case nil:
			return nil
		case unix.EINTR:
			continue
		}
		return fmt.Errorf("send to the kernel: %w", err)
	}
}

func (s *socket) sendRaw(b []byte) error {
	to := unix.RawSockaddrNetlink{Family: unix.AF_NETLINK}
	_, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(s.fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)),
		0, uintptr(unsafe.Pointer(&to)), unix.SizeofSockaddrNetlink)
	if errno != 0 {
		return errno
	}
	return nil
}

// receiveOne receives a single answer: a message, or an error number.
func (s *socket) receiveOne(each func(attrs []byte) error) error {
	for {
		b, err := s.in.receive(s.fd)
		if err != nil {
			return err
		}
		for m, err := range messages(b) {
			if err != nil {
				return err
			}
			if m.Seq != s.seq {
				continue
			}
			if m.Type == msgError {
				return kernelErrno(m)
			}
			body, err := m.payload()
			if err != nil {
				return err
			}
			return each(body)
		}
	}
}

// receiveDump receives the parts of a dump up to its end, also if the kernel marks
// it as interrupted: then it returns errInterrupted.
func (s *socket) receiveDump(each func(attrs []byte) error) error {
	interrupted := false
	var failed error
	for {
		b, err := s.in.receive(s.fd)
		if err != nil {
			return err
		}
		for m, err := range messages(b) {
			if err != nil {
				return err
			}
			if m.Seq != s.seq {
				continue
			}
			interrupted = interrupted || m.Flags&flagDumpIntr != 0
			switch m.Type {
			case msgError:
				return kernelErrno(m)
			case msgDone:
				if failed == nil && interrupted {
					failed = errInterrupted
				}
				if failed == nil {
					failed = kernelErrno(m)
				}
				return failed
			}
			body, err := m.payload()
			if err == nil && failed == nil {
				err = each(body)
			}
			if failed == nil {
				failed = err
			}
		}
	}
}

// again calls read until its dump is not interrupted, up to dumpTries times.
func again(read func() error) error {
	for range dumpTries {
		if err := read(); !errors.Is(err, errInterrupted) {
			return err
		}
	}
	return fmt.Errorf("%w, %d times in a row", errInterrupted, dumpTries)
}

func kernelErrno(m message) error {
	n, err := m.errno()
	if err != nil || n == 0 {
		return err
	}
	return unix.Errno(n)
}

const (
	// datagramLen is the largest datagram of a dump: the kernel fills up to 32 KiB
	// if the reader's buffer holds them (netlink_recvmsg).
	datagramLen = 32 << 10
	// datagrams is the number received in one call. The end of a dump is a separate
	// datagram, so most services need two.
	datagrams = 2
	// patienceMillis limits the wait for an answer. The kernel answers within the
	// call that sends the request, so the answer should be there already.
	patienceMillis = 100
)

var (
	errTruncated = errors.New("the kernel's answer is larger than 32 KiB")
	errNoAnswer  = errors.New("no answer from the kernel")
)

// receiver receives datagrams from a socket, several per call, into buffers that it
// reuses.
type receiver struct {
	buffers [datagrams][]byte
	vectors [datagrams]unix.Iovec
	headers [datagrams]multiHeader
	have    int // datagrams received
	next    int // the first of them that was not returned yet
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

// drop discards the datagrams that were received and not returned yet.
func (r *receiver) drop() { r.next = r.have }

// receive returns the next datagram. It is valid until the next call.
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

// call receives the datagrams that are there. Meanwhile the kernel fills the next
// ones of a dump, and may have to wait for its lock.
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
