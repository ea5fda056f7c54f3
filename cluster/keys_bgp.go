package cluster

import (
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
		doc:   "How addresses are announced. Not used yet.",
		after: checkBGP,
		keys: []key[BGP]{
			at("as", number[uint32](1, math.MaxUint32), func(b *BGP) *uint32 { return &b.AS }, about{
				doc: "The number of the director's autonomous system; required without via.", example: "64512"}),
			at("routerID", parsed("an IPv4 address", parseIPv4), func(b *BGP) *netip.Addr { return &b.RouterID }, about{
				doc: "The director's BGP identifier.", value: "an address of the director", example: "192.0.2.9"}),
			at("peers", listOf("a list of peers", t.peer.form()), func(b *BGP) *[]BGPPeer { return &b.Peers }, about{
				doc: "The routers to announce routes to.", example: "[{address: 192.0.2.1, as: 64511}]"}),
			at("communities", listOf("a list of communities", parsed("a community such as 64512:100 or no-export",
				parseCommunity)), func(b *BGP) *[]string { return &b.Communities }, about{
				doc: "The communities of every route: NUMBER:NUMBER, NUMBER:NUMBER:NUMBER, or " + enumerate(wellKnown, "or") +
					".", example: "[64512:100, no-export]"}),
			at("med", pointer(number[uint32](0, math.MaxUint32)), func(b *BGP) **uint32 { return &b.MED }, about{
				doc: "The multi-exit discriminator.", value: "none", example: "50"}),
			at("localPref", pointer(number[uint32](0, math.MaxUint32)), func(b *BGP) **uint32 { return &b.LocalPref }, about{
				doc: "The local preference, for peers in the same autonomous system.", value: "none", example: "200"}),
			at("nextHop", parsed("an address", parseUnicast), func(b *BGP) *netip.Addr { return &b.NextHop }, about{
				doc: "The address that routers send packets to.", value: "the director's own address", example: "192.0.2.9"}),
			at("upDelay", period(0, maxInterval, time.Millisecond), func(b *BGP) *time.Duration { return &b.UpDelay }, about{
				doc: "How long a service must be up before it is announced again. It doubles each time if the service keeps " +
					"changing.", value: "10s", example: "30s"}),
			at("lastResort", truth(), func(b *BGP) *bool { return &b.LastResort }, about{
				doc: "Keeps announcing if no cluster is healthy.", value: "false", example: "true"}),
			at("via", oneOf("route"), func(b *BGP) *string { return &b.Via }, about{
				doc:   "route adds a kernel route in place of a BGP announcement: another daemon (BIRD, FRR) exports it.",
				value: "BGP by lvs itself", example: "route"}),
		}}
}

func peerRecord() record[BGPPeer] {
	return record[BGPPeer]{id: "BGPPeer", title: "BGP peers", words: "an object with address and as",
		doc:   "A router to announce routes to. Not used yet.",
		after: checkPeer,
		keys: []key[BGPPeer]{
			at("address", parsed("an address", parseUnicast), func(p *BGPPeer) *netip.Addr { return &p.Address }, about{
				doc: "The router's address, IPv4 or IPv6.", example: "192.0.2.1", needed: true}),
			at("as", number[uint32](1, math.MaxUint32), func(p *BGPPeer) *uint32 { return &p.AS }, about{
				doc: "The number of its autonomous system.", example: "64511", needed: true}),
			at("port", number[uint16](1, 65535), func(p *BGPPeer) *uint16 { return &p.Port }, about{
				doc: "Its TCP port.", value: "179", example: "1179"}),
			at("passwordFile", text("the path of a file"), func(p *BGPPeer) *string { return &p.PasswordFile }, about{
				doc: "A file with the password of the session (TCP MD5). A relative path starts at the cluster file's " +
					"directory.", value: "no password", example: "peer1.key"}),
			at("multihop", number[uint8](1, 255), func(p *BGPPeer) *uint8 { return &p.Multihop }, about{
				doc: "How many hops away the router may be.", value: "on the same link", example: "3"}),
			at("ttlSecurity", truth(), func(p *BGPPeer) *bool { return &p.TTLSecurity }, about{
				doc: "Accepts packets from the same link only (RFC 5082).", value: "false", example: "true"}),
			at("passive", truth(), func(p *BGPPeer) *bool { return &p.Passive }, about{
				doc: "Waits for the router to connect.", value: "false", example: "true"}),
			at("hold", period(3*time.Second, 65535*time.Second, time.Second),
				func(p *BGPPeer) *time.Duration { return &p.Hold }, about{
					doc: "A router that is silent for this long is down.", value: "90s", example: "9s"}),
			at("keepalive", period(time.Second, 21845*time.Second, time.Second),
				func(p *BGPPeer) *time.Duration { return &p.Keepalive }, about{
					doc: "How often keepalive messages are sent.", value: "a third of hold", example: "3s"}),
			at("gracefulRestart", truth(), func(p *BGPPeer) *bool { return &p.GracefulRestart }, about{
				doc: "Asks the router to keep the routes while the daemon restarts.", value: "false", example: "true"}),
		}}
}

// defaultHold is the default of hold (RFC 4271).
const defaultHold = 90 * time.Second

func checkPeer(d *decoder, v *tree, p *BGPPeer) {
	hold := p.Hold
	if hold == 0 {
		hold = defaultHold
	}
	if p.Keepalive >= hold {
		d.fault(v.find("keepalive"), fmt.Sprintf("keepalive is not shorter than hold (%s)", plan.DurationText(hold)),
			"use a third of hold")
	}
	if p.TTLSecurity && p.Multihop > 0 {
		d.fault(v.find("ttlSecurity"), "ttlSecurity is for a router on the same link, multihop for one further away",
			"leave out one of them")
	}
}

// checkBGP refuses keys of sessions together with via: then there are no sessions.
func checkBGP(d *decoder, v *tree, b *BGP) {
	if b.Via != "" {
		for _, key := range []string{"peers", "communities", "med", "localPref", "nextHop", "routerID"} {
			if v.member(key) != nil {
				d.fault(v.find(key), key+" has no effect with via: route", "leave out "+key+", and set it in the other daemon")
			}
		}
		return
	}
	if v.member("as") == nil {
		d.fault(v, "as is missing", "add as: the number of the director's autonomous system")
	}
	for i := range b.Peers {
		if first := slices.IndexFunc(b.Peers[:i],
			func(p BGPPeer) bool { return p.Address == b.Peers[i].Address }); first >= 0 && b.Peers[i].Address.IsValid() {
			d.fault(v.find("peers", i, "address"), fmt.Sprintf("duplicate peer %v: first in line %d", b.Peers[i].Address,
				v.find("peers", first).line), "")
		}
	}
}

// wellKnown are the communities with names (RFC 1997, RFC 7999, RFC 8326).
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
			return s, wantError("a community such as 64512:100, 4200000000:1:2 or " + wellKnown[2])
		}
	}
	return s, nil
}

func parseUnicast(s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	if err != nil || a.IsMulticast() || a.IsUnspecified() {
		return netip.Addr{}, wantError("the IP address of a host")
	}
	return a, nil
}

func parseIPv4(s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	if err != nil || !a.Is4() || a.IsUnspecified() {
		return netip.Addr{}, wantError("an IPv4 address")
	}
	return a, nil
}

func (t *tables) overflowRecord() record[Overflow] {
	return record[Overflow]{id: "Overflow", title: "Overflow", words: "an object with high, low and peers",
		doc:   "How a full cluster shares its load with other clusters. Not used yet.",
		after: checkOverflow,
		keys: []key[Overflow]{
			at("high", part(), func(o *Overflow) *Share { return &o.High }, about{
				doc: "Above this load other clusters are asked for help.", example: "80%", needed: true}),
			at("low", part(), func(o *Overflow) *Share { return &o.Low }, about{
				doc: "Below this load their help is no longer needed.", example: "60%", needed: true}),
			at("sustain", period(0, maxInterval, time.Millisecond), func(o *Overflow) *time.Duration { return &o.Sustain },
				about{
					doc: "How long the load must stay above or below.", value: "5s", example: "10s"}),
			at("maxShare", part(), func(o *Overflow) *Share { return &o.MaxShare }, about{
				doc: "The largest percentage of the traffic that other clusters get.", value: "50%", example: "30%"}),
			at("peers", listOf("a list of clusters", t.helper.form()), func(o *Overflow) *[]OverflowPeer { return &o.Peers },
				about{
					doc: "The other clusters.", example: "[{name: frankfurt, director: 203.0.113.2, keyFile: frankfurt.key}]",
					needed: true}),
		}}
}

func helperRecord() record[OverflowPeer] {
	return record[OverflowPeer]{id: "OverflowPeer", title: "Other clusters",
		words: "an object with name, director and keyFile",
		doc:   "Another cluster. Not used yet.",
		keys: []key[OverflowPeer]{
			at("name", text("a text"), func(p *OverflowPeer) *string { return &p.Name }, about{
				doc: "Its name.", example: "frankfurt", needed: true}),
			at("director", parsed("an address", parseUnicast), func(p *OverflowPeer) *netip.Addr { return &p.Director }, about{
				doc: "Its director's address.", example: "203.0.113.2", needed: true}),
			at("keyFile", text("the path of a file"), func(p *OverflowPeer) *string { return &p.KeyFile }, about{
				doc:     "A file with the key that both clusters share. A relative path starts at the cluster file's directory.",
				example: "frankfurt.key", needed: true}),
		}}
}

func checkOverflow(d *decoder, v *tree, o *Overflow) {
	if o.High != (Share{}) && o.Low.N >= o.High.N {
		d.fault(v.find("low"), fmt.Sprintf("low is not lower than high (%d%%)", o.High.N), "")
	}
	if peers := v.member("peers"); peers != nil && peers.kind == isList && len(peers.items) == 0 {
		d.fault(peers, "peers is empty", "leave out overflow")
	}
	for i := range o.Peers {
		if slices.ContainsFunc(o.Peers[:i], func(p OverflowPeer) bool { return p.Name == o.Peers[i].Name && p.Name != "" }) {
			d.fault(v.find("peers", i, "name"), "duplicate cluster "+plan.Quote(o.Peers[i].Name), "")
		}
	}
}
