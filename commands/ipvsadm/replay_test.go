package ipvsadm

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lvs/kernel"
)

func TestReplay(t *testing.T) {
	services := replayed(t, `
-A -t 10.0.0.1:80 -s rr
-A -f 7
-C
-A -t 10.0.0.2:80
-a -t 10.0.0.2:80 -r 10.0.1.1 -m
-a -t 10.0.0.2:80 -r 10.0.1.2 -m
-a -t 10.0.0.2:80 -r 10.0.1.3 -m
-A -t 10.0.0.3:80
-e -t 10.0.0.2:80 -r 10.0.1.3 -m -w 7
-d -t 10.0.0.2:80 -r 10.0.1.2
-E -t 10.0.0.2:80 -s lc -p 60
-D -t 10.0.0.3:80
`)
	server := func(s string, weight, line int) Server {
		return Server{kernel.Server{Addr: netip.MustParseAddrPort(s), Weight: weight}, line}
	}
	want := []Service{{
		Service: kernel.Service{
			ServiceID: kernel.AddressID(kernel.TCP, netip.MustParseAddrPort("10.0.0.2:80")),
			Scheduler: "lc", Persistence: time.Minute,
		},
		Line:    12,
		Servers: []Server{server("10.0.1.1:80", 1, 6), server("10.0.1.3:80", 7, 10)},
	}}
	if d := cmp.Diff(want, services, values); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestReplayReportsEveryFault(t *testing.T) {
	lines, err := parseSave(strings.NewReader(`-A -t 10.0.0.1:80
-A -t 10.0.0.1:80
-a -t 10.0.0.2:80 -r 10.0.1.1
-a -t 10.0.0.1:80 -r 10.0.1.1
-a -t 10.0.0.1:80 -r 10.0.1.1
-a -t 10.0.0.1:80 -r 224.0.0.1
-e -t 10.0.0.1:80 -r 10.0.1.2
-d -t 10.0.0.1:80 -r 10.0.1.2
-E -t 10.0.0.3:80
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = replay(lines)
	want := `line 2, column 7: "10.0.0.1:80": the service already exists, added in line 1
line 3, column 7: "10.0.0.2:80": no earlier line adds the service
line 5, column 22: "10.0.1.1": the server already exists, added in line 4
line 6, column 22: "224.0.0.1": want a unicast address
line 7, column 22: "10.0.1.2": no earlier line adds the server
line 8, column 22: "10.0.1.2": no earlier line adds the server
line 9, column 7: "10.0.0.3:80": no earlier line adds the service`
	if d := cmp.Diff(want, fmt.Sprint(err)); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// TestReplayOfMixedLines adds servers to several services in series of random length.
func TestReplayOfMixedLines(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var text strings.Builder
	want := map[uint32][]netip.AddrPort{}
	for mark := range 5 {
		fmt.Fprintf(&text, "-A -f %d\n", mark+1)
	}
	for n, mark := 0, uint32(1); n < 5000; n++ {
		if r.IntN(20) == 0 || n > 2500 && r.IntN(2) == 0 {
			mark = 1 + r.Uint32N(5)
		}
		a := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)}), 80)
		if n == 0 {
			continue
		}
		fmt.Fprintf(&text, "-a -f %d -r %v\n", mark, a)
		want[mark] = append(want[mark], a)
	}
	services, err := ReadSave(strings.NewReader(text.String()), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range services {
		var got []netip.AddrPort
		for _, v := range s.Servers {
			got = append(got, v.Addr)
		}
		if d := cmp.Diff(want[s.FWMark], got, values); d != "" {
			t.Errorf("mark %d (-want +got)\n%s", s.FWMark, d)
		}
	}
}

// TestReadSaveFaults has faults of lines and of the table that they make.
func TestReadSaveFaults(t *testing.T) {
	_, err := ReadSave(strings.NewReader(`-A -t 10.0.0.1:80
-A -t 10.0.0.1:80
-A -t 10.0.0.2:80 -p x
-a -t 10.0.0.2:80 -r 10.0.1.1
-a -t 10.0.0.1:80 -r 224.0.0.1
`), nil)
	want := `line 2, column 7: "10.0.0.1:80": the service already exists, added in line 1
line 3, column 22: "x": want persistence from 1 to 2678400 seconds
line 5, column 22: "224.0.0.1": want a unicast address`
	if d := cmp.Diff(want, fmt.Sprint(err)); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	broken := errors.New("broken")
	if _, err := ReadSave(&failing{broken}, nil); !errors.Is(err, broken) {
		t.Errorf("a broken reader: %v", err)
	}
	services, err := ReadSave(strings.NewReader(""), nil)
	if err != nil || len(services) != 0 {
		t.Errorf("an empty text: %v, %v", services, err)
	}
}

func TestReplayOfManyServers(t *testing.T) {
	var text strings.Builder
	text.WriteString("-A -t 10.0.0.1:80\n")
	for i := range 60 {
		fmt.Fprintf(&text, "-a -t 10.0.0.1:80 -r 10.0.1.%d\n", i)
		if i%3 == 0 {
			fmt.Fprintf(&text, "-d -t 10.0.0.1:80 -r 10.0.1.%d\n", i)
		}
	}
	for i := range 60 {
		if i%3 == 1 {
			fmt.Fprintf(&text, "-e -t 10.0.0.1:80 -r 10.0.1.%d -w 9\n", i)
		}
	}
	servers := replayed(t, text.String())[0].Servers
	if len(servers) != 40 {
		t.Fatalf("%d servers", len(servers))
	}
	for _, s := range servers {
		last := s.Addr.Addr().As4()[3]
		if want := map[byte]int{1: 9, 2: 1}[last%3]; s.Weight != want {
			t.Errorf("%v has weight %d, not %d", s.Addr, s.Weight, want)
		}
	}
}
