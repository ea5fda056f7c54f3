package director

import (
	"context"
	"fmt"
	"io/fs"
	"net/netip"
)

// fakeNetwork is a network in memory.
type fakeNetwork struct {
	ways     map[netip.Addr]Way
	defaults []Way
	links    map[string]Link
	settings map[string]string
	changes  chan struct{}
	asked    int // calls of Way
}

func newFakeNetwork() *fakeNetwork {
	return &fakeNetwork{
		ways: map[netip.Addr]Way{}, links: map[string]Link{}, settings: map[string]string{},
		changes: make(chan struct{}, 1),
	}
}

// link adds an interface that is up and has addresses.
func (n *fakeNetwork) link(name string, addresses ...string) {
	l := Link{Up: true, Carrier: true}
	for _, a := range addresses {
		l.Addresses = append(l.Addresses, netip.MustParseAddr(a))
	}
	n.links[name] = l
}

// way adds a route.
func (n *fakeNetwork) way(to, source, name string) {
	n.ways[netip.MustParseAddr(to)] = Way{Source: netip.MustParseAddr(source), Interface: name}
}

func (n *fakeNetwork) Addresses() (all []netip.Addr, _ error) {
	for _, l := range n.links {
		all = append(all, l.Addresses...)
	}
	return all, nil
}

func (n *fakeNetwork) Way(to netip.Addr) (Way, error) {
	n.asked++
	if w, ok := n.ways[to]; ok {
		return w, nil
	}
	return Way{}, ErrNoWay
}

func (n *fakeNetwork) DefaultWays() ([]Way, error) { return n.defaults, nil }

func (n *fakeNetwork) Link(name string) (Link, error) {
	if l, ok := n.links[name]; ok {
		return l, nil
	}
	return Link{}, ErrNoLink
}

func (n *fakeNetwork) Setting(name string) (string, error) {
	if v, ok := n.settings[name]; ok {
		return v, nil
	}
	return "", fmt.Errorf("%s: %w", name, fs.ErrNotExist)
}

func (n *fakeNetwork) SetSetting(name, value string) error {
	if _, ok := n.settings[name]; !ok {
		return fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	}
	n.settings[name] = value
	return nil
}

func (n *fakeNetwork) Changes(context.Context) (<-chan struct{}, error) { return n.changes, nil }
