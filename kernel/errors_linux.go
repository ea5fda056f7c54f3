package kernel

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// sentinel returns this package's error for an error number. ENOENT depends on op:
// for a service it is a missing scheduler, for a server a missing server. The
// lab's kernels return every pair (kernel/contract).
func sentinel(op Op, errno unix.Errno) error {
	switch errno {
	case unix.EEXIST:
		return ErrExists
	case unix.ESRCH:
		return ErrNoService
	case unix.ENOENT:
		switch {
		case op == 0: // the netlink family went away with the module
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

// translate replaces an error that wraps an error number by the sentinel.
func translate(op Op, err error) error {
	var errno unix.Errno
	if errors.As(err, &errno) {
		return sentinel(op, errno)
	}
	return err
}

// failure wraps the error of a request that concerns no single object. The
// context's own error is returned as it is.
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
	if e.Err == ErrNoScheduler {
		e.Err = NoScheduler(&c.Service)
	}
	return e
}

func isContext(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
