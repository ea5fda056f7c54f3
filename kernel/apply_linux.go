package kernel

import (
	"context"
	"errors"

	"golang.org/x/sys/unix"
)

// batchLen is how many changes go out in one send. Each refusal comes back as
// a message of its own, and all of a batch must fit the receive buffer that an
// unprivileged socket has (net.core.rmem_default, 208 KiB).
const batchLen = 128

// Apply implements Kernel. Only the last message of a batch asks for an
// acknowledgement; a refusal is answered unasked.
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
	return refused.orNil()
}

// orNil keeps an empty list from becoming an error.
func (r Refusals) orNil() error {
	if len(r) == 0 {
		return nil
	}
	return r
}

// refusal is a change of a batch and why the kernel refused it.
type refusal struct {
	index int
	errno unix.Errno
}

// batch sends changes in one go and gathers the refusals.
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
