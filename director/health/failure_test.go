package health

import (
	"context"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
)

func TestFailed(t *testing.T) {
	call := func(number syscall.Errno) error {
		return &net.OpError{Op: "read", Err: os.NewSyscallError("read", number)}
	}
	tests := []struct {
		name    string
		err     error
		at      phase
		mark    uint32
		outcome Outcome
		reason  Reason
	}{
		{"refused", call(syscall.ECONNREFUSED), opening, 0, Fail, Refused},
		{"no answer to the first packet", os.ErrDeadlineExceeded, connecting, 0, Fail, Timeout},
		{"no answer later", os.ErrDeadlineExceeded, talking, 0, Fail, Silent},
		{"closed by our timer", net.ErrClosed, talking, 0, Fail, Silent},
		{"the context's time is over", context.DeadlineExceeded, connecting, 0, Fail, Timeout},
		{"given up", context.Canceled, talking, 0, Local, NoLocal},
		{"end", io.EOF, talking, 0, Fail, Closed},
		{"reset", call(syscall.ECONNRESET), talking, 0, Fail, Closed},
		{"the kernel gave up", call(syscall.ETIMEDOUT), connecting, 0, Fail, Timeout},
		{"host unreachable", call(syscall.EHOSTUNREACH), connecting, 0, Fail, Unreachable},
		{"a router has no route", call(syscall.ENETUNREACH), connecting, 0, Fail, Unreachable},
		{"no route here", call(syscall.ENETUNREACH), opening, 0, Local, NoLocal},
		{"a firewall here", call(syscall.EPERM), talking, 0, Local, NoLocal},
		{"IPVS has no server", call(syscall.EPERM), talking, 7, Fail, Unreachable},
		{"not permitted to set the mark", call(syscall.EPERM), opening, 7, Local, NoLocal},
		{"files", call(syscall.EMFILE), opening, 0, Local, NoLocal},
		{"files of the machine", call(syscall.ENFILE), opening, 0, Local, NoLocal},
		{"ports", call(syscall.EADDRNOTAVAIL), opening, 0, Local, NoLocal},
		{"memory", call(syscall.ENOMEM), opening, 0, Local, NoLocal},
		{"buffers", call(syscall.ENOBUFS), talking, 0, Local, NoLocal},
		{"an error without a number", io.ErrShortBuffer, talking, 0, Local, NoLocal},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := failed(&Target{Mark: test.mark}, test.err, test.at)
			if r.Outcome != test.outcome || r.Reason != test.reason {
				t.Errorf("got %+v, want outcome %d, %s", r, test.outcome, test.reason)
			}
		})
	}
}
