package contract

import (
	"errors"
	"math/rand/v2"
	"testing"

	"lvs/kernel"

	"github.com/google/go-cmp/cmp"
)

// Random makes changes from small sets of services and servers, so that many
// concern the same object and are refused, for various reasons.
type Random struct {
	r *rand.Rand
}

// NewRandom returns a source of changes. The same seed makes the same changes.
func NewRandom(seed uint64) *Random { return &Random{rand.New(rand.NewPCG(seed, seed))} }

// Batch returns up to the given number of changes.
func (r *Random) Batch(most int) []kernel.Change {
	out := make([]kernel.Change, 1+r.r.IntN(most))
	for i := range out {
		out[i] = r.change()
	}
	return out
}

func (r *Random) change() kernel.Change {
	op := pick(r, kernel.AddService, kernel.AddService, kernel.EditService, kernel.DeleteService,
		kernel.AddServer, kernel.AddServer, kernel.AddServer, kernel.AddServer,
		kernel.EditServer, kernel.EditServer, kernel.DeleteServer)
	c := kernel.Change{Op: op, Service: r.service()}
	if op.OnServer() {
		c.Server = r.server()
	}
	return c
}

func (r *Random) service() kernel.Service {
	s := service(pick(r, "tcp://192.0.2.10:80", "udp://192.0.2.10:80", "sctp://192.0.2.10:80", "tcp://192.0.2.10:0",
		"tcp://[2001:db8::1]:80", "udp://[2001:db8::1]:53", "fwmark:1", "fwmark:1/ipv6", "fwmark:4000000000"))
	s.Scheduler = pick(r, "rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh",
		"none", "none-such", "")
	s.SchedFlags = kernel.SchedFlags(r.r.IntN(8))
	s.Persistence = pick(r, 0, 0, 1e9, 300e9, kernel.MaxPersistence)
	s.Engine = pick(r, "", "", "", "sip", "h323")
	s.OnePacket = r.r.IntN(4) == 0
	s.Netmask = pick[kernel.Netmask](r, 0, 0, 0xffffff00, 0xffffffff)
	if s.Family == kernel.IPv6 {
		s.Netmask = pick[kernel.Netmask](r, 0, 1, 64, 128, 129)
	}
	return s
}

func (r *Random) server() kernel.Server {
	v := server(pick(r, "198.51.100.1:80", "198.51.100.2:80", "198.51.100.2:81", "127.0.0.1:80", "192.0.2.10:0",
		"[2001:db8:1::1]:80", "[2001:db8:1::2]:80", "[::1]:80",
		"0.0.0.0:80", "224.0.0.1:80", "255.255.255.255:80", "[::]:80", "[ff02::1]:80", "[fe80::1]:80"))
	v.Forward = pick(r, kernel.NAT, kernel.NAT, kernel.Direct, kernel.Tunneling, kernel.Tunneling, kernel.Tunneling)
	v.Weight = pick(r, 0, 1, 1, 100, 65536, kernel.MaxWeight, -1)
	v.Upper = pick[uint32](r, 0, 0, 10, 1<<31-1)
	v.Lower = pick[uint32](r, 0, 0, 5, 10)
	v.Tunnel = kernel.Tunnel{Type: pick(r, kernel.IPIP, kernel.IPIP, kernel.GUE, kernel.GRE)}
	if v.Tunnel.Type == kernel.GUE {
		v.Tunnel.Port = pick[uint16](r, 0, 6080, 65535)
	}
	if v.Tunnel.Type != kernel.IPIP {
		v.Tunnel.Flags = pick(r, kernel.NoChecksum, kernel.Checksum, kernel.RemoteChecksum)
	}
	return v
}

func pick[T any](r *Random, from ...T) T { return from[r.r.IntN(len(from))] }

// Same makes the same random changes in two kernels and checks that both refuse the
// same ones for the same reasons and have the same table at the end.
func Same(t *testing.T, seed uint64, changes int, a, b kernel.Kernel) {
	t.Helper()
	r := NewRandom(seed)
	refused := 0
	for done := 0; done < changes; {
		batch := r.Batch(200)
		done += len(batch)
		wantA, wantB := refusals(t, a, batch), refusals(t, b, batch)
		refused += len(wantA)
		if d := cmp.Diff(wantA, wantB); d != "" {
			t.Fatalf("seed %d, after %d changes: refusals differ:\n%s", seed, done, d)
		}
		if d := diff(snapshot(t, a), snapshot(t, b)); d != "" {
			t.Fatalf("seed %d, after %d changes: tables differ:\n%s", seed, done, d)
		}
	}
	if refused == 0 || refused >= changes {
		t.Errorf("seed %d: %d of %d changes were refused; the test tests nothing", seed, refused, changes)
	}
}

// refusals returns the texts of Apply's refusals by index.
func refusals(t *testing.T, k kernel.Kernel, changes []kernel.Change) map[int]string {
	t.Helper()
	out := map[int]string{}
	err := k.Apply(t.Context(), changes)
	if err == nil {
		return out
	}
	var refused kernel.Refusals
	if !errors.As(err, &refused) {
		t.Fatalf("apply: %v", err)
	}
	for _, r := range refused {
		out[r.Index] = r.Err.Error()
	}
	return out
}
