package kernel

import (
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Client is the real kernel. It is made by Open.
type Client struct {
	ns    namespace
	sock  *socket
	names names
	// scratch collects the servers of one service before they are copied at
	// their exact number.
	scratch []ServerEntry
}

var _ Kernel = (*Client)(nil)

// Open connects to IPVS in a network namespace; the kernel loads ip_vs if it
// can. Expect ErrNotLoaded, ErrNoNamespace, ErrPermission.
func Open(o Options) (*Client, error) {
	ns, err := openNamespace(o.Netns)
	if err != nil {
		return nil, err
	}
	sock, err := openSocket(ns.handle)
	if err != nil {
		ns.close()
		return nil, failure("open IPVS", err)
	}
	return &Client{ns: ns, sock: sock, names: names{}}, nil
}

// Close ends the connection. The client must not be used afterwards.
func (c *Client) Close() error {
	c.sock.close()
	c.ns.close()
	return nil
}

// Info implements Kernel.
func (c *Client) Info(ctx context.Context) (Info, error) {
	i, err := c.info(ctx)
	return i, failure("ask IPVS for its version", err)
}

func (c *Client) info(ctx context.Context) (i Info, err error) {
	if err := ctx.Err(); err != nil {
		return i, err
	}
	c.sock.command(cmdGetInfo, 0)
	err = c.sock.exchange(func(b []byte) error {
		i, err = decodeInfo(b)
		return err
	})
	return i, err
}

// Snapshot implements Kernel.
func (c *Client) Snapshot(ctx context.Context, only ...ServiceID) (*Snapshot, error) {
	info, err := c.info(ctx)
	if err != nil && len(only) > 0 {
		return nil, serviceFailure("read", only[0], err)
	}
	if err != nil {
		return nil, failure("list services", err)
	}
	s := &Snapshot{Time: time.Now(), Info: info, Services: []ServiceEntry{}}
	if len(only) == 0 {
		err = again(func() error { return c.services(ctx, s) })
	}
	only = slices.Clone(only)
	slices.SortFunc(only, ServiceID.Compare)
	for _, id := range slices.Compact(only) {
		if err = c.service(ctx, s, id); err != nil {
			return nil, serviceFailure("read", id, err)
		}
	}
	if err != nil {
		return nil, failure("list services", err)
	}
	for i := range s.Services {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		e := &s.Services[i]
		if err := again(func() error { return c.servers(ctx, e) }); err != nil {
			return nil, serviceFailure("list the servers of", e.ServiceID, err)
		}
	}
	return s, nil
}

// services reads every service, without servers, into canonical order.
func (c *Client) services(ctx context.Context, s *Snapshot) error {
	s.Services = s.Services[:0]
	c.sock.command(cmdGetService, flagDump)
	err := c.sock.exchange(func(b []byte) error { return c.appendService(s, b) })
	s.sort()
	return err
}

// sort puts the services, which are in the kernel's order, into the canonical
// one.
func (s *Snapshot) sort() {
	from := make([]int, len(s.Services))
	for i := range from {
		from[i] = i
	}
	slices.SortFunc(from, func(a, b int) int { return s.Services[a].Compare(s.Services[b].ServiceID) })
	sorted := make([]ServiceEntry, len(from))
	s.Order = make([]int, len(from))
	for to, i := range from {
		sorted[to], s.Order[i] = s.Services[i], to
	}
	s.Services = sorted
}

// service reads one service, without servers.
func (c *Client) service(ctx context.Context, s *Snapshot, id ServiceID) error {
	c.sock.command(cmdGetService, 0)
	c.sock.out = appendServiceID(c.sock.out, id)
	return c.sock.exchange(func(b []byte) error { return c.appendService(s, b) })
}

func (c *Client) appendService(s *Snapshot, b []byte) error {
	data, err := nested(b, attrService)
	if err != nil {
		return err
	}
	s.Services = append(s.Services, ServiceEntry{})
	return decodeService(data, &s.Services[len(s.Services)-1], c.names)
}

// servers reads the real servers of a service. One that vanished since has
// none: the kernel answers with an empty dump, or with ESRCH.
func (c *Client) servers(ctx context.Context, e *ServiceEntry) error {
	c.scratch = c.scratch[:0]
	c.sock.command(cmdGetDest, flagDump)
	c.sock.out = appendServiceID(c.sock.out, e.ServiceID)
	err := c.sock.exchange(func(b []byte) error {
		data, err := nested(b, attrDest)
		if err != nil {
			return err
		}
		c.scratch = append(c.scratch, ServerEntry{})
		return decodeServer(data, e.Family, &c.scratch[len(c.scratch)-1])
	})
	if errors.Is(err, unix.ESRCH) {
		err = nil
	}
	e.Servers = append([]ServerEntry{}, c.scratch...)
	return err
}
