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
	// dumpTries bounds how often an interrupted dump is read again.
	dumpTries = 10
	// capAck keeps the request out of an error's answer (NETLINK_CAP_ACK).
	capAck = 10
)

var errInterrupted = errors.New("the table changed while it was read")

// socket is a generic netlink socket bound to the IPVS family. Its buffers are
// used again for every exchange.
type socket struct {
	nl     *nl.NetlinkSocket
	fd     int
	family uint16
	seq    uint32
	out    []byte
	in     *receiver
	alone  bool // see Options
}

// openSocket opens a socket in a namespace and asks for the IPVS family. Asking
// makes the kernel load ip_vs.
func openSocket(ns netns.NsHandle, alone bool) (*socket, error) {
	s, err := nl.GetNetlinkSocketAt(ns, netns.None(), unix.NETLINK_GENERIC)
	if err != nil {
		return nil, err
	}
	k := &socket{nl: s, fd: s.GetFd(), in: newReceiver(alone), alone: alone}
	_ = unix.SetsockoptInt(k.fd, unix.SOL_NETLINK, capAck, 1) // Linux 4.3; only saves room
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

// exchange sends the request in the send buffer and hands the attributes of
// each answer to the caller. Errors of the kernel are unix.Errno.
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

// send hands a request to the kernel, which carries it out before this returns.
// A change may take long whoever asks for it, for it can load a module.
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

// receiveOne takes a single answer: a message, or an error number.
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

// receiveDump takes the parts of a dump up to its end. A dump that the kernel
// marks as interrupted is read to its end too, then reported.
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

// again repeats a read whose dump was interrupted.
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
