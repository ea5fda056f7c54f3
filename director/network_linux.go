package director

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Host is the network of this machine: that of the calling thread's network namespace.
type Host struct{}

// Addresses implements Network.
func (Host) Addresses() ([]netip.Addr, error) {
	list, err := netlink.AddrList(nil, netlink.FAMILY_ALL)
	return addressesOf(list), err
}

func addressesOf(list []netlink.Addr) []netip.Addr {
	out := make([]netip.Addr, 0, len(list))
	for i := range list {
		if a, ok := netip.AddrFromSlice(list[i].IP); ok {
			out = append(out, a.Unmap())
		}
	}
	return out
}

// Way implements Network.
func (h Host) Way(to netip.Addr) (Way, error) {
	routes, err := netlink.RouteGet(net.IP(to.AsSlice()))
	if errors.Is(err, unix.ENETUNREACH) || errors.Is(err, unix.EHOSTUNREACH) || err == nil && len(routes) == 0 {
		return Way{}, ErrNoWay
	}
	if err != nil {
		return Way{}, err
	}
	return h.way(&routes[0])
}

// way returns a route as a Way. A route over several gateways is that over the first.
func (Host) way(r *netlink.Route) (w Way, err error) {
	index, gateway := r.LinkIndex, r.Gw
	if len(r.MultiPath) > 0 {
		index, gateway = r.MultiPath[0].LinkIndex, r.MultiPath[0].Gw
	}
	link, err := netlink.LinkByIndex(index)
	if err != nil {
		return Way{}, err
	}
	w.Interface, w.Local = link.Attrs().Name, r.Type == unix.RTN_LOCAL
	w.Source = unmapped(r.Src)
	if w.Gateway = unmapped(gateway); !w.Gateway.IsValid() {
		return w, nil
	}
	neighbours, err := netlink.NeighList(index, netlink.FAMILY_ALL)
	for i := range neighbours {
		if unmapped(neighbours[i].IP) == w.Gateway {
			w.Lost = neighbours[i].State&(netlink.NUD_FAILED|netlink.NUD_INCOMPLETE) != 0
		}
	}
	return w, err
}

func unmapped(ip net.IP) netip.Addr {
	a, _ := netip.AddrFromSlice(ip)
	return a.Unmap()
}

// DefaultWays implements Network.
func (h Host) DefaultWays() (out []Way, err error) {
	for _, family := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		// A nil destination is the default route of the family.
		routes, err := netlink.RouteListFiltered(family, &netlink.Route{}, netlink.RT_FILTER_DST)
		if err != nil {
			return nil, err
		}
		for i := range routes {
			w, err := h.way(&routes[i])
			if err != nil {
				return nil, err
			}
			if w.Gateway.IsValid() {
				out = append(out, w)
			}
		}
	}
	return out, nil
}

// Link implements Network.
func (Host) Link(name string) (Link, error) {
	link, err := netlink.LinkByName(name)
	if errors.As(err, new(netlink.LinkNotFoundError)) {
		return Link{}, ErrNoLink
	}
	if err != nil {
		return Link{}, err
	}
	list, err := netlink.AddrList(link, netlink.FAMILY_ALL)
	flags := link.Attrs().RawFlags
	return Link{
		Up: flags&unix.IFF_UP != 0, Carrier: flags&unix.IFF_LOWER_UP != 0, Addresses: addressesOf(list),
	}, err
}

// maxSetting is the largest value of a setting that is read.
const maxSetting = 4096

// settingPath returns the file of a setting, or an error if the name could lead out of the
// folder of the network's settings.
func settingPath(name string) (string, error) {
	if name == "" || !filepath.IsLocal(name) || filepath.Clean(name) != name || strings.ContainsRune(name, 0) {
		return "", fmt.Errorf("%w %q", errSettingName, name)
	}
	return "/proc/sys/net/" + name, nil
}

// Setting implements Network.
func (Host) Setting(name string) (string, error) {
	path, err := settingPath(name)
	if err != nil {
		return "", err
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSetting))
	return strings.TrimSpace(string(text)), err
}

// SetSetting implements Network.
func (Host) SetSetting(name, value string) error {
	path, err := settingPath(name)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value + "\n")
	return errors.Join(err, f.Close())
}

// Changes implements Network.
func (Host) Changes(ctx context.Context) (<-chan struct{}, error) {
	updates := make(chan netlink.AddrUpdate, 64)
	// Lost messages (ENOBUFS) matter little: any later one leads to a new reading, and the
	// reader looks now and then without one.
	options := netlink.AddrSubscribeOptions{ErrorCallback: func(error) {}}
	if err := netlink.AddrSubscribeWithOptions(updates, ctx.Done(), options); err != nil {
		return nil, err
	}
	out := make(chan struct{}, 1)
	go func() {
		defer close(out)
		for range updates { // netlink closes it when the context ends, or when reading fails
			select {
			case out <- struct{}{}:
			default:
			}
		}
	}()
	return out, nil
}
