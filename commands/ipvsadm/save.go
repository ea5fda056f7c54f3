package ipvsadm

import (
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"lvs/kernel"
)

// SaveOptions select what WriteSave writes.
type SaveOptions struct {
	// Thresholds adds -x and -y for servers that have them. ipvsadm -S does not write
	// them, although ipvsadm -R reads them.
	Thresholds bool

	// Added writes the servers of a service in the order in which they were added, so
	// that the kernel's order is the same after a restore. ipvsadm -S sorts them by
	// address.
	Added bool

	// names writes hosts and ports by name, as ipvsadm -S without -n does.
	names *namer
}

// WriteSave writes the table as ipvsadm -S -n does, with the services in its order.
func WriteSave(w io.Writer, s *kernel.Snapshot, o SaveOptions) error {
	return writeSave(w, whole(s), o)
}

// StreamSave is WriteSave for a snapshot without servers: it reads those of one service
// after another, so that a large table needs little memory. They are valid until the next
// call of servers.
func StreamSave(
	w io.Writer, s *kernel.Snapshot, servers func(*kernel.ServiceEntry) ([]kernel.ServerEntry, error), o SaveOptions,
) error {
	return writeSave(w, source{s, servers}, o)
}

func writeSave(w io.Writer, from source, o SaveOptions) error {
	o.names.learnTable(from.Snapshot)
	out := newPage(w)
	var selector []byte
	var servers order[kernel.ServerEntry]
	compare := compareServers
	if o.Added {
		compare = nil
	}
	for _, svc := range Services(from.Snapshot) {
		selector = appendSelector(selector[:0], svc.ServiceID, o.names)
		out.b = append(out.b, "-A "...)
		out.b = append(out.b, selector...)
		out.b = append(appendService(out.b, &svc.Service), '\n')
		if err := out.turn(); err != nil {
			return err
		}
		list, err := from.servers(svc)
		if err != nil {
			return err
		}
		listed := servers.of(list, compare)
		if o.Added {
			slices.Reverse(listed) // the kernel lists the last added first
		}
		for _, srv := range listed {
			out.b = append(out.b, "-a "...)
			out.b = append(out.b, selector...)
			out.b = append(appendServer(out.b, &srv.Server, svc.Protocol, o), '\n')
			if err := out.turn(); err != nil {
				return err
			}
		}
	}
	return out.end()
}

func appendSelector(b []byte, id kernel.ServiceID, n *namer) []byte {
	if id.FWMark != 0 {
		b = append(b, "-f "...)
		b = strconv.AppendUint(b, uint64(id.FWMark), 10)
		if id.Family == kernel.IPv6 {
			b = append(b, " -6"...)
		}
		return b
	}
	switch id.Protocol {
	case kernel.UDP:
		b = append(b, "-u "...)
	case kernel.SCTP:
		b = append(b, "--sctp-service "...)
	default:
		b = append(b, "-t "...)
	}
	return n.append(b, id.AddrPort(), id.Protocol)
}

func appendService(b []byte, s *kernel.Service) []byte {
	b = append(b, " -s "...)
	b = append(b, s.Scheduler...)
	if s.Persistence > 0 {
		b = append(b, " -p "...)
		b = strconv.AppendInt(b, int64(s.Persistence/time.Second), 10)
		if !s.Netmask.Whole(s.Family) {
			b = append(b, " -M "...)
			b = append(b, s.Netmask.Text(s.Family)...)
		}
	}
	if s.Engine != "" {
		b = append(b, " --pe "...)
		b = append(b, s.Engine...)
	}
	if s.OnePacket {
		b = append(b, " -o"...)
	}
	if s.SchedFlags != 0 {
		b = append(b, " -b "...)
		b = append(b, strings.Join(s.SchedFlags.Names(s.Scheduler), ",")...)
	}
	return b
}

func appendServer(b []byte, s *kernel.Server, p kernel.Protocol, o SaveOptions) []byte {
	b = append(b, " -r "...)
	b = o.names.append(b, s.Addr, p)
	switch s.Forward {
	case kernel.NAT:
		b = append(b, " -m"...)
	case kernel.Tunneling:
		b = append(b, " -i"...)
	default: // Direct, or Local
		b = append(b, " -g"...)
	}
	b = append(b, " -w "...)
	b = strconv.AppendInt(b, int64(s.Weight), 10)
	if s.Forward == kernel.Tunneling {
		b = appendTunnel(b, s.Tunnel)
	}
	if o.Thresholds && s.Upper > 0 {
		b = append(b, " -x "...)
		b = strconv.AppendUint(b, uint64(s.Upper), 10)
	}
	if o.Thresholds && s.Lower > 0 {
		b = append(b, " -y "...)
		b = strconv.AppendUint(b, uint64(s.Lower), 10)
	}
	return b
}

func appendTunnel(b []byte, t kernel.Tunnel) []byte {
	b = append(b, " --tun-type "...)
	b = append(b, t.Type.String()...)
	if t.Type == kernel.GUE {
		b = append(b, " --tun-port "...)
		b = strconv.AppendUint(b, uint64(t.Port), 10)
	}
	if t.Type == kernel.GUE || t.Type == kernel.GRE {
		b = append(b, " --tun-"...)
		b = append(b, t.Flags.String()...)
	}
	return b
}

func appendEndpoint(b []byte, ap netip.AddrPort) []byte {
	if a := ap.Addr(); a.Is6() {
		b = append(b, '[')
		b = appendAddr(b, a)
		b = append(b, ']')
	} else {
		b = a.AppendTo(b)
	}
	b = append(b, ':')
	return strconv.AppendUint(b, uint64(ap.Port()), 10)
}

// appendAddr appends an address as the C library does: if an IPv6 address begins with
// 96 zero bits, the last 32 bits are written as an IPv4 address.
func appendAddr(b []byte, a netip.Addr) []byte {
	if v4, ok := compatible(a); ok {
		return v4.AppendTo(append(b, "::"...))
	}
	return a.AppendTo(b)
}

// compatible returns the IPv4 address at the end of an IPv6 address, and reports
// whether all bits before it are zero. ::1234 is not such an address.
func compatible(a netip.Addr) (netip.Addr, bool) {
	if !a.Is6() {
		return a, false
	}
	raw := a.As16()
	zeros := 0
	for zeros < len(raw) && raw[zeros] == 0 {
		zeros++
	}
	return netip.AddrFrom4([4]byte(raw[12:])), zeros == 12 || zeros == 13
}
