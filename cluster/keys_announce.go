package cluster

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"lvs/plan"
)

func (t *tables) bgpRecord() record[BGP] {
	return record[BGP]{id: "BGP", title: "BGP", words: "an object with as and peers",
		doc:   "How addresses are announced.",
		after: checkBGP,
		keys: []key[BGP]{
			at("as", number[uint32](1, math.MaxUint32), func(b *BGP) *uint32 { return &b.AS }, about{
				doc: "The director's autonomous system; needed without via.", example: "64512"}),
			at("routerID", parsed("an IPv4 address", parseIPv4), func(b *BGP) *netip.Addr { return &b.RouterID }, about{
				doc: "The router's identity.", value: "an address of the director", example: "192.0.2.9"}),
			at("peers", listOf("a list of peers", t.peer.form()), func(b *BGP) *[]BGPPeer { return &b.Peers }, about{
				doc: "The routers that routes are told to.", example: "[{address: 192.0.2.1, as: 64511}]"}),
			at("communities", listOf("a list of communities", parsed("a community such as 64512:100 or no-export", parseCommunity)), func(b *BGP) *[]string { return &b.Communities }, about{
				doc: "What goes with every route: NUMBER:NUMBER, NUMBER:NUMBER:NUMBER, or one of " + enumerate(wellKnown, "and") + ".", example: "[64512:100, no-export]"}),
			at("med", pointer(number[uint32](0, math.MaxUint32)), func(b *BGP) **uint32 { return &b.MED }, about{
				doc: "The multi-exit discriminator.", value: "none", example: "50"}),
			at("localPref", pointer(number[uint32](0, math.MaxUint32)), func(b *BGP) **uint32 { return &b.LocalPref }, about{
				doc: "The local preference, for peers of the same system.", value: "none", example: "200"}),
			at("nextHop", parsed("an address", parseUnicast), func(b *BGP) *netip.Addr { return &b.NextHop }, about{
				doc: "Where routers send packets to.", value: "the director's own address", example: "192.0.2.9"}),
			at("upDelay", period(0, maxInterval, time.Millisecond), func(b *BGP) *time.Duration { return &b.UpDelay }, about{
				doc: "How long a service must be up before it is announced again; it doubles while it comes and goes.", value: "10s", example: "30s"}),
			at("lastResort", truth(), func(b *BGP) *bool { return &b.LastResort }, about{
				doc: "Goes on announcing where no cluster is healthy.", value: "false", example: "true"}),
			at("via", oneOf("route"), func(b *BGP) *string { return &b.Via }, about{
				doc: "route puts a kernel route where BGP would tell peers: another daemon (BIRD, FRR) exports it.", value: "BGP by the director itself", example: "route"}),
		}}
}

func peerRecord() record[BGPPeer] {
	return record[BGPPeer]{id: "BGPPeer", title: "BGP peers", words: "an object with address and as",
		doc:   "A router that routes are told to.",
		after: checkPeer,
		keys: []key[BGPPeer]{
			at("address", parsed("an address", parseUnicast), func(p *BGPPeer) *netip.Addr { return &p.Address }, about{
				doc: "The router's address, IPv4 or IPv6.", example: "192.0.2.1", needed: true}),
			at("as", number[uint32](1, math.MaxUint32), func(p *BGPPeer) *uint32 { return &p.AS }, about{
				doc: "Its autonomous system.", example: "64511", needed: true}),
			at("port", number[uint16](1, 65535), func(p *BGPPeer) *uint16 { return &p.Port }, about{
				doc: "Its TCP port.", value: "179", example: "1179"}),
			at("passwordFile", text("the path of a file"), func(p *BGPPeer) *string { return &p.PasswordFile }, about{
				doc: "A file with the session's password (TCP MD5); a relative path begins at the cluster file.", value: "no password", example: "peer1.key"}),
			at("multihop", number[uint8](1, 255), func(p *BGPPeer) *uint8 { return &p.Multihop }, about{
				doc: "The hops that it may be away.", value: "a neighbour on the link", example: "3"}),
			at("ttlSecurity", truth(), func(p *BGPPeer) *bool { return &p.TTLSecurity }, about{
				doc: "Takes packets from the link only (RFC 5082).", value: "false", example: "true"}),
			at("passive", truth(), func(p *BGPPeer) *bool { return &p.Passive }, about{
				doc: "Waits for the router to connect.", value: "false", example: "true"}),
			at("hold", period(3*time.Second, 65535*time.Second, time.Second), func(p *BGPPeer) *time.Duration { return &p.Hold }, about{
				doc: "A router that is silent for so long is gone.", value: "90s", example: "9s"}),
			at("keepalive", period(time.Second, 21845*time.Second, time.Second), func(p *BGPPeer) *time.Duration { return &p.Keepalive }, about{
				doc: "How often the director speaks.", value: "a third of hold", example: "3s"}),
			at("gracefulRestart", truth(), func(p *BGPPeer) *bool { return &p.GracefulRestart }, about{
				doc: "Asks the router to keep routes while the director restarts.", value: "false", example: "true"}),
		}}
}

// defaultHold is BGP's hold time where a peer does not say it (RFC 4271).
const defaultHold = 90 * time.Second

func checkPeer(d *decoder, v *tree, p *BGPPeer) {
	hold := p.Hold
	if hold == 0 {
		hold = defaultHold
	}
	if p.Keepalive >= hold {
		d.fault(v.find("keepalive"), fmt.Sprintf("keepalive is not below hold, which is %s", plan.DurationText(hold)), "a third of it is usual")
	}
	if p.TTLSecurity && p.Multihop > 0 {
		d.fault(v.find("ttlSecurity"), "ttlSecurity is for a neighbour on the link: it excludes multihop", "")
	}
}

// checkBGP knows what belongs to sessions, of which there are none with via.
func checkBGP(d *decoder, v *tree, b *BGP) {
	if b.Via != "" {
		for _, key := range []string{"peers", "communities", "med", "localPref", "nextHop", "routerID"} {
			if v.member(key) != nil {
				d.fault(v.find(key), key+" has no meaning with via: route", "the other daemon tells its own peers")
			}
		}
		return
	}
	if v.member("as") == nil {
		d.fault(v, "as is missing", "it is the number of the director's autonomous system")
	}
	for i := range b.Peers {
		if first := slices.IndexFunc(b.Peers[:i], func(p BGPPeer) bool { return p.Address == b.Peers[i].Address }); first >= 0 && b.Peers[i].Address.IsValid() {
			d.fault(v.find("peers", i, "address"), fmt.Sprintf("the peer %v stands here again; first in line %d", b.Peers[i].Address, v.find("peers", first).line), "")
		}
	}
}

// wellKnown are communities with names (RFC 1997, RFC 7999, RFC 8326).
var wellKnown = []string{"graceful-shutdown", "blackhole", "no-export", "no-advertise", "no-export-subconfed"}

func parseCommunity(s string) (string, error) {
	if slices.Contains(wellKnown, s) {
		return s, nil
	}
	parts := strings.Split(s, ":")
	bits := 16
	if len(parts) == 3 { // a large one, RFC 8092
		bits = 32
	}
	for _, p := range parts {
		if _, err := strconv.ParseUint(p, 10, bits); err != nil || len(parts) < 2 || len(parts) > 3 || p[0] == '+' {
			return s, errors.New(plan.Quote(s) + " is no community such as 64512:100, 4200000000:1:2 or " + wellKnown[2])
		}
	}
	return s, nil
}

func parseUnicast(s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	if err != nil || a.IsMulticast() || a.IsUnspecified() {
		return netip.Addr{}, errors.New(plan.Quote(s) + " is no address of a host")
	}
	return a, nil
}

func parseIPv4(s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	if err != nil || !a.Is4() || a.IsUnspecified() {
		return netip.Addr{}, errors.New(plan.Quote(s) + " is no IPv4 address")
	}
	return a, nil
}
