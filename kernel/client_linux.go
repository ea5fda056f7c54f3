package kernel

import (
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Client is a connection to the real kernel. Open returns one.
type Client struct {
	ns    namespace
	sock  *socket
	names names
	// scratch collects the servers of one service, before they are copied into a
	// slice of the exact length.
	scratch []ServerEntry
}

var _ Kernel = (*Client)(nil)

// manyServers is the initial capacity of a list of servers. Touching memory costs
// time, and a list that grows touches twice as much.
const manyServers = 1 << 10

// Open connects to IPVS in a network namespace. The kernel loads ip_vs if it
// can. Open may return ErrNotLoaded, ErrNoNamespace or ErrPermission.
func Open(o Options) (*Client, error) {
	ns, err := openNamespace(o.Netns)
	if err != nil {
		return nil, err
	}
	sock, err := openSocket(ns.handle, o.Alone)
	if err != nil {
		ns.close()
		return nil, failure("open IPVS", err)
	}
	return &Client{ns: ns, sock: sock, names: names{}}, nil
}

// Close closes the connection. The client must not be used afterwards.
func (c *Client) Close() error {
	c.sock.close()
	c.ns.close()
	return nil
}

// Info implements Kernel.
func (c *Client) Info(ctx context.Context) (Info, error) {
	i, err := c.info(ctx)
	return i, failure("read the IPVS version", err)
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
	s, err := c.Services(ctx, only...)
	if err != nil {
		return nil, err
	}
	for i := range s.Services {
		e := &s.Services[i]
		if c.scratch, err = c.Servers(ctx, e.ServiceID, c.scratch); err != nil {
			return nil, err
		}
		e.Servers = append([]ServerEntry{}, c.scratch...)
	}
	return s, nil
}

// Services implements Kernel.
func (c *Client) Services(ctx context.Context, only ...ServiceID) (*Snapshot, error) {
	info, err := c.info(ctx)
	if err != nil && len(only) > 0 {
		return nil, serviceFailure("read", only[0], err)
	}
	if err != nil {
		return nil, failure("list services", err)
	}
	s := &Snapshot{Time: time.Now(), Info: info, Stopped: c.stopped(ctx), Services: []ServiceEntry{}}
	if len(only) == 0 {
		err = again(func() error { return c.services(s) })
	}
	only = slices.Clone(only)
	slices.SortFunc(only, ServiceID.Compare)
	for _, id := range slices.Compact(only) {
		if err = c.service(s, id); err != nil {
			return nil, serviceFailure("read", id, err)
		}
	}
	if err != nil {
		return nil, failure("list services", err)
	}
	return s, nil
}

// Servers implements Kernel.
func (c *Client) Servers(ctx context.Context, of ServiceID, into []ServerEntry) ([]ServerEntry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if into == nil {
		into = make([]ServerEntry, 0, manyServers)
	}
	err := again(func() (err error) {
		into, err = c.servers(of, into[:0])
		return err
	})
	return into, serviceFailure("list the servers of", of, err)
}

// services reads every service, without servers, and sorts them.
func (c *Client) services(s *Snapshot) error {
	s.Services = s.Services[:0]
	c.sock.command(cmdGetService, flagDump)
	err := c.sock.exchange(func(b []byte) error { return c.appendService(s, b) })
	s.sort()
	if err == nil && s.torn() {
		return errInterrupted
	}
	return err
}

// torn reports whether a service is listed twice. From Linux 7.x the kernel moves
// services to a larger table some time after they were added. It continues a dump
// after the number of services it has sent: if the order changes between two
// messages, one service comes twice in place of another that is missing, and the
// kernel does not mark the dump as interrupted.
func (s *Snapshot) torn() bool {
	for i := 1; i < len(s.Services); i++ {
		if s.Services[i].ServiceID == s.Services[i-1].ServiceID {
			return true
		}
	}
	return false
}

// sort puts the services into canonical order and keeps the kernel's order in
// Order.
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
func (c *Client) service(s *Snapshot, id ServiceID) error {
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

// servers appends the real servers of a service. A service that no longer exists
// has none: the kernel answers with an empty dump, or with ESRCH.
func (c *Client) servers(of ServiceID, to []ServerEntry) ([]ServerEntry, error) {
	c.sock.command(cmdGetDest, flagDump)
	c.sock.out = appendServiceID(c.sock.out, of)
	err := c.sock.exchange(func(b []byte) error {
		data, err := nested(b, attrDest)
		if err != nil {
			return err
		}
		to = append(to, ServerEntry{})
		return decodeServer(data, of.Family, &to[len(to)-1])
	})
	if errors.Is(err, unix.ESRCH) {
		err = nil
	}
	return to, err
}
