package memory

import (
	"context"
	"maps"
	"net/netip"
	"slices"

	"lvs/kernel"
)

// Daemons returns the running daemons, master first.
func (k *Kernel) Daemons(ctx context.Context) ([]kernel.Daemon, error) {
	if err := k.enter(ctx, "list the sync daemons", admin); err != nil {
		return nil, err
	}
	defer k.mu.Unlock()
	out := []kernel.Daemon{}
	for _, r := range []kernel.Role{kernel.Master, kernel.Backup} {
		if d, ok := k.table.daemons[r]; ok {
			out = append(out, d)
		}
	}
	return out, nil
}

// Interfaces returns the interfaces that a daemon can use.
func (k *Kernel) Interfaces(ctx context.Context) ([]string, error) {
	if err := k.enter(ctx, "list the network interfaces", anyone); err != nil {
		return nil, err
	}
	defer k.mu.Unlock()
	return slices.Sorted(maps.Keys(k.table.interfaces)), nil
}

// StartDaemon starts a daemon on a known interface and sets its defaults.
func (k *Kernel) StartDaemon(ctx context.Context, d kernel.Daemon) error {
	if err := k.enter(ctx, "start the sync "+d.Role.String(), admin); err != nil {
		return err
	}
	defer k.mu.Unlock()
	if err := k.table.start(d); err != nil {
		return &kernel.Error{Op: "start the sync " + d.Role.String(), Err: err}
	}
	return nil
}

func (t *table) start(d kernel.Daemon) error {
	if len(d.Interface) > 15 || d.Group.IsValid() && !d.Group.IsMulticast() {
		return kernel.ErrInvalid
	}
	if t.mixedServers() {
		return kernel.ErrMixedFamilies
	}
	mtu, ok := t.interfaces[d.Interface]
	if !ok {
		return kernel.ErrNoInterface
	}
	if d.Role != kernel.Master && d.Role != kernel.Backup {
		return kernel.ErrInvalid
	}
	if _, running := t.daemons[d.Role]; running {
		return kernel.ErrExists
	}
	t.daemons[d.Role] = filled(d, mtu)
	return nil
}

// filled returns the daemon with the kernel's defaults in place of zero. A master
// sends messages that fit 1500 bytes on any interface; a backup must accept the
// messages of any master.
func filled(d kernel.Daemon, mtu int) kernel.Daemon {
	if !d.Group.IsValid() {
		d.Group = netip.AddrFrom4([4]byte{224, 0, 0, 81})
	}
	if d.Port == 0 {
		d.Port = 8848
	}
	if d.TTL == 0 {
		d.TTL = 1
	}
	header, least := 20+8, 1
	if d.Group.Is6() {
		header = 40 + 8
	}
	if d.Role == kernel.Backup {
		least = 1024
		mtu = min(max(mtu, 1500), 65535)
	} else {
		mtu = 1500
	}
	if d.MaxLen == 0 {
		d.MaxLen = uint16(mtu - header)
	} else {
		d.MaxLen = uint16(min(max(int(d.MaxLen), least), 65535-header))
	}
	return d
}

// StopDaemon stops the daemon of a role.
func (k *Kernel) StopDaemon(ctx context.Context, r kernel.Role) error {
	if err := k.enter(ctx, "stop the sync "+r.String(), admin); err != nil {
		return err
	}
	defer k.mu.Unlock()
	if r != kernel.Master && r != kernel.Backup {
		return &kernel.Error{Op: "stop the sync " + r.String(), Err: kernel.ErrInvalid}
	}
	if _, ok := k.table.daemons[r]; !ok {
		return &kernel.Error{Op: "stop the sync " + r.String(), Err: kernel.ErrNoDaemon}
	}
	delete(k.table.daemons, r)
	return nil
}
