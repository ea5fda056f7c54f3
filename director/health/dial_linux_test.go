package health

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestDialTimeout checks that a connection that is given up is a timeout of the target, and
// no lack of this machine.
func TestDialTimeout(t *testing.T) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	at, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	port := uint16(at.(*unix.SockaddrInet4).Port)
	p := &Probe{Target: Target{Addr: netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port)}}
	// The queue takes one connection that nobody accepts.
	first, failed := dial(t.Context(), p, 0)
	if failed != nil {
		t.Fatal(*failed)
	}
	defer first.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	c, failed := dial(ctx, p, 0)
	if failed == nil {
		c.Close()
		t.Fatal("the queue took a second connection")
	}
	if failed.Outcome != Fail || failed.Reason != Timeout {
		t.Errorf("the result is %+v, want a timeout", *failed)
	}
}
