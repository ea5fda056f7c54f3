package kernel

import (
	"context"
	"io"
	"math"
	"time"

	"github.com/moby/ipvs"
	"github.com/sirupsen/logrus"
)

// What changes the whole table goes through moby/ipvs; see
// docs/decisions/0001-netlink-stack.md.

// Flush implements Kernel.
func (c *Client) Flush(ctx context.Context) error {
	return c.moby(ctx, "delete every service", (*ipvs.Handle).Flush)
}

// Timeouts implements Kernel. It does not go through moby/ipvs, which runs
// modprobe when it is first used: every comparison with a cluster file would.
func (c *Client) Timeouts(ctx context.Context) (t Timeouts, err error) {
	if err := ctx.Err(); err != nil {
		return t, err
	}
	c.sock.command(cmdGetConfig, 0)
	err = c.sock.exchange(func(b []byte) error {
		t, err = decodeTimeouts(b)
		return err
	})
	return t, failure("read the timeouts", err)
}

// SetTimeouts implements Kernel. Expect ErrInvalid.
func (c *Client) SetTimeouts(ctx context.Context, t Timeouts) error {
	const op = "set the timeouts"
	// moby/ipvs cuts seconds to 32 bits, which makes a good number of a bad one.
	for _, d := range []time.Duration{t.TCP, t.TCPFin, t.UDP} {
		if ctx.Err() == nil && (d < 0 || d/time.Second > math.MaxInt32) {
			return &Error{Op: op, Err: ErrInvalid}
		}
	}
	return c.moby(ctx, op, func(h *ipvs.Handle) error {
		return h.SetConfig(&ipvs.Config{TimeoutTCP: t.TCP, TimeoutTCPFin: t.TCPFin, TimeoutUDP: t.UDP})
	})
}

// moby runs one request of moby/ipvs in the client's namespace. It tries
// modprobe each time a program first uses it and logs when that fails; the
// module is loaded by then, so the log is turned off.
func (c *Client) moby(ctx context.Context, op string, do func(*ipvs.Handle) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	logrus.SetOutput(io.Discard)
	h, err := ipvs.New(c.ns.path)
	if err != nil {
		return failure(op, err)
	}
	defer h.Close()
	return failure(op, do(h))
}
