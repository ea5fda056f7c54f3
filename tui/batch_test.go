package tui

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"lvs/kernel"
	"lvs/kernel/memory"
	"lvs/schedule/sim"
	"lvs/traffic"
)

// batches runs Batch on a clock that only sleeping moves. each is called after
// every sleep.
func batches(
	t *testing.T, open func() (kernel.Kernel, error), clock *time.Time, interval time.Duration, n int, each func(),
) (string, error) {
	t.Helper()
	var out bytes.Buffer
	o := Options{Open: open, Out: &out, Now: func() time.Time { return *clock }, Interval: interval, Host: "here"}
	err := Batch(t.Context(), o, Batches{Count: n, Sleep: func(_ context.Context, d time.Duration) error {
		*clock = clock.Add(d)
		each()
		return nil
	}})
	return out.String(), err
}

func always(k kernel.Kernel) func() (kernel.Kernel, error) {
	return func() (kernel.Kernel, error) { return k, nil }
}

// oneServer returns a table with one server by direct routing.
func oneServer(t *testing.T, clock *time.Time) (*memory.Kernel, kernel.ServiceID, netip.AddrPort) {
	t.Helper()
	k := memory.New()
	k.Clock(func() time.Time { return *clock })
	id := kernel.AddressID(kernel.TCP, netip.MustParseAddrPort("192.0.2.1:80"))
	server := kernel.Server{Addr: netip.MustParseAddrPort("10.0.0.1:80"), Forward: kernel.Direct, Weight: 3}
	err := k.Apply(t.Context(), []kernel.Change{
		{Op: kernel.AddService, Service: kernel.Service{ServiceID: id, Scheduler: "wlc"}},
		{Op: kernel.AddServer, Service: kernel.Service{ServiceID: id}, Server: server},
	})
	if err != nil {
		t.Fatal(err)
	}
	return k, id, server.Addr
}

// The rates are measured, also in the first block: the estimates of this kernel are
// wrong on purpose.
func TestBatchMeasures(t *testing.T) {
	for _, interval := range []time.Duration{500 * time.Millisecond, 2 * time.Second, 10 * time.Second} {
		t.Run(interval.String(), func(t *testing.T) {
			clock := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
			k, id, server := oneServer(t, &clock)
			begin, added := clock, 0
			addUp := func() { // every two seconds, as the kernel does
				for ; added < int(clock.Sub(begin)/traffic.KernelTick); added++ {
					k.Traffic(id, server, memory.Traffic{
						Add:   kernel.Counters{Connections: 24, PacketsIn: 200, BytesIn: 40_000},
						Rates: kernel.Rates{Connections: 999}, Active: 5, Inactive: 6,
					})
				}
			}
			text, err := batches(t, always(k), &clock, interval, 3, addUp)
			if err != nil {
				t.Fatal(err)
			}
			row := regexp.MustCompile(`(?m)^  10\.0\.0\.1:80 +direct +3 +5 +6 +0 +12 +100 +– +20\.0K +– `)
			if n := len(row.FindAllString(text, -1)); n != 3 {
				t.Errorf("%d of 3 blocks have the rates of the server:\n%s", n, text)
			}
			const want = "per second: 12 connections, 100 packets and 20.0K bytes in, 0 packets and 0 bytes out"
			if strings.Count(text, want) != 3 {
				t.Errorf("the totals are not %q:\n%s", want, text)
			}
			first := begin.Add(max(interval, traffic.KernelTick)).Format(time.DateTime)
			if !strings.HasPrefix(text, "lvs top - "+first+", here, every "+interval.String()+"\n") {
				t.Errorf("the first block does not begin at %s:\n%.60s", first, text)
			}
		})
	}
}

func TestBatchGoesOnWithoutIPVS(t *testing.T) {
	clock := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	whole, _, _ := oneServer(t, &clock)
	gone := memory.New()
	gone.Unload()
	looks := 0
	open := func() (kernel.Kernel, error) { return kernels{whole, gone, &looks}, nil }
	text, err := batches(t, open, &clock, 3*time.Second, 5, func() { looks++ })
	if err != nil {
		t.Fatal(err)
	}
	// Readings 2 and 3 fail. Reading 4 is the first one again, so it measures nothing.
	var got []string
	for block := range strings.SplitSeq(strings.TrimSuffix(text, "\n\n"), "\n\n") {
		head, body, _ := strings.Cut(block, "\n")
		at := regexp.MustCompile(`\d\d:\d\d:\d\d`).FindString(head)
		got = append(got, fmt.Sprint(at, " ", strings.Contains(body, "10.0.0.1:80")))
	}
	want := "[12:00:03 true 12:00:06 false 12:00:09 false 12:00:15 true 12:00:18 true]"
	if fmt.Sprint(got) != want {
		t.Errorf("blocks with a table: %v, want %s\n%s", got, want, text)
	}
	if !strings.Contains(text, "IPVS is not loaded") {
		t.Errorf("the error is missing:\n%s", text)
	}
}

// kernels is whole except in readings 2 and 3, in which it is gone.
type kernels struct {
	kernel.Kernel
	gone  kernel.Kernel
	looks *int
}

func (k kernels) Snapshot(ctx context.Context, only ...kernel.ServiceID) (*kernel.Snapshot, error) {
	if *k.looks == 2 || *k.looks == 3 {
		return k.gone.Snapshot(ctx, only...)
	}
	return k.Kernel.Snapshot(ctx, only...)
}

func TestBatchFailsAtOnce(t *testing.T) {
	clock := time.Unix(0, 0)
	gone := memory.New()
	gone.Unload()
	text, err := batches(t, always(gone), &clock, time.Second, 1, func() {})
	if !errors.Is(err, kernel.ErrNotLoaded) || text != "" {
		t.Errorf("without IPVS: %v, %q; want the error alone", err, text)
	}
}

func TestBatchWithoutPrivilege(t *testing.T) {
	clock := time.Unix(0, 0)
	k, _, _ := oneServer(t, &clock)
	k.Deny()
	text, err := batches(t, always(k), &clock, time.Second, 1, func() {})
	row := regexp.MustCompile(`(?m)^  10\.0\.0\.1:80 +direct +3 +0 +0 +\? +\? `)
	if err != nil || !row.MatchString(text) {
		t.Errorf("%v; want a row whose counters are not known:\n%s", err, text)
	}
}

func TestBatchIsPlain(t *testing.T) {
	clock := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	k := sim.New(1, func() time.Time { return clock })
	text, err := batches(t, always(k), &clock, time.Second, 30, func() {})
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\n' }) {
		t.Error("it writes control characters")
	}
	if n := strings.Count(text, "lvs top - "); n != 30 {
		t.Errorf("%d blocks, want 30", n)
	}
	block, _, _ := strings.Cut(text, "\n\n")
	if lines := strings.Split(block, "\n"); !strings.HasPrefix(lines[5], "tcp://192.0.2.30:5432 ") {
		t.Errorf("the service without capacity is not the first:\n%s", block)
	}
}
