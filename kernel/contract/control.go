package contract

import (
	"math"
	"testing"
	"time"

	"lvs/kernel"
)

func testZero(t *testing.T, k kernel.Kernel) {
	a, b := service("tcp://192.0.2.10:80"), service("fwmark:1")
	v := server("198.51.100.1:80")
	mustApply(t, k, add(a), add(b), addServer(a, v))
	if err := k.Zero(t.Context()); err != nil {
		t.Error(err)
	}
	if err := k.Zero(t.Context(), a.ServiceID, b.ServiceID); err != nil {
		t.Error(err)
	}
	missing := id("tcp://192.0.2.11:80")
	wantError(t, k.Zero(t.Context(), a.ServiceID, missing), kernel.ErrNoService, "zero the counters of", missing)
	wantTable(t, k, entry(a, v), entry(b))
}

func testFlush(t *testing.T, k kernel.Kernel) {
	if err := k.Flush(t.Context()); err != nil {
		t.Errorf("an empty table: %v", err)
	}
	times := kernel.Timeouts{TCP: time.Minute, TCPFin: time.Minute, UDP: time.Minute}
	if err := k.SetTimeouts(t.Context(), times); err != nil {
		t.Fatal(err)
	}
	a, b := service("tcp://192.0.2.10:80"), service("fwmark:1/ipv6")
	mustApply(t, k, add(a), add(b), addServer(a, server("198.51.100.1:80")))
	if err := k.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantTable(t, k)
	if got, err := k.Timeouts(t.Context()); err != nil || got != times {
		t.Errorf("timeouts after flush: %v, %v; want %v", got, err, times)
	}
	mustApply(t, k, add(a))
	wantTable(t, k, entry(a))
}

func testTimeouts(t *testing.T, k kernel.Kernel) {
	want := kernel.Timeouts{TCP: 15 * time.Minute, TCPFin: 2 * time.Minute, UDP: 5 * time.Minute}
	check := func() {
		t.Helper()
		if got, err := k.Timeouts(t.Context()); err != nil || got != want {
			t.Errorf("timeouts %v, %v; want %v", got, err, want)
		}
	}
	check()
	for _, set := range []kernel.Timeouts{
		{TCP: time.Second}, {TCPFin: time.Hour}, {UDP: 31 * 24 * time.Hour}, {},
		{TCP: 24 * 24 * time.Hour, TCPFin: 2 * time.Second, UDP: 3 * time.Second},
	} {
		if err := k.SetTimeouts(t.Context(), set); err != nil {
			t.Fatalf("%v: %v", set, err)
		}
		if set.TCP != 0 {
			want.TCP = set.TCP
		}
		if set.TCPFin != 0 {
			want.TCPFin = set.TCPFin
		}
		if set.UDP != 0 {
			want.UDP = set.UDP
		}
		check()
	}
	// Not in subtests, which would run on a thread of another namespace.
	for _, bad := range []time.Duration{
		-time.Second, math.MaxInt32 * time.Second, math.MaxUint32 * time.Second, (1<<32 + 5) * time.Second,
	} {
		for _, set := range []kernel.Timeouts{
			{TCP: bad, UDP: time.Minute}, {TCPFin: bad, UDP: time.Minute}, {UDP: bad, TCP: time.Minute},
		} {
			t.Log(set)
			wantError(t, k.SetTimeouts(t.Context(), set), kernel.ErrInvalid, "set the timeouts", kernel.ServiceID{})
			check()
		}
	}
}
