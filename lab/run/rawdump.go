package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"golang.org/x/sys/unix"
)

// rawDump reads the whole table by netlink and drops it: the least that a list
// costs with one datagram for each call. It sends one request for each service.
func rawDump(context.Context, string, []string, io.Writer) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_GENERIC)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	r := &rawReader{fd: fd, buffer: make([]byte, 64<<10)}
	family, err := r.family()
	if err != nil {
		return err
	}
	var services [][]byte
	err = r.dump(family, unixCmdGetService, nil, func(attrs []byte) {
		services = append(services, append([]byte(nil), attrs...))
	})
	for _, s := range services {
		if err == nil {
			err = r.dump(family, unixCmdGetDest, s, func([]byte) {})
		}
	}
	return err
}

// IPVS_CMD_GET_SERVICE and IPVS_CMD_GET_DEST of include/uapi/linux/ip_vs.h.
const (
	unixCmdGetService = 4
	unixCmdGetDest    = 8
)

// rawReader is a netlink socket.
type rawReader struct {
	fd     int
	buffer []byte
}

// family returns the number of the generic netlink family IPVS.
func (r *rawReader) family() (id uint16, err error) {
	name := append([]byte{9, 0, unix.CTRL_ATTR_FAMILY_NAME, 0}, "IPVS\x00\x00\x00\x00"...)
	if err := r.send(unix.GENL_ID_CTRL, unix.CTRL_CMD_GETFAMILY, 0, name); err != nil {
		return 0, err
	}
	n, _, err := unix.Recvfrom(r.fd, r.buffer, 0)
	if err != nil {
		return 0, err
	}
	for b := r.buffer[20:n]; len(b) >= 6; {
		size := int(binary.NativeEndian.Uint16(b))
		if size < 4 {
			break
		}
		if binary.NativeEndian.Uint16(b[2:]) == unix.CTRL_ATTR_FAMILY_ID {
			return binary.NativeEndian.Uint16(b[4:]), nil
		}
		b = b[min((size+3)&^3, len(b)):]
	}
	return 0, errors.New("this kernel has no IPVS")
}

// send sends one request.
func (r *rawReader) send(family uint16, cmd byte, flags uint16, attrs []byte) error {
	b := make([]byte, 20, 20+len(attrs))
	binary.NativeEndian.PutUint32(b, uint32(20+len(attrs)))
	binary.NativeEndian.PutUint16(b[4:], family)
	binary.NativeEndian.PutUint16(b[6:], unix.NLM_F_REQUEST|flags)
	b[16], b[17] = cmd, 1
	return unix.Sendto(r.fd, append(b, attrs...), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
}

// dump calls each with the attributes of every message of a dump.
func (r *rawReader) dump(family uint16, cmd byte, attrs []byte, each func(attrs []byte)) error {
	if err := r.send(family, cmd, unix.NLM_F_DUMP, attrs); err != nil {
		return err
	}
	for {
		n, _, err := unix.Recvfrom(r.fd, r.buffer, 0)
		if err != nil {
			return err
		}
		for b := r.buffer[:n]; len(b) >= 20; {
			size := int(binary.NativeEndian.Uint32(b))
			switch typ := binary.NativeEndian.Uint16(b[4:]); {
			case typ == unix.NLMSG_DONE:
				return nil
			case typ == unix.NLMSG_ERROR || size < 20 || size > len(b):
				return fmt.Errorf("dump: message type %d of %d bytes", typ, size)
			}
			each(b[20:size])
			b = b[min((size+3)&^3, len(b)):]
		}
	}
}
