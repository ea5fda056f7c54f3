package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// tableText returns a table in the format of ipvsadm-save, with this many services and
// servers in each.
func tableText(services, servers int) string {
	var b strings.Builder
	writeTable(&b, services, servers)
	return b.String()
}

func writeTable(w io.Writer, services, servers int) {
	for i := range services {
		vip := fmt.Sprintf("192.0.%d.%d:80", i/250, i%250+1)
		fmt.Fprintf(w, "-A -t %s -s wlc\n", vip)
		for j := range servers {
			fmt.Fprintf(w, "-a -t %s -r 10.1.%d.%d:80 -g -w %d\n", vip, j/250, j%250+1, j%10+1)
		}
	}
}

// ipvsadmText replaces the table with one in the format of ipvsadm-save.
func (b *benchmark) ipvsadmText(text string) error {
	if _, err := b.measure(b.command("ipvsadm", "-C")); err != nil {
		return err
	}
	file := filepath.Join(b.dir, "setup")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	load := b.command("ipvsadm", "-R")
	load.input = file
	_, err := b.measure(load)
	return err
}

// fillConnections fills the connection table, once in a boot: connections stay when their
// service is deleted.
func (b *benchmark) fillConnections() error {
	if b.filled {
		return nil
	}
	b.filled = true
	return makeConnections(b.ctx, benchConnections)
}

// makeConnections creates n entries in the connection table: it sends n UDP datagrams, each
// from another client, to a service whose server does not exist.
func makeConnections(ctx context.Context, n int) error {
	for _, argv := range [][]string{
		{"ipvsadm", "-C"},
		{"ip", "link", "add", "lvs-bench", "type", "dummy"},
		{"ip", "addr", "add", "192.0.2.10/32", "dev", "lvs-bench"},
		{"ip", "addr", "add", "198.51.100.254/24", "dev", "lvs-bench"},
		{"ip", "link", "set", "lvs-bench", "up", "arp", "off"},
		{"ipvsadm", "-A", "-u", "192.0.2.10:53", "-s", "rr"},
		{"ipvsadm", "-a", "-u", "192.0.2.10:53", "-r", "198.51.100.1:53", "-g"},
		{"ipvsadm", "--set", "0", "0", "3600"},
	} {
		if out, err := exec.CommandContext(ctx, argv[0], argv[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", strings.Join(argv, " "), err, out)
		}
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_RAW)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	to := &unix.SockaddrInet4{Addr: [4]byte{192, 0, 2, 10}}
	for i := range n {
		if err := unix.Sendto(fd, datagram(uint32(i)), 0, to); err != nil {
			return fmt.Errorf("datagram %d: %w", i, err)
		}
	}
	made, err := countConnections()
	if err == nil && made < n*99/100 {
		err = fmt.Errorf("%d datagrams made only %d connections", n, made)
	}
	return err
}

// datagram returns an IPv4 packet with an empty UDP datagram from client i of 10.128.0.0/9
// to 192.0.2.10:53. The kernel fills in the IP checksum.
func datagram(i uint32) []byte {
	b := make([]byte, 28)
	b[0], b[8], b[9] = 0x45, 64, unix.IPPROTO_UDP
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	binary.BigEndian.PutUint32(b[12:], 10<<24|128<<16|i/40_000<<8|1)
	copy(b[16:], []byte{192, 0, 2, 10})
	binary.BigEndian.PutUint16(b[20:], uint16(1024+i%40_000))
	binary.BigEndian.PutUint16(b[22:], 53)
	binary.BigEndian.PutUint16(b[24:], 8)
	return b
}

// countConnections returns the number of entries in the connection table.
func countConnections() (int, error) {
	f, err := os.Open("/proc/thread-self/net/ip_vs_conn")
	if err != nil {
		return 0, err
	}
	defer f.Close()
	n := -1 // the first line has the names of the columns
	for lines := bufio.NewScanner(f); lines.Scan(); {
		n++
	}
	return n, nil
}

// busyServices is how many services have traffic: the first ones, which a screen shows.
const busyServices = 60

// startTraffic sends the first packets of some 600 TCP connections per second to the busy
// services, each from another client. The servers do not exist. The traffic ends when stop
// is called.
func (b *benchmark) startTraffic() (stop func(), err error) {
	for _, argv := range [][]string{
		{"ip", "link", "add", "lvs-top", "type", "dummy"},
		{"ip", "link", "set", "lvs-top", "up", "arp", "off"},
		{"ip", "addr", "replace", "198.51.100.253/24", "dev", "lvs-top"},
		{"ip", "route", "replace", "local", "192.0.0.0/22", "dev", "lo"},
		{"ip", "route", "replace", "10.1.0.0/16", "dev", "lvs-top"},
	} {
		if _, err := b.measure(b.command(argv[0], argv[1:]...)); err != nil {
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
				// A lost packet is only one that is not counted.
				_ = unix.Sendto(fd, synPacket(i, at), 0, &unix.SockaddrInet4{Addr: [4]byte{192, 0, 0, at}})
				i++
			}
		}
	})
	return func() { close(done); sender.Wait(); unix.Close(fd) }, nil
}

// synPacket returns an IPv4 packet with the first TCP packet of a connection from client i
// to 192.0.0.at:80. Its TCP checksum is 0, because it is not checked on the way.
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
