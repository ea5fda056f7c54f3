package cluster

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"lvs/kernel"
)

// randomFile makes a file of which every part may be there, in words that are
// hard to write.
func randomFile(r *rand.Rand) *File {
	f := &File{Name: word(r), Comments: some(r, 3, word), Services: []FileService{}}
	for i := range r.IntN(3) {
		f.Checks = append(f.Checks, NamedCheck{"check " + strconv.Itoa(i) + word(r), randomCheck(r, nil, 2)})
	}
	named := []string{}
	for _, c := range f.Checks {
		named = append(named, c.Name)
	}
	f.Defaults = Defaults{Scheduler: pick(r, "", "rr"), Forward: pick(r, "", "nat"), Check: randomChecks(r, named)}
	f.Timeouts = kernel.Timeouts{TCP: pick(r, 0, 15*time.Minute), UDP: pick(r, 0, time.Second)}
	if r.IntN(2) == 0 {
		f.Sync = []kernel.Daemon{{Role: kernel.Master, Interface: "eth1", ID: uint8(r.IntN(9)),
			MaxLen: pick[uint16](r, 0, 1400)}}
	}
	for i := range r.IntN(3) {
		f.Pools = append(f.Pools, Pool{strconv.Itoa(i) + word(r), randomServers(r, kernel.IPv4, named)})
	}
	for i := range r.IntN(5) {
		f.Services = append(f.Services, randomFileService(r, i, f, named))
	}
	randomRest(r, f)
	for i := range f.Services {
		f.Services[i].Health.Announce = f.BGP != nil && r.IntN(2) == 0
	}
	return f
}

func randomFileService(r *rand.Rand, i int, f *File, named []string) FileService {
	s := FileService{Name: word(r), Comments: some(r, 2, word), Scheduler: pick(r, "", "mh"),
		Forward: pick(r, "", "tunnel")}
	family := kernel.IPv4
	for j := range 1 + r.IntN(7) {
		s.Addresses = append(s.Addresses, id("tcp://10.0."+strconv.Itoa(i)+"."+strconv.Itoa(j)+":80"))
	}
	if r.IntN(3) == 0 {
		family = kernel.IPv6
		s.Addresses = []kernel.ServiceID{kernel.MarkID(uint32(i+1), kernel.IPv6),
			id("udp://[2001:db8::" + strconv.Itoa(i) + "]:53")}
	}
	if s.Scheduler == "mh" {
		s.Flags = pick(r, nil, []string{"mh-fallback"}, []string{"mh-fallback", "mh-port"})
	}
	if r.IntN(2) == 0 {
		s.Persistence, s.Engine = time.Minute, pick(r, "", "sip")
		s.Netmask = pick[kernel.Netmask](r, 0, 24)
		if family == kernel.IPv4 {
			s.Netmask = pick[kernel.Netmask](r, 0, 0xffffff00, kernel.AllClients)
		}
	} else if r.IntN(4) == 0 {
		s.Engine, s.AsIs = "sip", true
	}
	switch {
	case len(f.Pools) > 0 && family == kernel.IPv4 && r.IntN(2) == 0:
		s.Pool = f.Pools[r.IntN(len(f.Pools))].Name
	default:
		s.Servers = randomServers(r, family, named)
	}
	s.Health = ServiceHealth{
		Check: randomChecks(r, named),
		Down:  pick(r, Share{}, Share{1, false}), Up: pick(r, Share{}, Share{50, true}),
		Fallback: pick(r, "", "10.0.9.9", "10.0.9.9:80"), OnAllDown: pick(r, "", "withdraw", "open"),
		OnDown:    OnDown{pick(r, nil, new(time.Duration(0)), new(20*time.Second)), pick(r, "", "keep", "reset")},
		MaxMasked: pick(r, Share{}, Share{30, true}), SlowStart: pick(r, 0, 90*time.Second),
		QuorumOf: pick(r, "", "weight", "servers"), MinLeft: pick(r, Share{}, Share{60, true}), Passive: r.IntN(2) == 0,
	}
	if family == kernel.IPv6 {
		s.Health.Fallback = pick(r, "", "2001:db8::9")
	}
	return s
}

func randomServers(r *rand.Rand, family kernel.Family, named []string) []FileServer {
	var out []FileServer
	for i := range 1 + r.IntN(4) {
		s := FileServer{Address: "10.0.1." + strconv.Itoa(i+1) + pick(r, "", ":80"), Forward: pick(r, "", "nat", "direct")}
		if family == kernel.IPv6 {
			s.Address = "2001:db8::" + strconv.Itoa(i+1)
		}
		if r.IntN(4) == 0 && family == kernel.IPv4 {
			s.Address = "10.0." + strconv.Itoa(i+2) + ".[1-3]"
		}
		s.Weight = pick(r, nil, new(int), &[]int{70000}[0])
		s.Upper = pick(r, uint32(0), 9)
		s.Lower = s.Upper / 3
		if r.IntN(3) == 0 {
			s.Forward, s.Tunnel = "tunnel", kernel.Tunnel{Type: kernel.GUE, Port: 6080, Flags: kernel.RemoteChecksum}
		}
		if r.IntN(3) == 0 {
			s.Labels = map[string]string{"k" + word(r): word(r), "no": word(r)}
		}
		s.Check = randomChecks(r, named)
		s.Tier = r.IntN(3)
		out = append(out, s)
	}
	return out
}

func randomChecks(r *rand.Rand, named []string) []Check {
	return some(r, 3, func(r *rand.Rand) Check { return randomCheck(r, named, 2) })
}

// randomCheck is of any type, or one of the named checks.
func randomCheck(r *rand.Rand, named []string, depth int) Check {
	if len(named) > 0 && r.IntN(3) == 0 {
		return Check{Ref: named[r.IntN(len(named))]}
	}
	c := Check{Every: pick(r, 0, 2*time.Second), FastEvery: pick(r, 0, 1500*time.Millisecond),
		Timeout: pick(r, 0, time.Hour),
		Rise:    r.IntN(3), Fall: r.IntN(3), Port: pick(r, uint16(0), 8080), Via: pick(r, "", "path"),
		Source: randomSources(r), Netns: pick(r, "", "dmz", "/run/netns/a b"), Degrade: pick(r, Share{}, Share{50, true})}
	if c.Via != "" {
		c.Netns = ""
	}
	types := []string{"tcp", "tls", "http", "https", "dns", "udp", "smtp", "pop3", "ldap", "mysql", "pgsql", "redis",
		"icmp", "exec", "file", "agent", "all", "any"}
	switch c.Type = pick(r, types[:len(types)-2*b2i(depth == 0)]...); c.Type {
	case "all", "any":
		c = Check{Type: c.Type, Degrade: c.Degrade}
		for range 1 + r.IntN(2) {
			c.Of = append(c.Of, randomCheck(r, named, depth-1))
		}
	case "http", "https":
		c.Method, c.Path, c.Host = pick(r, "", "HEAD"), "/"+pick(r, "", "a:b", "'x'#y", "ä?%20{}"),
			pick(r, "", "www.example.com")
		c.Body, c.Proxy = pick(r, "", "^ok$"), r.IntN(2) == 0
		if c.Method == "HEAD" {
			c.Body = ""
		}
		c.Status = pick(r, nil, []StatusRange{{200, 200}}, []StatusRange{{200, 299}, {404, 404}})
		if c.Type == "https" {
			c.Verify, c.Expiry, c.ServerName = true, pick(r, 0, 720*time.Hour), pick(r, "", "example.com")
		}
	case "dns":
		c.Name, c.Query = pick(r, "example.com", "."), pick(r, "", "SOA")
	case "udp", "tcp":
		c.Send, c.Expect = word(r), pick(r, "", "^[a-z]+\\s")
		c.Reset = c.Type == "tcp" && r.IntN(2) == 0
		c.Port = 8080 // a firewall mark has none
	case "mysql", "pgsql":
		c.User, c.ProxyProtocol = pick(r, "", "no"), r.IntN(3)
		if c.Type == "mysql" {
			c.Greeting = pick(r, 0, 15*time.Second)
		}
		if c.Type == "pgsql" {
			c.Database = pick(r, "", "post gres")
		}
	case "redis":
		c.Expect = pick(r, "", "PONG")
	case "agent":
		c.Port, c.Via = 9999, ""
	case "smtp", "pop3":
		c.StartTLS = r.IntN(2) == 0
	case "exec":
		c.Command, c.Port, c.Via, c.Source, c.Netns = []string{"/bin/check", "x" + word(r), "10.0.0.1"}, 0, "", nil, ""
		c.Dynamic = r.IntN(2) == 0
	case "file":
		c.File, c.Port, c.Via, c.Source, c.Netns = "/run/up", 0, "", nil, ""
	case "ldap":
		c.BaseDN = pick(r, "", "dc=example, dc=com")
	case "icmp":
		c.Port, c.Via = 0, ""
	}
	return c
}

func randomRest(r *rand.Rand, f *File) {
	if r.IntN(2) == 0 {
		f.BGP = &BGP{AS: 4200000000, RouterID: pick(r, netip.Addr{}, netip.MustParseAddr("192.0.2.9")),
			LastResort:  r.IntN(2) == 0,
			Communities: pick(r, nil, []string{"64512:100", "no-export"}), MED: pick(r, nil, new(uint32)),
			UpDelay: pick(r, 0, time.Minute)}
		for i := range r.IntN(3) {
			f.BGP.Peers = append(f.BGP.Peers, BGPPeer{Address: netip.MustParseAddr("192.0.2." + strconv.Itoa(i+1)), AS: 64511,
				Port: pick(r, uint16(0), 1179), PasswordFile: pick(r, "", "peer 1.key"), Multihop: pick(r, uint8(0), 3),
				Passive: r.IntN(2) == 0, Hold: pick(r, 0, 9*time.Second), GracefulRestart: r.IntN(2) == 0})
		}
	}
	if r.IntN(2) == 0 {
		f.Overflow = &Overflow{High: Share{80, true}, Low: Share{60, true}, MaxShare: pick(r, Share{}, Share{50, true}),
			Sustain: 5 * time.Second,
			Peers:   []OverflowPeer{{"f" + word(r), netip.MustParseAddr("203.0.113.2"), "frankfurt.key"}}}
	}
	if r.IntN(2) == 0 {
		f.Director = &Director{OnStop: pick(r, "keep", "remove"), Drift: pick(r, "", "report"), Sysctl: pick(r, "", "check"),
			Start: pick(r, "", "trusted"), Role: pick(r, "", "auto", "file:/run/a b"), Source: randomSources(r),
			Netns: pick(r, "", "dmz"), Hook: pick(r, Hook{}, Hook{[]string{"./hook", "x" + word(r)}, pick(r, 0, 5*time.Second)})}
	}
}

func randomSources(r *rand.Rand) []netip.Addr {
	four, six := netip.MustParseAddr("192.0.2.9"), netip.MustParseAddr("2001:db8::9")
	return pick(r, nil, []netip.Addr{four}, []netip.Addr{six, four})
}

// word is a text that YAML would take for something else, or for its own signs.
func word(r *rand.Rand) string {
	return pick(r, "", "web", "no", "12", "1e3", "a: b", "a #b", "- x", "\"q\"", "it's", "ä", "\u0085", "{a}",
		"tab\there", "two\nlines", "%x", "50%", "1-2", "~", "\u2028", "a\\d+$")
}

func some[T any](r *rand.Rand, n int, make func(*rand.Rand) T) []T {
	var out []T
	for range r.IntN(n) {
		out = append(out, make(r))
	}
	return slices.Clip(out)
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
