package output

import "lvs/kernel"

// DaemonRow is a connection sync daemon.
type DaemonRow struct {
	Role      string  `json:"role" doc:"master (sends its connections) or backup (listens for them)."`
	Interface string  `json:"interface" doc:"The network interface."`
	ID        uint8   `json:"id" doc:"Keeps clusters on one network apart, 0 to 255; a backup with 0 listens to all."`
	Group     *string `json:"group" doc:"The multicast address. Null is the kernel's default, 224.0.0.81."`
	Port      uint16  `json:"port" doc:"The UDP port; 0 is the kernel's default, 8848."`
	TTL       uint8   `json:"ttl" doc:"The multicast time to live; 0 is the kernel's default, 1."`
	MaxLen    uint16  `json:"maxLen" doc:"The longest sync message in bytes; 0 is derived from the interface."`
}

// Daemons writes the sync daemons that run.
func (p *Printer) Daemons(d []kernel.Daemon) error {
	k := daemonKind()
	return printList(p, &k, d, func(d *kernel.Daemon) any {
		return daemonRow(d)
	})
}

func daemonRow(d *kernel.Daemon) DaemonRow {
	row := DaemonRow{Role: d.Role.String(), Interface: d.Interface, ID: d.ID, Port: d.Port, TTL: d.TTL, MaxLen: d.MaxLen}
	if d.Group.IsValid() {
		row.Group = new(d.Group.String())
	}
	return row
}

func daemonKind() kind[kernel.Daemon] {
	type daemon = kernel.Daemon
	k := kind[daemon]{name: "DaemonList", columns: []column[daemon]{
		{key: "role", help: "master or backup", text: func(b []byte, d *daemon) []byte { return append(b, d.Role.String()...) }},
		{key: "interface", help: "the network interface", text: func(b []byte, d *daemon) []byte { return appendClean(b, d.Interface) }},
		{key: "id", help: "keeps clusters on one network apart", number: func(d *daemon) (uint64, bool) { return uint64(d.ID), true }},
		{key: "group", help: "the multicast address", text: func(b []byte, d *daemon) []byte {
			if !d.Group.IsValid() {
				return b
			}
			return d.Group.AppendTo(b)
		}, compare: func(a, b *daemon) int { return a.Group.Compare(b.Group) }},
		{key: "port", help: "the UDP port", number: func(d *daemon) (uint64, bool) { return uint64(d.Port), d.Port != 0 }},
		{key: "ttl", help: "the multicast time to live", number: func(d *daemon) (uint64, bool) { return uint64(d.TTL), d.TTL != 0 }},
		{key: "maxlen", help: "the longest sync message in bytes", number: func(d *daemon) (uint64, bool) { return uint64(d.MaxLen), d.MaxLen != 0 }},
	}}
	k.plain = k.keys()
	k.wide = k.plain
	return k
}
