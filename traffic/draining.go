package traffic

import (
	"time"

	"lvs/kernel"
)

// Block is one reason why a server of weight 0 is not drained, with the number of
// connections or clients.
type Block struct {
	Reason BlockReason
	Count  uint64
	// Setting is the sysctl of net.ipv4.vs that lets clients come back, with its value.
	// The zero value is none.
	Setting kernel.Sysctl
}

// BlockReason is why a server is not drained.
type BlockReason uint8

// The reasons.
const (
	// ActiveConnections are established.
	ActiveConnections BlockReason = iota + 1
	// ActiveOrEnded are established as far as the kernel knows, but no packet comes:
	// sloppy_tcp makes such connections of late packets, too.
	ActiveOrEnded
	// BoundClients are clients that persistence sends to the server even at weight
	// 0, because net.ipv4.vs.expire_quiescent_template is 0.
	BoundClients
	// RecentDatagrams are connections of UDP with datagrams within QuietTime.
	RecentDatagrams
	// RecentPackets are inactive connections with packets within QuietTime: of TCP or
	// SCTP, or of a firewall mark, where some may be UDP. A client that uses the port of
	// such a connection again may come back (Setting).
	RecentPackets
	// UncountedDatagrams and Uncounted are inactive connections of UDP, and of other
	// protocols, that may still carry packets: the kernel counts no packets, so only
	// their timeout ends them.
	UncountedDatagrams
	Uncounted
	// Opening are inactive connections of which some may be about to become active, or
	// still carry packets: they have not been watched for QuietTime.
	Opening
)

// QuietTime is how long no packet may have come to a server before it counts as
// drained, while connections are left that are not active: a UDP connection has no
// visible end, and one of TCP or SCTP may be used again, or be closed on one side only.
// The kernel updates its counters every KernelTick. It is more
// than openingTime.
const QuietTime = 5 * time.Second

// DrainSettings are the sysctls that Blocks needs.
var DrainSettings = []string{kernel.ConnReuseMode, kernel.ExpireNodestConn, kernel.ExpireQuiescentTemplate,
	kernel.SloppyTCP, kernel.RunEstimation, kernel.EstCPUList}

// openingTime is how long a connection may take to become active: its SYN was scheduled
// before the weight was 0, and the answer is on its way, or is sent again after a second.
const openingTime = 3 * time.Second

// Draining follows servers of weight 0 and finds what is left on them. It has to look
// at them repeatedly. The zero value is ready to use.
type Draining struct {
	servers map[kernel.ServerKey]*incoming
}

// incoming is what is known about what comes to a server of weight 0.
type incoming struct {
	first   time.Time // the first look
	packets uint64    // the kernel's counter
	since   time.Time // since when it is the same, or has been watched
	came    bool      // packets came since the first look
	idle    time.Time // when no connection was active for the first time
	active  uint32    // active connections at the last look
	back    bool      // clients came back: more are active, or packets come after idle
}

// Blocks looks at a server and returns why it is not drained. A server with a weight
// is not looked at: the result is empty, and the watch begins again. counted reports
// whether the kernel counts packets.
func (d *Draining) Blocks(now time.Time, settings []kernel.Sysctl, counted bool, s *kernel.Service,
	v *kernel.ServerEntry) []Block {
	key := kernel.ServerKey{Service: s.ServiceID, Server: v.Addr}
	if v.Weight > 0 {
		delete(d.servers, key)
		return nil
	}
	in := d.look(key, now, v)
	quiet := now.Sub(in.since) >= QuietTime
	because, _ := kernel.ReturnPath(settings, s, v.Forward)
	var out []Block
	if v.Active > 0 {
		b := Block{Reason: ActiveConnections, Count: uint64(v.Active)}
		sloppy, _ := kernel.Switch(settings, kernel.SloppyTCP)
		switch {
		case in.back || because.Name == kernel.ConnReuseMode && because.Value == "0":
			b.Setting = because
		case sloppy && quiet && counted && (s.FWMark != 0 || s.Protocol == kernel.TCP):
			b.Reason = ActiveOrEnded
		}
		out = append(out, b)
	}
	if expire, _ := kernel.Switch(settings, kernel.ExpireQuiescentTemplate); s.Persistence > 0 && v.Persistent > 0 &&
		!expire {
		out = append(out, Block{Reason: BoundClients, Count: uint64(v.Persistent)})
	}
	if v.Inactive == 0 {
		return out
	}
	b := Block{Count: uint64(v.Inactive), Setting: because}
	udp := s.FWMark == 0 && s.Protocol == kernel.UDP
	switch {
	case udp && !counted:
		b.Reason = UncountedDatagrams
	case !counted && (s.FWMark != 0 || b.Setting.Name != ""):
		b.Reason = Uncounted
	case quiet, len(out) > 0 && !udp: // the packets may be those of the active ones
		return out
	case udp:
		b.Reason = RecentDatagrams
	case counted && in.came:
		b.Reason = RecentPackets
	default:
		b.Reason, b.Setting = Opening, kernel.Sysctl{}
	}
	return append(out, b)
}

// look notes what the kernel counts for a server.
func (d *Draining) look(key kernel.ServerKey, now time.Time, v *kernel.ServerEntry) *incoming {
	if d.servers == nil {
		d.servers = map[kernel.ServerKey]*incoming{}
	}
	in := d.servers[key]
	if in == nil {
		in = &incoming{first: now, packets: v.Stats.Counters.PacketsIn, since: now, active: v.Active}
		d.servers[key] = in
	}
	late := !in.idle.IsZero() && now.Sub(in.idle) >= openingTime
	if n := v.Stats.Counters.PacketsIn; in.packets != n {
		in.packets, in.since, in.came = n, now, true
		in.back = in.back || late
	}
	in.back = in.back || v.Active > in.active && now.Sub(in.first) >= openingTime
	if in.active = v.Active; v.Active == 0 && in.idle.IsZero() {
		in.idle = now
	}
	return in
}
