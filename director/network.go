package director

import (
	"context"
	"errors"
	"net/netip"
	"slices"
)

// Network is what the director sees of this machine's own network. Host is the real one.
type Network interface {
	// Addresses returns the addresses of all interfaces, those of lo as well.
	Addresses() ([]netip.Addr, error)
	// Way returns how packets to an address leave this machine. The error is ErrNoWay if
	// there is no route.
	Way(to netip.Addr) (Way, error)
	// DefaultWays returns the default routes of both families that go through a gateway.
	DefaultWays() ([]Way, error)
	// Link returns the state of a network interface.
	Link(name string) (Link, error)
	// Setting reads a setting below /proc/sys/net, such as ipv4/conf/eth0/accept_local.
	Setting(name string) (string, error)
	// SetSetting writes one.
	SetSetting(name, value string) error
	// Changes returns a channel that receives something after addresses of interfaces have
	// changed, until the context ends. Several changes may be one.
	Changes(ctx context.Context) (<-chan struct{}, error)
}

// Way is how packets to an address leave this machine.
type Way struct {
	// Source is the address that the kernel would send from. It may be a virtual address.
	Source netip.Addr
	// Gateway is invalid if the address is on the link itself.
	Gateway netip.Addr
	// Interface is the name of the network interface.
	Interface string
	// Local is set if the address is one of this machine.
	Local bool
	// Lost is set if the gateway has not answered when it was last asked for its link-layer
	// address (NUD_FAILED or NUD_INCOMPLETE in the kernel's table of neighbours).
	Lost bool
}

// Link is the state of a network interface.
type Link struct {
	// Up is set if it is switched on, Carrier if the other end of the cable is there.
	Up, Carrier bool
	// Addresses are its addresses.
	Addresses []netip.Addr
}

// The errors of a Network.
var (
	ErrNoWay       = errors.New("there is no route")
	ErrNoLink      = errors.New("there is no such network interface")
	errSettingName = errors.New("invalid name of a setting")
)

// sameNetwork is a Network that is read once: it answers each question as at first.
type sameNetwork struct {
	Network
	ways      map[netip.Addr]Way
	links     map[string]Link
	settings  map[string]string
	addresses []netip.Addr
	defaults  *[]Way
}

func newSameNetwork(n Network) *sameNetwork {
	return &sameNetwork{Network: n, ways: map[netip.Addr]Way{}, links: map[string]Link{}, settings: map[string]string{}}
}

// Addresses implements Network.
func (n *sameNetwork) Addresses() (_ []netip.Addr, err error) {
	if n.addresses == nil {
		n.addresses, err = n.Network.Addresses()
	}
	return slices.Clone(n.addresses), err
}

// Way implements Network.
func (n *sameNetwork) Way(to netip.Addr) (Way, error) { return once(n.ways, to, n.Network.Way) }

// DefaultWays implements Network.
func (n *sameNetwork) DefaultWays() ([]Way, error) {
	if n.defaults == nil {
		ways, err := n.Network.DefaultWays()
		if err != nil {
			return nil, err
		}
		n.defaults = &ways
	}
	return *n.defaults, nil
}

// Link implements Network.
func (n *sameNetwork) Link(name string) (Link, error) { return once(n.links, name, n.Network.Link) }

// Setting implements Network.
func (n *sameNetwork) Setting(name string) (string, error) {
	return once(n.settings, name, n.Network.Setting)
}

// once returns what is known, or asks. What fails is asked again.
func once[K comparable, V any](known map[K]V, key K, ask func(K) (V, error)) (V, error) {
	if v, ok := known[key]; ok {
		return v, nil
	}
	v, err := ask(key)
	if err == nil {
		known[key] = v
	}
	return v, err
}
