package kernel

import (
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"testing"
)

// entries returns connections of clients with these numbers.
func entries(clients ...int) []Connection {
	out := make([]Connection, len(clients))
	for i, n := range clients {
		out[i] = Connection{Protocol: TCP, State: fmt.Sprint(i), // the state changes from reading to reading
			Client:  netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, byte(n >> 8), byte(n)}), uint16(1024+n%7)),
			Virtual: netip.MustParseAddrPort("192.0.2.10:80"), Server: netip.MustParseAddrPort("10.0.0.1:80")}
	}
	return out
}

// played is a listing that plays readings, each with the size of the table after it.
type played struct {
	readings [][]Connection
	sizes    []uint32 // after each reading; missing ones are as before
	at       int
	err      error
}

func (p *played) listing(counted bool) Listing {
	return Listing{
		Counted: counted,
		Size: func() (uint32, error) {
			if p.at > 0 && p.at <= len(p.sizes) {
				return p.sizes[p.at-1], nil
			}
			return 256, nil
		},
		Read: func(look func() error) iter.Seq2[*Connection, error] {
			return func(yield func(*Connection, error) bool) {
				list := p.readings[min(p.at, len(p.readings)-1)]
				p.at++
				for i := range list {
					if err := look(); err != nil {
						yield(nil, err)
						return
					}
					if !yield(&list[i], nil) {
						return
					}
				}
				if p.err != nil {
					yield(nil, p.err)
				}
			}
		},
	}
}

func TestListing(t *testing.T) {
	for _, c := range []struct {
		name     string
		readings [][]Connection
		sizes    []uint32
		counted  bool
		want     []Connection
		read     int
	}{
		{name: "empty", readings: [][]Connection{nil}, read: 1},
		{name: "repeated", readings: [][]Connection{entries(1, 2, 3, 2, 4, 1)}, want: entries(1, 2, 3, 4), read: 1},
		{name: "resized", readings: [][]Connection{entries(1, 2, 2, 5), entries(5, 4, 3, 2, 1)}, sizes: []uint32{512, 512},
			want: entries(1, 2, 5, 4, 3), read: 2},
		{name: "resized twice", readings: [][]Connection{entries(1), entries(2), entries(3, 1)},
			sizes: []uint32{512, 1024, 1024}, want: entries(1, 2, 3), read: 3},
		{name: "resized for ever", readings: [][]Connection{entries(1), entries(2), entries(3), entries(4), entries(5)},
			sizes: []uint32{1, 2, 3, 4, 5}, want: entries(1, 2, 3, 4), read: 4},
		{name: "counted, nothing left out", readings: [][]Connection{entries(1, 2)}, counted: true,
			want: entries(1, 2), read: 2},
		{name: "counted, some left out", readings: [][]Connection{entries(1, 2), entries(3, 2), entries(1, 2, 3)},
			counted: true, want: entries(1, 2, 3), read: 3},
		{name: "counted, nothing at first", readings: [][]Connection{nil, entries(1)}, counted: true,
			want: entries(1), read: 3},
		{name: "counted, nothing at all", readings: [][]Connection{nil}, counted: true, read: 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &played{readings: c.readings, sizes: c.sizes}
			var got []netip.AddrPort
			for conn, err := range p.listing(c.counted).Connections() {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, conn.Client)
			}
			var want []netip.AddrPort
			for _, conn := range c.want {
				want = append(want, conn.Client)
			}
			if !slices.Equal(got, want) || p.at != c.read {
				t.Errorf("%d readings list\n%v, want %d and\n%v", p.at, got, c.read, want)
			}
		})
	}
	t.Run("fails", func(t *testing.T) {
		p := &played{readings: [][]Connection{entries(1)}, err: errors.New("torn")}
		n, failed := 0, error(nil)
		for _, err := range p.listing(true).Connections() {
			if n++; err != nil {
				failed = err
			}
		}
		if n != 2 || !errors.Is(failed, p.err) {
			t.Errorf("%d steps, %v; want an entry and then the error", n, failed)
		}
	})
	t.Run("stopped", func(t *testing.T) {
		p := &played{readings: [][]Connection{entries(1, 2)}}
		for range p.listing(true).Connections() {
			break
		}
		if p.at != 1 {
			t.Errorf("read %d times after a stop", p.at)
		}
	})
}

// TestListedKeys: every part of a connection that identifies it
// makes another key, and nothing else does.
func TestListedKeys(t *testing.T) {
	for _, all := range []bool{false, true} {
		t.Run(fmt.Sprintf("all %v", all), func(t *testing.T) { testKeys(t, all) })
	}
}

func testKeys(t *testing.T, all bool) {
	var s listedKeys
	if all {
		s.expectAll()
	}
	base := entries(1)[0]
	six := netip.MustParseAddrPort("[2001:db8::1]:80")
	different := func(set func(c *Connection)) Connection { c := base; set(&c); return c }
	for i, c := range []Connection{
		base,
		different(func(c *Connection) { c.Protocol = UDP }),
		different(func(c *Connection) { c.Client = netip.AddrPortFrom(c.Client.Addr(), 1) }),
		different(func(c *Connection) { c.Client = netip.AddrPortFrom(c.Client.Addr().Next(), c.Client.Port()) }),
		different(func(c *Connection) { c.Client = six }),
		different(func(c *Connection) { c.Virtual = six }),
		different(func(c *Connection) { c.Server = six }),
		different(func(c *Connection) { c.Engine, c.EngineData = "sip", "a@b" }),
		different(func(c *Connection) { c.Engine, c.EngineData = "sip", "a@c" }),
	} {
		if !s.add(&c) {
			t.Errorf("entry %d has the key of another", i)
		}
		c.State, c.Expires, c.Origin = "CLOSE", 7, "SYNC"
		if s.add(&c) {
			t.Errorf("entry %d has another key after its state changed", i)
		}
	}
	many := func(i int) *Connection {
		c := base
		c.Client = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 7)
		return &c
	}
	const n = 100_000
	for i := range n {
		if back := many(max(0, i-recentLen+1)); !s.add(many(i)) || s.add(back) {
			t.Fatalf("entry %d is not new, or one of the last %d is", i, recentLen)
		}
	}
	s.expectAll() // a resize
	for i := range n {
		if s.add(many(i)) || !s.add(many(n+i)) {
			t.Fatalf("after a resize, entry %d is new, or entry %d is not", i, n+i)
		}
	}
}

// BenchmarkListing is the time for one of a million entries, without parsing it.
func BenchmarkListing(b *testing.B) {
	const many = 1_000_000
	c := entries(1)[0]
	l := Listing{Size: func() (uint32, error) { return 1, nil }}
	l.Read = func(look func() error) iter.Seq2[*Connection, error] {
		return func(yield func(*Connection, error) bool) {
			for i := range uint32(many) {
				c.Client = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 20), byte(i >> 12), 1}), uint16(i))
				if !yield(&c, nil) {
					return
				}
			}
		}
	}
	for b.Loop() {
		n := 0
		for _, err := range l.Connections() {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != many {
			b.Fatal(n)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/many, "ns/entry")
}
