package commands

import (
	"math"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lvs/kernel"
)

// serverOptions holds the settings of a server as the user typed them.
type serverOptions struct {
	weight, upper, lower       string
	nat, tunnel, direct        bool
	tunType, tunPort, tunFlags string
}

func (o *serverOptions) register(c *cobra.Command) {
	f := c.Flags()
	f.StringVarP(&o.weight, "weight", "w", "",
		"set the weight to `N`, 0 to 2147483647; a server with weight 0 accepts no new connections (default 1)")
	f.BoolVarP(&o.direct, "direct", "g", false,
		"direct routing: the server has the service's address and replies to clients directly (the default)")
	f.BoolVarP(&o.nat, "nat", "m", false, "network address translation: replies pass through the director")
	f.BoolVarP(&o.tunnel, "tunnel", "i", false,
		"tunnel: the director encapsulates packets; the server replies to clients directly")
	f.StringVar(&o.tunType, "tun-type", "",
		"encapsulate packets as `TYPE`: ipip, gue or gre; with --tunnel (default ipip)")
	f.StringVar(&o.tunPort, "tun-port", "",
		"send gue packets to the UDP port `PORT`, 1 to 65535; needed with gue (no default)")
	f.StringVar(&o.tunFlags, "tun-flags", "",
		"set the checksum of the outer header: `FLAG` is nocsum, csum or remcsum; remcsum with gue only (default nocsum)")
	f.StringVarP(&o.upper, "upper", "x", "",
		"send no new connections to the server while it has `N` or more connections; 0 means no limit (default 0)")
	f.StringVar(&o.lower, "lower", "",
		"after the upper limit, send new connections again below `N` connections, at most the upper limit; "+
			"0 is three quarters of the upper limit (default 0)")
	complete(c, "tun-type", words("ipip", "gue", "gre"))
	complete(c, "tun-flags", words("nocsum", "csum", "remcsum"))
	for _, name := range []string{"weight", "tun-port", "upper", "lower"} {
		complete(c, name, nothing)
	}
}

// given reports whether any of the options is on the command line.
func (o *serverOptions) given(f *pflag.FlagSet) bool {
	for _, name := range []string{
		"weight", "direct", "nat", "tunnel", "tun-type", "tun-port", "tun-flags", "upper", "lower",
	} {
		if f.Changed(name) {
			return true
		}
	}
	return false
}

// overlay sets in s what the command line has, and resets what has no meaning
// afterwards: the tunnel's settings without a tunnel; port and remcsum without gue.
func (o *serverOptions) overlay(f *pflag.FlagSet, s *kernel.Server) error {
	var bad faults
	wrong := false
	if f.Changed("weight") {
		n, err := parseNumber("--weight", o.weight, 0, kernel.MaxWeight)
		bad.add(err)
		s.Weight = int(n)
	}
	for _, t := range []struct {
		name, value string
		to          *uint32
	}{{"upper", o.upper, &s.Upper}, {"lower", o.lower, &s.Lower}} {
		if f.Changed(t.name) {
			n, err := parseNumber("--"+t.name, t.value, 0, math.MaxUint32)
			bad.add(err)
			*t.to = uint32(n)
			wrong = wrong || err != nil
		}
	}
	if wrong {
		s.Upper, s.Lower = 0, 0 // to avoid follow-up errors
	}
	bad.add(o.overlayForward(s))
	bad.add(o.overlayTunnel(f, s))
	return bad.err()
}

func (o *serverOptions) overlayForward(s *kernel.Server) error {
	chosen := 0
	for _, f := range []struct {
		on bool
		to kernel.Forward
	}{{o.nat, kernel.NAT}, {o.tunnel, kernel.Tunneling}, {o.direct, kernel.Direct}} {
		if f.on {
			chosen++
			s.Forward = f.to
		}
	}
	if s.Forward != kernel.Tunneling {
		s.Tunnel = kernel.Tunnel{}
	}
	if chosen > 1 {
		return usagef("--nat, --tunnel and --direct cannot be used together")
	}
	return nil
}

func (o *serverOptions) overlayTunnel(f *pflag.FlagSet, s *kernel.Server) error {
	var bad faults
	if f.Changed("tun-type") {
		t, err := kernel.ParseTunnelType(o.tunType)
		if err != nil {
			return usagef("server %v: %w", s.Addr, err)
		}
		if t != kernel.GUE {
			s.Tunnel = kernel.Tunnel{Flags: s.Tunnel.Flags &^ kernel.RemoteChecksum}
		}
		s.Tunnel.Type = t
	}
	if f.Changed("tun-port") {
		n, err := parseNumber("--tun-port", o.tunPort, 1, math.MaxUint16)
		bad.add(err)
		if err != nil {
			n = 1 // to avoid follow-up errors
		}
		s.Tunnel.Port = uint16(n)
	}
	if f.Changed("tun-flags") {
		flags, err := kernel.ParseTunnelFlags(o.tunFlags)
		if err != nil {
			bad.add(usagef("server %v: %w", s.Addr, err))
		}
		s.Tunnel.Flags = flags
	}
	if s.Forward != kernel.Tunneling && (f.Changed("tun-type") || f.Changed("tun-port") || f.Changed("tun-flags")) {
		// Even --tun-type ipip, which is the zero value, is a mistake here.
		bad.add(usagef("server %v: tunnel options have no effect with %v forwarding", s.Addr, s.Forward).
			hintf("add --tunnel, or remove --tun-type, --tun-port and --tun-flags"))
		s.Tunnel = kernel.Tunnel{}
	}
	return bad.err()
}
