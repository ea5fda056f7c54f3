package kernel

import (
	"context"
	"errors"
	"io"
	"math"
	"time"

	"github.com/moby/ipvs"
	"github.com/sirupsen/logrus"
	"golang.org/x/sys/unix"
)

// batchLen is the number of changes in one send. The kernel answers each refusal
// with a message, and all refusals of a batch must fit the receive buffer of an
// unprivileged socket (net.core.rmem_default, 208 KiB).
const batchLen = 128

// Apply implements Kernel. Only the last message of a batch asks for an
// acknowledgement; the kernel reports refusals unasked.
func (c *Client) Apply(ctx context.Context, changes []Change) error {
	var refused Refusals
	for i := range changes {
		if c := &changes[i]; !c.sound() {
			refused = append(refused, Refusal{Index: i, Err: changeFailure(c, unix.EINVAL)})
		}
	}
	if len(refused) > 0 {
		return refused
	}
	for at := 0; at < len(changes); at += batchLen {
		if err := ctx.Err(); err != nil {
			return errors.Join(err, refused.orNil())
		}
		batch := changes[at:min(at+batchLen, len(changes))]
		errs, err := c.sock.batch(batch)
		if err != nil {
			return errors.Join(failure("change the table", err), refused.orNil())
		}
		for _, r := range errs {
			refused = append(refused, Refusal{Index: at + r.index, Err: changeFailure(&batch[r.index], r.errno)})
		}
	}
	c.explain(ctx, changes, refused)
	return refused.orNil()
}

// orNil returns nil for an empty list, so that it does not become an error.
func (r Refusals) orNil() error {
	if len(r) == 0 {
		return nil
	}
	return r
}

// refusal is the index of a change in its batch and the kernel's reason.
type refusal struct {
	index int
	errno unix.Errno
}

// batch sends changes in one message and returns the refusals.
func (s *socket) batch(changes []Change) ([]refusal, error) {
	first := s.seq + 1
	s.out = s.out[:0]
	for i := range changes {
		s.seq++
		var flags uint16
		if i == len(changes)-1 {
			flags = flagAck
		}
		s.out = appendRequest(s.out, s.family, &changes[i], flags, s.seq)
	}
	if err := s.send(s.out, false); err != nil {
		return nil, err
	}
	var refused []refusal
	for {
		b, err := s.in.receive(s.fd)
		if err != nil {
			return refused, err
		}
		for m, err := range messages(b) {
			if err != nil {
				return refused, err
			}
			index := int(m.Seq - first)
			if m.Type != msgError || index < 0 || index >= len(changes) {
				continue
			}
			n, err := m.errno()
			if err != nil {
				return refused, err
			}
			if n != 0 {
				refused = append(refused, refusal{index, unix.Errno(n)})
			}
			if m.Seq == s.seq {
				return refused, nil
			}
		}
	}
}

// Zero implements Kernel.
func (c *Client) Zero(ctx context.Context, only ...ServiceID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(only) == 0 {
		c.sock.command(cmdZero, flagAck)
		return failure("zero the counters", c.sock.exchange(ignore))
	}
	for _, id := range only {
		c.sock.command(cmdZero, flagAck)
		c.sock.out = appendServiceID(c.sock.out, id)
		if err := c.sock.exchange(ignore); err != nil {
			return serviceFailure("zero the counters of", id, err)
		}
	}
	return nil
}

func ignore([]byte) error { return nil }

// Flush implements Kernel. It and SetTimeouts, which concern the whole table, go
// through moby/ipvs; see docs/decisions/0001-netlink-stack.md.
func (c *Client) Flush(ctx context.Context) error {
	return c.moby(ctx, "delete every service", (*ipvs.Handle).Flush)
}

// Timeouts implements Kernel. It does not go through moby/ipvs, which runs
// modprobe at its first use: every comparison with a cluster file would run it.
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
	// moby/ipvs cuts seconds to 32 bits, which turns an invalid number into a valid one.
	for _, d := range []time.Duration{t.TCP, t.TCPFin, t.UDP} {
		if ctx.Err() == nil && (d < 0 || d/time.Second > math.MaxInt32) {
			return &Error{Op: op, Err: ErrInvalid}
		}
	}
	return c.moby(ctx, op, func(h *ipvs.Handle) error {
		return h.SetConfig(&ipvs.Config{TimeoutTCP: t.TCP, TimeoutTCPFin: t.TCPFin, TimeoutUDP: t.UDP})
	})
}

// moby runs one request through moby/ipvs in the client's namespace. When a
// program first uses it, moby/ipvs runs modprobe and logs its failure. The module
// is loaded by then, so the log is turned off.
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
