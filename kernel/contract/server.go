package contract

import (
	"math"
	"strconv"
	"testing"

	"lvs/kernel"
)

// testServers reads back every attribute of a server, of each kind of service.
func testServers(t *testing.T, k kernel.Kernel) {
	for _, name := range []string{
		"tcp://192.0.2.10:80", "udp://192.0.2.10:80", "sctp://192.0.2.10:80", "fwmark:5",
		"tcp://[2001:db8::1]:80", "fwmark:5/ipv6",
	} {
		t.Run(name, func(t *testing.T) { testServersOf(t, k, service(name)) })
	}
}

func testServersOf(t *testing.T, k kernel.Kernel, s kernel.Service) {
	mustApply(t, k, add(s))
	addr := "198.51.100.1:80"
	if s.Family == kernel.IPv6 {
		addr = "[2001:db8:1::1]:80"
	}
	limits := [][2]uint32{{0, 0}, {10, 0}, {10, 10}, {math.MaxInt32, math.MaxInt32}, {math.MaxInt32, 1}}
	for _, forward := range []kernel.Forward{kernel.NAT, kernel.Direct, kernel.Tunneling} {
		for _, weight := range []int{0, 1, 65535, 65536, kernel.MaxWeight} {
			for _, limit := range limits {
				v := server(addr)
				v.Forward, v.Weight, v.Upper, v.Lower = forward, weight, limit[0], limit[1]
				if err := k.Apply(t.Context(), []kernel.Change{addServer(s, v)}); err != nil {
					t.Errorf("%+v: %v", v, err)
					continue
				}
				wantTable(t, k, entry(s, v))
				mustApply(t, k, removeServer(s, v))
			}
		}
	}
	mustApply(t, k, remove(s))
}

// testServerOrder checks that the newest server comes first, and that one address,
// also of the director itself, can be a server at several ports and in several
// services.
func testServerOrder(t *testing.T, k kernel.Kernel) {
	s, mark := service("tcp://192.0.2.10:80"), service("fwmark:1")
	a, b, c, d := server("198.51.100.2:80"), server("198.51.100.1:80"), server("198.51.100.3:0"), server("127.0.0.1:8080")
	mustApply(t, k, add(s), add(mark),
		addServer(s, a), addServer(s, b), addServer(s, c), addServer(s, d), addServer(mark, a))
	wantTable(t, k, entry(s, d, c, b, a), entry(mark, a))
	mustApply(t, k, removeServer(s, b), editServer(s, a), addServer(s, b))
	wantTable(t, k, entry(s, b, d, c, a), entry(mark, a))
	mustApply(t, k, remove(s))
	wantTable(t, k, entry(mark, a))
	mustApply(t, k, add(s))
	wantTable(t, k, entry(s), entry(mark, a))
}

func testTunnels(t *testing.T, k kernel.Kernel) {
	s := service("tcp://192.0.2.10:80")
	mustApply(t, k, add(s))
	v := server("198.51.100.1:80")
	v.Forward = kernel.Tunneling
	mustApply(t, k, addServer(s, v))
	for _, tun := range []kernel.Tunnel{
		{Type: kernel.GUE, Port: 6080},
		{Type: kernel.GUE, Port: 1, Flags: kernel.Checksum},
		{Type: kernel.GUE, Port: 65535, Flags: kernel.RemoteChecksum},
		{Type: kernel.GRE},
		{Type: kernel.GRE, Flags: kernel.Checksum},
		{Type: kernel.IPIP},
	} {
		v.Tunnel = tun
		mustApply(t, k, editServer(s, v))
		wantTable(t, k, entry(s, v))
		mustApply(t, k, removeServer(s, v), addServer(s, v))
		wantTable(t, k, entry(s, v))
	}
	v.Tunnel = kernel.Tunnel{Type: kernel.GUE} // GUE without a port
	wantRefusal(t, k, editServer(s, v), kernel.ErrInvalid)
	other := v
	other.Addr = server("198.51.100.2:80").Addr
	wantRefusal(t, k, addServer(s, other), kernel.ErrInvalid)
	// Without tunnelling a tunnel has no meaning: it is neither checked nor kept.
	for _, f := range []kernel.Forward{kernel.NAT, kernel.Direct} {
		v.Forward, v.Tunnel = f, kernel.Tunnel{Type: kernel.GUE, Flags: kernel.Checksum}
		mustApply(t, k, editServer(s, v))
		v.Tunnel = kernel.Tunnel{}
		wantTable(t, k, entry(s, v))
	}
}

// testMixedFamilies adds servers of the other family, which only a tunnel can
// reach.
func testMixedFamilies(t *testing.T, k kernel.Kernel) {
	four, six, mark := service("tcp://192.0.2.10:80"), service("tcp://[2001:db8::1]:80"), service("fwmark:1/ipv6")
	v4, v6 := server("198.51.100.1:80"), server("[2001:db8:1::1]:80")
	mustApply(t, k, add(four), add(six), add(mark))
	for _, f := range []kernel.Forward{kernel.NAT, kernel.Direct} {
		v4.Forward, v6.Forward = f, f
		wantRefusal(t, k, addServer(four, v6), kernel.ErrInvalid)
		wantRefusal(t, k, addServer(six, v4), kernel.ErrInvalid)
		wantRefusal(t, k, addServer(mark, v4), kernel.ErrInvalid)
	}
	v4.Forward, v6.Forward = kernel.Tunneling, kernel.Tunneling
	mustApply(t, k, addServer(four, v6), addServer(four, v4), addServer(six, v4), addServer(six, v6), addServer(mark, v4))
	wantTable(t, k, entry(four, v4, v6), entry(six, v6, v4), entry(mark, v4))
	direct := v6
	direct.Forward = kernel.Direct
	wantRefusal(t, k, editServer(four, direct), kernel.ErrInvalid)
	master := kernel.Daemon{Role: kernel.Master, Interface: Interface}
	wantError(t, k.StartDaemon(t.Context(), master), kernel.ErrMixedFamilies, "start the sync master", kernel.ServiceID{})
	v6.Weight = 9
	mustApply(t, k, editServer(four, v6), editServer(six, v6), removeServer(six, v4), remove(mark))
	wantTable(t, k, entry(four, v4, v6), entry(six, v6))
	mustApply(t, k, removeServer(four, v6))
	// The sync messages of a daemon have one family per service.
	if err := k.StartDaemon(t.Context(), master); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, k, addServer(six, v4), kernel.ErrMixedFamilies)
	wantRefusal(t, k, removeServer(six, v4), kernel.ErrNoServer)
	if err := k.StopDaemon(t.Context(), kernel.Master); err != nil {
		t.Fatal(err)
	}
	mustApply(t, k, addServer(six, v4))
}

func testServerRefusals(t *testing.T, k kernel.Kernel) {
	s, missing := service("tcp://192.0.2.10:80"), service("tcp://192.0.2.11:80")
	v, absent := server("198.51.100.1:80"), server("198.51.100.1:81")
	mustApply(t, k, add(s), addServer(s, v))
	with := func(v kernel.Server, weight int, upper, lower uint32) kernel.Server {
		v.Weight, v.Upper, v.Lower = weight, upper, lower
		return v
	}
	for _, c := range []struct {
		name   string
		change kernel.Change
		reason error
	}{
		{"added twice", addServer(s, v), kernel.ErrExists},
		{"edit of a missing one", editServer(s, absent), kernel.ErrNoServer},
		{"delete of a missing one", removeServer(s, absent), kernel.ErrNoServer},
		{"delete of one of the other family", removeServer(s, server("[2001:db8::1]:80")), kernel.ErrNoServer},
		{"added to a missing service", addServer(missing, v), kernel.ErrNoService},
		{"edit in a missing service", editServer(missing, v), kernel.ErrNoService},
		{"delete in a missing service", removeServer(missing, v), kernel.ErrNoService},
		{"added to a missing service, out of range", addServer(missing, with(v, -1, 0, 0)), kernel.ErrNoService},
		{"negative weight", addServer(s, with(absent, -1, 0, 0)), kernel.ErrRange},
		{"edit to a weight far below zero", editServer(s, with(v, math.MinInt, 0, 0)), kernel.ErrRange},
		{"lower threshold above the upper", addServer(s, with(absent, 1, 4, 5)), kernel.ErrRange},
		{"lower threshold alone", addServer(s, with(absent, 1, 0, 5)), kernel.ErrRange},
		{"edit to a lower threshold above the upper", editServer(s, with(v, 1, 4, 5)), kernel.ErrRange},
		{"added twice, out of range", addServer(s, with(v, -1, 0, 0)), kernel.ErrRange},
		{"edit of a missing one, out of range", editServer(s, with(absent, -1, 0, 0)), kernel.ErrRange},
	} {
		t.Run(c.name, func(t *testing.T) { wantRefusal(t, k, c.change, c.reason) })
	}
	if strconv.IntSize == 64 {
		for _, weight := range []int64{kernel.MaxWeight + 1, math.MaxUint32, 1<<32 + 5, math.MaxInt64} {
			t.Run("weight "+strconv.FormatInt(weight, 10), func(t *testing.T) {
				wantRefusal(t, k, addServer(s, with(absent, int(weight), 0, 0)), kernel.ErrRange)
				wantRefusal(t, k, editServer(s, with(v, int(weight), 0, 0)), kernel.ErrRange)
			})
		}
	}
}

// testUpperLimit checks that an upper threshold beyond 31 bits is refused, as from
// Linux 7.2, or kept.
func testUpperLimit(t *testing.T, k kernel.Kernel) {
	s, v := service("tcp://192.0.2.10:80"), server("198.51.100.1:80")
	mustApply(t, k, add(s))
	v.Upper = math.MaxInt32 + 1
	change := []kernel.Change{addServer(s, v)}
	if err := k.Apply(t.Context(), change); err != nil {
		wantRefusals(t, change, err, map[int]error{0: kernel.ErrInvalid})
		wantTable(t, k, entry(s))
		return
	}
	wantTable(t, k, entry(s, v))
}

// testServerAddresses adds servers at valid and at invalid addresses.
func testServerAddresses(t *testing.T, k kernel.Kernel) {
	four, six := service("tcp://192.0.2.10:80"), service("tcp://[2001:db8::1]:80")
	mustApply(t, k, add(four), add(six))
	for _, addr := range []string{
		"0.0.0.1:80", "127.0.0.1:80", "223.255.255.255:80", "240.0.0.1:80", "192.0.2.10:80",
		"[::1]:80", "[::2]:80", "[fec0::1]:80", "[fd00::1]:80", "[2001:db8::1]:80",
	} {
		v := server(addr)
		s := four
		if v.Addr.Addr().Is6() {
			s = six
		}
		t.Run(addr, func(t *testing.T) { mustApply(t, k, addServer(s, v), removeServer(s, v)) })
	}
	for _, addr := range []string{"0.0.0.0:80", "224.0.0.1:80", "239.255.255.255:80", "255.255.255.255:80"} {
		t.Run(addr, func(t *testing.T) {
			wantRefusal(t, k, addServer(four, server(addr)), kernel.ErrInvalid)
			wantRefusal(t, k, editServer(four, server(addr)), kernel.ErrNoServer)
			wantRefusal(t, k, removeServer(four, server(addr)), kernel.ErrNoServer)
		})
	}
	for _, addr := range []string{
		"[::]:80", "[ff02::1]:80", "[ffee::1]:80", "[fe80::1]:80", "[febf::1]:80", "[::ffff:192.0.2.1]:80",
	} {
		t.Run(addr, func(t *testing.T) {
			wantRefusal(t, k, addServer(six, server(addr)), kernel.ErrInvalid)
			wantRefusal(t, k, editServer(six, server(addr)), kernel.ErrNoServer)
		})
	}
	wantRefusal(t, k, addServer(four, kernel.Server{Weight: 1}), kernel.ErrInvalid)
}

// testEditServer checks that an edit replaces the whole configuration.
func testEditServer(t *testing.T, k kernel.Kernel) {
	s := service("tcp://192.0.2.10:80")
	bare := server("198.51.100.1:80")
	bare.Weight = 0
	full := kernel.Server{
		Addr: bare.Addr, Forward: kernel.Tunneling, Weight: 70000, Upper: 5, Lower: 3,
		Tunnel: kernel.Tunnel{Type: kernel.GUE, Port: 6080, Flags: kernel.RemoteChecksum},
	}
	mustApply(t, k, add(s), addServer(s, bare))
	for range 2 {
		mustApply(t, k, editServer(s, full))
		wantTable(t, k, entry(s, full))
		mustApply(t, k, editServer(s, bare))
		wantTable(t, k, entry(s, bare))
	}
}
