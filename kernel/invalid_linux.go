package kernel

import (
	"context"
	"errors"
	"io"
)

// explain replaces the reason of refused changes by a more precise one, if the state of
// the network namespace shows it. It asks the kernel once for all refusals.
func (c *Client) explain(ctx context.Context, changes []Change, refused Refusals) {
	var alone, synced *bool
	once := func(known **bool, ask func(context.Context) bool) bool {
		if *known == nil {
			*known = new(ask(ctx))
		}
		return **known
	}
	for i := range refused {
		of := &changes[refused[i].Index]
		if !errors.Is(refused[i].Err.Err, ErrInvalid) || !of.Op.OnServer() || of.Op == DeleteServer {
			continue
		}
		switch family := FamilyOf(of.Server.Addr.Addr()); {
		case family != of.Service.Family && of.Server.Forward == Tunneling && once(&synced, c.synced):
			refused[i].Err.Err = ErrMixedFamilies
		case family == IPv4 && of.Op == AddServer && once(&alone, c.withoutRoutes):
			refused[i].Err.Err = ErrLoopbackDown
		}
	}
}

// synced reports whether a sync daemon runs.
func (c *Client) synced(ctx context.Context) bool {
	daemons, err := c.Daemons(ctx)
	return err == nil && len(daemons) > 0
}

// withoutRoutes reports whether the namespace has no routing table for local addresses,
// because no interface was ever up. Every IPv4 address is then a broadcast address to
// the kernel, which refuses servers at such (inet_addr_type in net/ipv4/fib_frontend.c,
// ip_vs_new_dest).
func (c *Client) withoutRoutes(ctx context.Context) bool {
	empty := true
	err := c.read(ctx, "read the routes", procNet+"fib_trie", func(r io.Reader) error {
		var first [1]byte
		n, err := r.Read(first[:])
		empty = n == 0
		if err == io.EOF {
			return nil
		}
		return err
	})
	return err == nil && empty
}
