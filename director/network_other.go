//go:build !linux

package director

import (
	"context"
	"errors"
	"net/netip"
)

var errNotOnLinux = errors.New("this system's network cannot be read: it is not Linux")

// Host is the network of this machine. Its methods fail on systems other than Linux.
type Host struct{}

// Addresses implements Network.
func (Host) Addresses() ([]netip.Addr, error) { return nil, errNotOnLinux }

// Way implements Network.
func (Host) Way(netip.Addr) (Way, error) { return Way{}, errNotOnLinux }

// DefaultWays implements Network.
func (Host) DefaultWays() ([]Way, error) { return nil, errNotOnLinux }

// Link implements Network.
func (Host) Link(string) (Link, error) { return Link{}, errNotOnLinux }

// Setting implements Network.
func (Host) Setting(string) (string, error) { return "", errNotOnLinux }

// SetSetting implements Network.
func (Host) SetSetting(string, string) error { return errNotOnLinux }

// Changes implements Network.
func (Host) Changes(context.Context) (<-chan struct{}, error) { return nil, errNotOnLinux }
