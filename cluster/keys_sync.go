package cluster

import (
	"errors"
	"fmt"
	"net/netip"

	"lvs/kernel"
	"lvs/plan"
)

const (
	maxInterface = 15 // IFNAMSIZ less the final zero
	// maxSyncLen is what one UDP datagram over IPv4 can carry, less the headers
	// that ip_vs_sync.c leaves room for.
	maxSyncLen = 65535 - 20 - 8
)

func syncRecord() record[kernel.Daemon] {
	role := form[kernel.Role]{oneOf("master", "backup").shape, func(d *decoder, t *tree) (kernel.Role, bool) {
		s, ok := oneOf("master", "backup").read(d, t)
		r, _ := kernel.ParseRole(s) // one of the two, or refused already
		return r, ok
	}}
	return record[kernel.Daemon]{id: "SyncDaemon", title: "Sync daemons", words: "an object with role and interface",
		doc: "A connection sync daemon of the kernel.",
		keys: []key[kernel.Daemon]{
			at("role", role, func(d *kernel.Daemon) *kernel.Role { return &d.Role }, about{
				doc: "A master sends its connections to the group, a backup listens for them.", example: "master", needed: true}),
			at("interface", parsed("the name of a network interface", parseInterface), func(d *kernel.Daemon) *string { return &d.Interface }, about{
				doc: "The network interface that it sends to, or listens on.", example: "eth1", needed: true}),
			at("id", number[uint8](0, 255), func(d *kernel.Daemon) *uint8 { return &d.ID }, about{
				doc: "Keeps clusters on one network apart. A backup with 0 listens to all.", value: "0", example: "7"}),
			at("group", parsed("a multicast address", parseGroup), func(d *kernel.Daemon) *netip.Addr { return &d.Group }, about{
				doc: "The multicast group, IPv4 or IPv6.", value: plan.DefaultDaemon().Group.String(), example: `"ff02::81"`}),
			at("port", number[uint16](1, 65535), func(d *kernel.Daemon) *uint16 { return &d.Port }, about{
				doc: "The UDP port.", value: fmt.Sprint(plan.DefaultDaemon().Port), example: "8849"}),
			at("ttl", number[uint8](1, 255), func(d *kernel.Daemon) *uint8 { return &d.TTL }, about{
				doc: "The multicast time to live.", value: fmt.Sprint(plan.DefaultDaemon().TTL), example: "2"}),
			at("maxLen", number[uint16](1, maxSyncLen), func(d *kernel.Daemon) *uint16 { return &d.MaxLen }, about{
				doc: "The longest sync message in bytes.", value: "what the interface's MTU takes", example: "1400"}),
		}}
}

func parseInterface(s string) (string, error) {
	if len(s) > maxInterface {
		return "", fmt.Errorf("the interface name %s is longer than %d characters", plan.Quote(s), maxInterface)
	}
	return s, nil
}

func parseGroup(s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	if err != nil || !a.IsMulticast() || a.Zone() != "" {
		return a, errors.New(plan.Quote(s) + " is no multicast address such as 224.0.0.81 or ff02::81")
	}
	return a, nil
}
