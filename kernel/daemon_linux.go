package kernel

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"slices"

	"golang.org/x/sys/unix"
)

// Interfaces implements Kernel.
func (c *Client) Interfaces(ctx context.Context) ([]string, error) {
	out := []string{}
	err := c.read(ctx, "list the network interfaces", procNet+"dev", func(r io.Reader) error {
		for line, err := range lines(r, readLen) {
			if err != nil {
				return err
			}
			// The two title lines have no colon, and no name contains one.
			if name, _, ok := bytes.Cut(line, []byte(":")); ok {
				out = append(out, string(bytes.TrimSpace(name)))
			}
		}
		return nil
	})
	slices.Sort(out)
	return out, err
}

// Daemons implements Kernel.
func (c *Client) Daemons(ctx context.Context) ([]Daemon, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	out := []Daemon{}
	err := again(func() error {
		out = out[:0]
		c.sock.command(cmdGetDaemon, flagDump)
		return c.sock.exchange(func(b []byte) error {
			data, err := nested(b, attrDaemon)
			if err != nil {
				return err
			}
			d, err := decodeDaemon(data)
			out = append(out, d)
			return err
		})
	})
	slices.SortFunc(out, func(a, b Daemon) int { return cmp.Compare(a.Role, b.Role) })
	return out, failure("list the sync daemons", err)
}

// StartDaemon implements Kernel. It may return ErrExists, ErrNoInterface or
// ErrInvalid.
func (c *Client) StartDaemon(ctx context.Context, d Daemon) error {
	err := c.daemon(ctx, cmdNewDaemon, "start the sync "+d.Role.String(), d)
	if refused := (*Error)(nil); errors.As(err, &refused) && errors.Is(err, ErrInvalid) && c.mixed(ctx) {
		refused.Err = ErrMixedFamilies
	}
	return err
}

// mixed reports whether a service has a server of the other family.
func (c *Client) mixed(ctx context.Context) bool {
	s, err := c.Snapshot(ctx)
	return err == nil && slices.ContainsFunc(s.Services, func(e ServiceEntry) bool {
		return slices.ContainsFunc(e.Servers, func(v ServerEntry) bool { return FamilyOf(v.Addr.Addr()) != e.Family })
	})
}

// StopDaemon implements Kernel. It may return ErrNoDaemon.
func (c *Client) StopDaemon(ctx context.Context, r Role) error {
	err := c.daemon(ctx, cmdDelDaemon, "stop the sync "+r.String(), Daemon{Role: r})
	if !errors.Is(err, errNoAnswer) {
		return err
	}
	// A daemon that is stopped before it ever ran ends with EINTR (kthread_stop),
	// which netlink does not answer (netlink_rcv_skb). It has stopped nevertheless.
	running, errList := c.Daemons(ctx)
	if errList != nil || slices.ContainsFunc(running, func(d Daemon) bool { return d.Role == r }) {
		return err
	}
	return nil
}

func (c *Client) daemon(ctx context.Context, cmd uint8, op string, d Daemon) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.sock.command(cmd, flagAck)
	c.sock.out = appendDaemon(c.sock.out, &d)
	err := c.sock.exchange(ignore)
	switch {
	case errors.Is(err, unix.ESRCH):
		err = ErrNoDaemon
	case errors.Is(err, unix.ENODEV):
		err = ErrNoInterface
	}
	return failure(op, err)
}
