package memory_test

import (
	"net/netip"
	"testing"

	"lvs/kernel"
	"lvs/kernel/contract"
	"lvs/kernel/memory"
)

// TestReadings changes the connection table while it is read, as the real kernel does.
func TestReadings(t *testing.T) {
	list := func(numbers ...int) (conns []kernel.Connection, clients []netip.AddrPort) {
		for _, n := range numbers {
			client := netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, 100, byte(n)}), 1024)
			clients = append(clients, client)
			conns = append(conns, kernel.Connection{Protocol: kernel.TCP, Client: client, State: "ESTABLISHED",
				Virtual: netip.MustParseAddrPort("192.0.2.10:80"), Server: netip.MustParseAddrPort("10.0.0.1:80")})
		}
		return conns, clients
	}
	_, stay := list(1, 2, 3, 4)
	reading := func(resized uint32, before int, numbers ...int) memory.Reading {
		conns, _ := list(numbers...)
		return memory.Reading{Connections: conns, Resized: resized, Before: before}
	}
	for _, c := range []struct {
		name string
		old  bool
		// readings come again and again.
		readings []memory.Reading
	}{
		{"resized at the start", false, []memory.Reading{reading(512, 0, 1, 2, 2), reading(0, 0, 4, 3, 2, 1)}},
		{"resized in the middle", false, []memory.Reading{reading(512, 2, 1, 2, 1, 4), reading(0, 0, 4, 3, 2, 1)}},
		{"resized at the end", false, []memory.Reading{reading(512, 3, 1, 2, 4), reading(0, 0, 4, 3, 2, 1)}},
		{"resized back and forth", false,
			[]memory.Reading{reading(512, 1, 1, 2), reading(256, 1, 3, 1), reading(0, 0, 1, 2, 3, 4)}},
		{"a page repeats the end of the last", false, []memory.Reading{reading(0, 0, 1, 2, 3, 2, 3, 4)}},
		{"entries expire on an old kernel", true, []memory.Reading{reading(0, 0, 1, 4), reading(0, 0, 2, 3, 4)}},
		{"nothing is listed at first on an old kernel", true, []memory.Reading{{}, reading(0, 0, 1, 2, 3, 4)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := memory.New()
			if c.old {
				k.Age()
			}
			k.Unsettle(func(n int) memory.Reading {
				r := c.readings[n%len(c.readings)]
				if r.Resized != 0 {
					r.Resized += uint32(n) // another size each time
				}
				return r
			})
			contract.Readings(t, k, stay, func(n int) bool { return n < 3 })
		})
	}
}
