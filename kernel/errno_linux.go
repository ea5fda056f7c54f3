package kernel

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// sentinel turns the kernel's error number into one of this package's errors.
// The op matters: ENOENT is a missing scheduler for a service and a missing
// server for a server. Every pair was seen in the lab (kernel/contract).
func sentinel(op Op, errno unix.Errno) error {
	switch errno {
	case unix.EEXIST:
		return ErrExists
	case unix.ESRCH:
		return ErrNoService
	case unix.ENOENT:
		switch {
		case op == 0: // the family of netlink messages has gone, with the module
			return ErrNotLoaded
		case op.OnServer():
			return ErrNoServer
		}
		return ErrNoScheduler
	case unix.ERANGE:
		return ErrRange
	case unix.EINVAL:
		return ErrInvalid
	case unix.EPERM, unix.EACCES:
		return ErrPermission
	case unix.EAFNOSUPPORT, unix.EPROTONOSUPPORT, unix.EOPNOTSUPP:
		return fmt.Errorf("%w (%w)", ErrNotSupported, errno)
	case unix.ENODEV:
		return ErrNoInterface
	case unix.ENOMEM, unix.ENOBUFS:
		return fmt.Errorf("%w (%w)", ErrNoMemory, errno)
	}
	return errno
}

// translate maps an error that may hold an error number.
func translate(op Op, err error) error {
	var errno unix.Errno
	if errors.As(err, &errno) {
		return sentinel(op, errno)
	}
	return err
}

// failure wraps the error of a request that concerns no single object. A
// cancelled wait stays the context's error.
func failure(op string, err error) error {
	if err == nil || isContext(err) {
		return err
	}
	return &Error{Op: op, Err: translate(0, err)}
}

// serviceFailure wraps the error of a request that concerns a service.
func serviceFailure(op string, id ServiceID, err error) error {
	if err == nil || isContext(err) {
		return err
	}
	return &Error{Op: op, Service: id, Err: translate(0, err)}
}

// changeFailure wraps the refusal of a change.
func changeFailure(c *Change, errno unix.Errno) *Error {
	e := &Error{Op: c.Op.String(), Service: c.Service.ServiceID, Err: sentinel(c.Op, errno)}
	if c.Op.OnServer() {
		e.Server = c.Server.Addr
	}
	return e
}

func isContext(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
