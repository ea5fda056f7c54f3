package kernel

import "time"

// appendRequest appends one change as a netlink request.
func appendRequest(b []byte, family uint16, c *Change, flags uint16, seq uint32) []byte {
	start := len(b)
	b = beginMessage(b, family, commandOf(c.Op), flags, seq)
	switch c.Op {
	case AddService, EditService:
		b = appendService(b, &c.Service)
	default:
		b = appendServiceID(b, c.Service.ServiceID)
	}
	if c.Op.OnServer() {
		b = appendServer(b, &c.Server, c.Op != DeleteServer)
	}
	return endMessage(b, start)
}

func commandOf(o Op) uint8 {
	switch o {
	case AddService:
		return cmdNewService
	case EditService:
		return cmdSetService
	case DeleteService:
		return cmdDelService
	case AddServer:
		return cmdNewDest
	case EditServer:
		return cmdSetDest
	case DeleteServer:
		return cmdDelDest
	}
	return 0 // the kernel refuses command 0 as not supported
}

// appendServiceID appends the attributes that identify a service.
func appendServiceID(b []byte, id ServiceID) []byte {
	b, at := openNest(b, attrService)
	return closeNest(appendIdentity(b, id), at)
}

func appendIdentity(b []byte, id ServiceID) []byte {
	b = appendU16(b, svcFamily, uint16(id.Family))
	if id.FWMark != 0 {
		return appendU32(b, svcFWMark, id.FWMark)
	}
	b = appendU16(b, svcProtocol, uint16(id.Protocol))
	b = appendBytes(b, svcAddr, id.Addr.AsSlice())
	return appendPort(b, svcPort, id.Port)
}

// appendService appends the whole configuration of a service. The mask covers
// every flag, so flags that are not set are cleared.
func appendService(b []byte, s *Service) []byte {
	b, at := openNest(b, attrService)
	b = appendIdentity(b, s.ServiceID)
	b = appendText(b, svcScheduler, s.Scheduler)
	if s.Engine != "" {
		b = appendText(b, svcEngine, s.Engine)
	}
	flags := uint32(s.SchedFlags) * flagSched
	if s.Persistence > 0 {
		flags |= flagPersistent
	}
	if s.OnePacket {
		flags |= flagOnePacket
	}
	b = appendAttrHeader(b, svcFlags, 8)
	b = host.AppendUint32(b, flags)
	b = host.AppendUint32(b, ^uint32(0))
	b = appendU32(b, svcTimeout, uint32(s.Persistence/time.Second))
	b = appendNetmask(b, s.Family, s.Netmask)
	return closeNest(b, at)
}

// appendNetmask appends an IPv4 mask in network byte order, or an IPv6 prefix
// length in host byte order. The kernel has no default: the whole address is
// 255.255.255.255 or 128.
func appendNetmask(b []byte, f Family, m Netmask) []byte {
	if f == IPv6 {
		if m == 0 {
			m = 128
		}
		return appendU32(b, svcNetmask, uint32(m))
	}
	if m == 0 {
		m = 0xffffffff
	}
	return appendBE32(b, svcNetmask, uint32(m))
}

// appendServer appends a real server: its whole configuration, or only its
// identity.
func appendServer(b []byte, s *Server, whole bool) []byte {
	b, at := openNest(b, attrDest)
	b = appendBytes(b, destAddr, s.Addr.Addr().AsSlice())
	b = appendPort(b, destPort, s.Addr.Port())
	b = appendU16(b, destFamily, uint16(FamilyOf(s.Addr.Addr())))
	if whole {
		b = appendU32(b, destForward, uint32(s.Forward))
		b = appendU32(b, destWeight, weightBits(s.Weight))
		b = appendU32(b, destUpper, s.Upper)
		b = appendU32(b, destLower, s.Lower)
		if s.Forward == Tunneling && s.Tunnel != (Tunnel{}) {
			b = appendU8(b, destTunType, uint8(s.Tunnel.Type))
			b = appendPort(b, destTunPort, s.Tunnel.Port)
			b = appendU16(b, destTunFlags, uint16(s.Tunnel.Flags))
		}
	}
	return closeNest(b, at)
}

// weightBits returns a weight as the kernel's 32 bits. A weight that is out of
// range becomes a negative number, which the kernel refuses.
func weightBits(w int) uint32 {
	if w < 0 || w > MaxWeight {
		return 1 << 31
	}
	return uint32(w)
}

// appendDaemon appends a sync daemon. Zero values are left to the kernel.
func appendDaemon(b []byte, d *Daemon) []byte {
	b, at := openNest(b, attrDaemon)
	b = appendU32(b, daemonState, uint32(d.Role))
	b = appendText(b, daemonInterface, d.Interface)
	b = appendU32(b, daemonID, uint32(d.ID))
	if d.MaxLen != 0 {
		b = appendU16(b, daemonMaxLen, d.MaxLen)
	}
	if d.Group.Is4() {
		b = appendBytes(b, daemonGroup, d.Group.AsSlice())
	} else if d.Group.Is6() {
		b = appendBytes(b, daemonGroup6, d.Group.AsSlice())
	}
	if d.Port != 0 {
		b = appendU16(b, daemonPort, d.Port)
	}
	if d.TTL != 0 {
		b = appendU8(b, daemonTTL, d.TTL)
	}
	return closeNest(b, at)
}
