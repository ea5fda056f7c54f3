package kernel

import (
	"net/netip"
	"time"
)

// names holds one copy of each name that repeats in a table: schedulers, engines,
// states.
type names map[string]string

func (n names) of(b []byte) string {
	if s, ok := n[string(b)]; ok {
		return s
	}
	s := string(b)
	n[s] = s
	return s
}

// nested returns the content of the top-level attribute of the given type.
func nested(b []byte, typ uint16) ([]byte, error) {
	for a, err := range attrs(b) {
		if err != nil {
			return nil, err
		}
		if a.Type == typ {
			return a.Data, nil
		}
	}
	return nil, errShort
}

// decodeService decodes the attributes of one service.
func decodeService(b []byte, e *ServiceEntry, n names) error {
	var addr, mask, stats, wide []byte
	for a, err := range attrs(b) {
		if err != nil {
			return err
		}
		switch a.Type {
		case svcFamily:
			e.Family = Family(a.number())
		case svcProtocol:
			e.Protocol = Protocol(a.number())
		case svcAddr:
			addr = a.Data
		case svcPort:
			e.Port = a.port()
		case svcFWMark:
			e.FWMark = uint32(a.number())
		case svcScheduler:
			e.Scheduler = n.of(a.text())
		case svcEngine:
			e.Engine = n.of(a.text())
		case svcFlags:
			if len(a.Data) < 4 {
				return errShort
			}
			flags := host.Uint32(a.Data)
			e.OnePacket = flags&flagOnePacket != 0
			e.SchedFlags = SchedFlags(flags/flagSched) & (SchedFlag1 | SchedFlag2 | SchedFlag3)
			if flags&flagPersistent == 0 {
				e.Persistence = -1 // ignores svcTimeout; set to 0 below
			}
		case svcTimeout:
			if e.Persistence == 0 {
				e.Persistence = time.Duration(a.number()) * time.Second
			}
		case svcNetmask:
			mask = a.Data
		case svcStats:
			stats = a.Data
		case svcStats64:
			wide = a.Data
		}
	}
	e.Persistence = max(e.Persistence, 0)
	if e.FWMark != 0 {
		e.Protocol, e.Port = 0, 0
	} else {
		a, err := decodeAddr(addr, e.Family)
		if err != nil {
			return err
		}
		e.Addr = a
	}
	if err := decodeNetmask(mask, e); err != nil {
		return err
	}
	return decodeStats(stats, wide, &e.Stats)
}

func decodeNetmask(b []byte, e *ServiceEntry) error {
	if len(b) < 4 {
		return nil
	}
	e.Netmask = maskOf(net.Uint32(b))
	if e.Family == IPv6 {
		e.Netmask = Netmask(host.Uint32(b))
	}
	if e.Netmask.Whole(e.Family) {
		e.Netmask = 0
	}
	return nil
}

// decodeAddr decodes an address of the given family from the kernel's 16 bytes.
func decodeAddr(b []byte, f Family) (netip.Addr, error) {
	switch {
	case f == IPv4 && len(b) >= 4:
		return netip.AddrFrom4([4]byte(b[:4])), nil
	case f == IPv6 && len(b) >= 16:
		return netip.AddrFrom16([16]byte(b[:16])), nil
	}
	return netip.Addr{}, errShort
}

// decodeServer decodes the attributes of one real server. Before Linux 3.18 they
// do not include the address family: family is the service's.
func decodeServer(b []byte, family Family, e *ServerEntry) error {
	var addr, stats, wide []byte
	var port uint16
	for a, err := range attrs(b) {
		if err != nil {
			return err
		}
		switch a.Type {
		case destAddr:
			addr = a.Data
		case destPort:
			port = a.port()
		case destFamily:
			family = Family(a.number())
		case destForward:
			e.Forward = Forward(a.number() & forwardMask)
		case destWeight:
			e.Weight = int(int32(a.number()))
		case destUpper:
			e.Upper = uint32(a.number())
		case destLower:
			e.Lower = uint32(a.number())
		case destActive:
			e.Active = uint32(a.number())
		case destInactive:
			e.Inactive = uint32(a.number())
		case destPersistent:
			e.Persistent = uint32(a.number())
		case destTunType:
			e.Tunnel.Type = TunnelType(a.number())
		case destTunPort:
			e.Tunnel.Port = a.port()
		case destTunFlags:
			e.Tunnel.Flags = TunnelFlags(a.number())
		case destStats:
			stats = a.Data
		case destStats64:
			wide = a.Data
		}
	}
	a, err := decodeAddr(addr, family)
	if err != nil {
		return err
	}
	e.Addr = netip.AddrPortFrom(a, port)
	if e.Forward != Tunneling {
		e.Tunnel = Tunnel{}
	}
	return decodeStats(stats, wide, &e.Stats)
}

// decodeStats decodes statistics. The kernel sends the same figures in 32 bits
// (b) and, from Linux 4.1, in 64 bits (wide), which replace the first.
func decodeStats(b, wide []byte, s *Stats) error {
	if wide != nil {
		b = wide
	}
	for a, err := range attrs(b) {
		if err != nil {
			return err
		}
		v := a.number()
		switch a.Type {
		case statConns:
			s.Counters.Connections = v
		case statInPkts:
			s.Counters.PacketsIn = v
		case statOutPkts:
			s.Counters.PacketsOut = v
		case statInBytes:
			s.Counters.BytesIn = v
		case statOutBytes:
			s.Counters.BytesOut = v
		case statCPS:
			s.Rates.Connections = v
		case statInPPS:
			s.Rates.PacketsIn = v
		case statOutPPS:
			s.Rates.PacketsOut = v
		case statInBPS:
			s.Rates.BytesIn = v
		case statOutBPS:
			s.Rates.BytesOut = v
		}
	}
	return nil
}

// decodeTimeouts decodes the answer to cmdGetConfig.
func decodeTimeouts(b []byte) (t Timeouts, err error) {
	for a, err := range attrs(b) {
		if err != nil {
			return t, err
		}
		d := time.Duration(a.number()) * time.Second
		switch a.Type {
		case attrTimeoutTCP:
			t.TCP = d
		case attrTimeoutTCPFin:
			t.TCPFin = d
		case attrTimeoutUDP:
			t.UDP = d
		}
	}
	return t, nil
}

// decodeDaemon decodes the attributes of one sync daemon.
func decodeDaemon(b []byte) (Daemon, error) {
	var d Daemon
	for a, err := range attrs(b) {
		if err != nil {
			return d, err
		}
		switch a.Type {
		case daemonState:
			d.Role = Role(a.number())
		case daemonInterface:
			d.Interface = string(a.text())
		case daemonID:
			d.ID = uint8(a.number())
		case daemonMaxLen:
			d.MaxLen = uint16(a.number())
		case daemonGroup:
			d.Group, err = decodeAddr(a.Data, IPv4)
		case daemonGroup6:
			d.Group, err = decodeAddr(a.Data, IPv6)
		case daemonPort:
			d.Port = uint16(a.number())
		case daemonTTL:
			d.TTL = uint8(a.number())
		}
		if err != nil {
			return d, err
		}
	}
	return d, nil
}

// decodeInfo decodes the answer to cmdGetInfo.
func decodeInfo(b []byte) (Info, error) {
	var i Info
	for a, err := range attrs(b) {
		if err != nil {
			return i, err
		}
		switch a.Type {
		case infoVersion:
			i.Version = Version(a.number())
		case infoTableSize:
			i.ConnTableSize = uint32(a.number())
		}
	}
	return i, nil
}
