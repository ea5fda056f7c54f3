package health

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// phase is how far a probe has come.
type phase uint8

const (
	opening    phase = iota // the socket is made, and the kernel is asked to connect it
	connecting              // waiting for the connection
	talking                 // the connection is there
)

// failed returns what an error of the system means for the target.
func failed(t *Target, err error, at phase) Result {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded),
		errors.Is(err, net.ErrClosed), errors.Is(err, os.ErrClosed): // our own timer closes the connection
		if at == talking {
			return fail(Silent, "")
		}
		return fail(Timeout, "")
	case errors.Is(err, context.Canceled):
		return local("stopped")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fail(Closed, "")
	}
	var number syscall.Errno
	if errors.As(err, new(*netnsError)) || !errors.As(err, &number) {
		return local(err.Error())
	}
	return failedCall(t, number, at)
}

// failedCall is failed for the number of an error. Errors that it does not know are local:
// they prove nothing about the target.
func failedCall(t *Target, number syscall.Errno, at phase) Result {
	text := number.Error()
	switch number {
	case syscall.ECONNREFUSED:
		return fail(Refused, text)
	case syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED:
		return fail(Closed, text)
	case syscall.ETIMEDOUT:
		if at == talking {
			return fail(Silent, text)
		}
		return fail(Timeout, text)
	case syscall.EHOSTUNREACH, syscall.EHOSTDOWN:
		return fail(Unreachable, text)
	case syscall.ENETUNREACH, syscall.ENOPROTOOPT, syscall.EPROTO:
		// From the network it is an ICMP message of a router. When the kernel says it at once,
		// this machine has no route.
		if at == opening {
			return local(text)
		}
		return fail(Unreachable, text)
	case syscall.EPERM:
		// The packet was dropped on this machine: with a mark by IPVS, which has no server
		// for it; without one by a firewall.
		if t.Mark != 0 && at != opening {
			return fail(Unreachable, text)
		}
	}
	return local(text)
}

// netnsError is the error of a network namespace that cannot be entered.
type netnsError struct {
	path string
	err  error
}

func (e *netnsError) Error() string { return "network namespace " + e.path + ": " + e.err.Error() }
func (e *netnsError) Unwrap() error { return e.err }
