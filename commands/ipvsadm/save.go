package ipvsadm

import (
	"bufio"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"lvs/kernel"
)

// SaveOptions choose what WriteSave writes.
type SaveOptions struct {
	// Thresholds adds -x and -y where a server has any. ipvsadm -S leaves them
	// out, although ipvsadm -R reads them, and so loses them.
	Thresholds bool
}

// WriteSave writes the table as ipvsadm -S -n does, in its order.
func WriteSave(w io.Writer, s *kernel.Snapshot, o SaveOptions) error {
	out := bufio.NewWriterSize(w, 64<<10)
	var line, selector []byte
	for _, svc := range Services(s.Services) {
		selector = appendSelector(selector[:0], svc.ServiceID)
		line = append(line[:0], "-A "...)
		line = append(line, selector...)
		line = appendService(line, &svc.Service)
		line = append(line, '\n')
		if _, err := out.Write(line); err != nil {
			return err
		}
		for _, srv := range Servers(svc.Servers) {
			line = append(line[:0], "-a "...)
			line = append(line, selector...)
			line = appendServer(line, &srv.Server, o)
			line = append(line, '\n')
			if _, err := out.Write(line); err != nil {
				return err
			}
		}
	}
	return out.Flush()
}

func appendSelector(b []byte, id kernel.ServiceID) []byte {
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
	return appendEndpoint(b, id.AddrPort())
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

func appendServer(b []byte, s *kernel.Server, o SaveOptions) []byte {
	b = append(b, " -r "...)
	b = appendEndpoint(b, s.Addr)
	switch s.Forward {
	case kernel.NAT:
		b = append(b, " -m"...)
	case kernel.Tunneling:
		b = append(b, " -i"...)
	default: // Direct, and what the kernel makes of a server that is itself
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
		b = appendIPv6(b, a)
		b = append(b, ']')
	} else {
		b = a.AppendTo(b)
	}
	b = append(b, ':')
	return strconv.AppendUint(b, uint64(ap.Port()), 10)
}

// appendIPv6 writes an address as the C library does: the last 32 bits of one
// that begins with 96 zero bits are written as an IPv4 address.
func appendIPv6(b []byte, a netip.Addr) []byte {
	raw := a.As16()
	zeros := 0
	for zeros < len(raw) && raw[zeros] == 0 {
		zeros++
	}
	if zeros == 12 || zeros == 13 { // with more it is ::1234
		b = append(b, "::"...)
		return netip.AddrFrom4([4]byte(raw[12:])).AppendTo(b)
	}
	return a.AppendTo(b)
}
