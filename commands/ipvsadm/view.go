package ipvsadm

import (
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"lvs/kernel"
)

// viewOptions select what a list of the table shows.
type viewOptions struct {
	// Numeric shows numbers in place of names.
	Numeric bool
	// Exact never shortens a counter.
	Exact bool
	// Single lists one service, without a title.
	Single bool
	// If several views are selected, the first one in this order wins.
	Stats, Rate, Thresholds, PersistentConn, TunInfo bool
	// NoSort leaves services and servers in the kernel's order.
	NoSort bool
}

// view is one form of the list.
type view struct {
	// head is the heading above the table.
	head string
	// service appends what follows the name of a service, server what follows that
	// of a server.
	service func(b []byte, s *kernel.ServiceEntry) []byte
	server  func(b []byte, s *kernel.ServerEntry) []byte
	// column is the width of the name of a service, or zero for none.
	column int
}

func (v *viewOptions) view() view {
	exact, exactRates := 0, 3 // the first three rates of a server are never shortened
	if v.Exact {
		exact, exactRates = 5, 5
	}
	switch {
	case v.Stats:
		return view{
			head: "Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes\n" +
				"  -> RemoteAddress:Port\n",
			column: nameWidth,
			service: func(b []byte, s *kernel.ServiceEntry) []byte {
				return appendFigures(b, countersOf(&s.Stats.Counters), exact)
			},
			server: func(b []byte, s *kernel.ServerEntry) []byte {
				return appendFigures(b, countersOf(&s.Stats.Counters), exact)
			},
		}
	case v.Rate:
		return view{
			head: "Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS\n" +
				"  -> RemoteAddress:Port\n",
			column: nameWidth,
			service: func(b []byte, s *kernel.ServiceEntry) []byte {
				return appendFigures(b, ratesOf(&s.Stats.Rates), exact)
			},
			server: func(b []byte, s *kernel.ServerEntry) []byte {
				return appendFigures(b, ratesOf(&s.Stats.Rates), exactRates)
			},
		}
	case v.Thresholds:
		return view{
			head: "Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn \n" +
				"  -> RemoteAddress:Port\n",
			service: appendAttributes, server: appendThresholds,
		}
	case v.PersistentConn:
		return view{
			head: "Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn \n" +
				"  -> RemoteAddress:Port\n",
			service: appendAttributes, server: appendPersistent,
		}
	case v.TunInfo:
		return view{
			head: "Prot LocalAddress:Port Scheduler Flags\n" +
				"  -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn InActConn\n",
			service: appendAttributes, server: appendForwardTunnel,
		}
	}
	return view{
		head: "Prot LocalAddress:Port Scheduler Flags\n" +
			"  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n",
		service: appendAttributes, server: appendForward,
	}
}

// writeTable writes a list as ipvsadm -L does.
func writeTable(w io.Writer, from source, o viewOptions, n *namer) error {
	if o.Numeric {
		n = nil
	}
	n.learnTable(from.Snapshot)
	v, out := o.view(), newPage(w)
	if !o.Single {
		out.b = append(out.b, "IP Virtual Server version "...)
		out.b = append(out.b, from.Info.Version.String()...)
		out.b = append(out.b, " (size="...)
		out.b = strconv.AppendUint(out.b, uint64(from.Info.ConnTableSize), 10)
		out.b = append(out.b, ")\n"...)
	}
	out.b = append(out.b, v.head...)
	services, compare := Services(from.Snapshot), compareServers
	if o.NoSort {
		services, compare = kernelOrder(from.Snapshot), nil
	}
	var servers order[kernel.ServerEntry]
	for _, svc := range services {
		out.b = appendServiceName(out.b, svc.ServiceID, v.column, n)
		out.b = append(v.service(out.b, svc), '\n')
		if err := out.turn(); err != nil {
			return err
		}
		list, err := from.servers(svc)
		if err != nil {
			return err
		}
		for _, srv := range servers.of(list, compare) {
			out.b = appendServerName(out.b, srv, svc.Protocol, n)
			out.b = append(v.server(out.b, srv), '\n')
			if err := out.turn(); err != nil {
				return err
			}
		}
	}
	return out.end()
}

// appendServiceName appends the start of a service's row. An IPv4 name is cut at the
// width.
func appendServiceName(b []byte, id kernel.ServiceID, width int, n *namer) []byte {
	if id.FWMark != 0 {
		b = append(b, "FWM  "...)
		start := len(b)
		b = strconv.AppendUint(b, uint64(id.FWMark), 10)
		if id.Family == kernel.IPv6 {
			b = append(b, " IPv6"...)
		}
		return fill(b, start, width)
	}
	start := len(b)
	b = append(fill(appendProtocol(b, id.Protocol), start, 4), ' ')
	start = len(b)
	b = n.append(b, id.AddrPort(), id.Protocol)
	return fill(cutIPv4(b, start, id.Addr), start, width)
}

// appendAttributes appends the configuration of a service.
func appendAttributes(b []byte, s *kernel.ServiceEntry) []byte {
	b = append(b, ' ')
	b = append(b, s.Scheduler...)
	if s.SchedFlags != 0 {
		b = append(b, " ("...)
		b = append(b, strings.Join(s.SchedFlags.Names(s.Scheduler), ",")...)
		b = append(b, ')')
	}
	if s.Persistence > 0 {
		b = append(b, " persistent "...)
		b = strconv.AppendInt(b, int64(s.Persistence/time.Second), 10)
		if !s.Netmask.Whole(s.Family) {
			b = append(b, " mask "...)
			b = append(b, s.Netmask.Text(s.Family)...)
		}
		if s.Engine != "" {
			b = append(b, " pe "...)
			b = append(b, s.Engine...)
		}
	}
	if s.OnePacket {
		b = append(b, " ops"...)
	}
	return b
}

// nameWidth is the width of a name in a row, and the length of the longest IPv4 name.
const nameWidth = 28

// appendServerName appends the start of a server's row.
func appendServerName(b []byte, s *kernel.ServerEntry, p kernel.Protocol, n *namer) []byte {
	b = append(b, "  -> "...)
	start := len(b)
	b = n.append(b, s.Addr, p)
	return fill(cutIPv4(b, start, s.Addr.Addr()), start, nameWidth)
}

// cutIPv4 cuts a name that begins at start, if it is that of an IPv4 address.
func cutIPv4(b []byte, start int, a netip.Addr) []byte {
	if a.Is4() && len(b) > start+nameWidth {
		return b[:start+nameWidth]
	}
	return b
}

func appendForward(b []byte, s *kernel.ServerEntry) []byte {
	b = append(b, ' ')
	b = appendLeft(b, forwardName(s.Forward), 8)
	return appendWeightAndUse(b, s)
}

func appendForwardTunnel(b []byte, s *kernel.ServerEntry) []byte {
	b = append(b, ' ')
	b = appendLeft(b, forwardName(s.Forward), 8)
	start := len(b)
	b = append(fill(appendTunnelInfo(b, s), start, 13), ' ')
	return appendWeightAndUse(b, s)
}

func appendWeightAndUse(b []byte, s *kernel.ServerEntry) []byte {
	start := len(b)
	b = append(fill(strconv.AppendInt(b, int64(s.Weight), 10), start, 6), ' ')
	return appendUse(b, s)
}

func appendThresholds(b []byte, s *kernel.ServerEntry) []byte {
	b = append(b, ' ')
	b = append(appendNumber(b, uint64(s.Upper), 10), ' ')
	b = append(appendNumber(b, uint64(s.Lower), 10), ' ')
	return appendUse(b, s)
}

func appendPersistent(b []byte, s *kernel.ServerEntry) []byte {
	b = append(b, ' ')
	b = append(appendNumber(b, uint64(s.Weight), 9), ' ')
	b = append(appendNumber(b, uint64(s.Persistent), 11), ' ')
	return appendUse(b, s)
}

func appendUse(b []byte, s *kernel.ServerEntry) []byte {
	b = append(appendNumber(b, uint64(s.Active), 10), ' ')
	return appendNumber(b, uint64(s.Inactive), 10)
}

func forwardName(f kernel.Forward) string {
	switch f {
	case kernel.NAT:
		return "Masq"
	case kernel.Local:
		return "Local"
	case kernel.Tunneling:
		return "Tunnel"
	case kernel.Direct:
		return "Route"
	}
	return "(null)"
}

// appendTunnelInfo appends ipip, gue:PORT:SUM or gre:SUM.
func appendTunnelInfo(b []byte, s *kernel.ServerEntry) []byte {
	t := &s.Tunnel
	switch {
	case s.Forward == kernel.Tunneling && t.Type == kernel.IPIP:
		return append(b, "ipip"...)
	case s.Forward == kernel.Tunneling && t.Type == kernel.GUE:
		b = append(b, "gue:"...)
		b = strconv.AppendUint(b, uint64(t.Port), 10)
	case s.Forward == kernel.Tunneling && t.Type == kernel.GRE:
		b = append(b, "gre"...)
	default:
		return append(b, "n/a"...)
	}
	switch t.Flags {
	case kernel.NoChecksum:
		b = append(b, ":-c"...)
	case kernel.Checksum:
		b = append(b, ":+c"...)
	case kernel.RemoteChecksum:
		b = append(b, ":r+c"...)
	}
	return b
}
