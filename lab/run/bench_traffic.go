package main

import (
	"encoding/binary"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// busyServices are the first services, which have the traffic: those that a
// screen shows.
const busyServices = 60

// startTraffic sends beginnings of TCP connections to the first services, some
// 600 a second, from ever new clients; their servers are nowhere. It goes on
// until stop is called.
func (b *benchmark) startTraffic() (stop func(), err error) {
	for _, argv := range [][]string{
		{"ip", "link", "add", "lvs-top", "type", "dummy"},
		{"ip", "link", "set", "lvs-top", "up", "arp", "off"},
		{"ip", "addr", "replace", "198.51.100.253/24", "dev", "lvs-top"},
		{"ip", "route", "replace", "local", "192.0.0.0/22", "dev", "lo"},
		{"ip", "route", "replace", "10.1.0.0/16", "dev", "lvs-top"},
	} {
		if _, err := b.measure(b.command(argv...)); err != nil {
			return nil, err
		}
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_RAW)
	if err != nil {
		return nil, err
	}
	done := make(chan struct{})
	var sender sync.WaitGroup
	sender.Go(func() {
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for i := uint32(0); ; {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			for range 30 {
				at := byte(i%busyServices) + 1
				// A packet that is lost is one that was not counted.
				_ = unix.Sendto(fd, synPacket(i, at), 0, &unix.SockaddrInet4{Addr: [4]byte{192, 0, 0, at}})
				i++
			}
		}
	})
	return func() { close(done); sender.Wait(); unix.Close(fd) }, nil
}

// synPacket is an IPv4 packet with the first TCP packet of a connection from
// client number i to 192.0.0.at:80. Nobody looks at its checksum on the way.
func synPacket(i uint32, at byte) []byte {
	b := make([]byte, 40)
	b[0], b[8], b[9] = 0x45, 64, unix.IPPROTO_TCP
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	binary.BigEndian.PutUint32(b[12:], 10<<24|128<<16|i/40_000<<8|1)
	copy(b[16:], []byte{192, 0, 0, at})
	binary.BigEndian.PutUint16(b[20:], uint16(1024+i%40_000))
	binary.BigEndian.PutUint16(b[22:], 80)
	binary.BigEndian.PutUint32(b[24:], i)
	b[32], b[33] = 5<<4, 0x02 // five words, SYN
	binary.BigEndian.PutUint16(b[34:], 64240)
	return b
}
