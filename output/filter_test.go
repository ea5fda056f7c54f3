package output

import (
	"errors"
	"io"
	"net/netip"
	"strings"
	"testing"

	"lvs/kernel"
)

func TestParseCondition(t *testing.T) {
	for _, test := range []struct{ in, key, op, value string }{
		{"weight=0", "weight", "=", "0"},
		{"weight==0", "weight", "=", "0"},
		{"weight != 0", "weight", "!=", "0"},
		{"active>=10K", "active", ">=", "10K"},
		{"active<5", "active", "<", "5"},
		{"service~^tcp://", "service", "~", "^tcp://"},
		{"service!~:80$", "service", "!~", ":80$"},
		{"state==", "state", "=", ""},
		{"tunnel=gue:6080/csum", "tunnel", "=", "gue:6080/csum"},
		{"CONNS/S>5", "CONNS/S", ">", "5"},
		{"in-pkts=0", "in-pkts", "=", "0"},
	} {
		t.Run(test.in, func(t *testing.T) {
			c, err := parseCondition(test.in)
			if err != nil {
				t.Error(err)
			} else if c.key != test.key || c.op != test.op || c.value != test.value {
				t.Errorf("it is %q %q %q", c.key, c.op, c.value)
			}
		})
	}
	for _, in := range []string{"", "weight", "=0", "weight!0", "service~(", "active>many", "active>-1", "active>1X"} {
		t.Run("invalid "+in, func(t *testing.T) {
			if c, err := parseCondition(in); err == nil {
				t.Errorf("it was taken as %v", c)
			}
		})
	}
}

func TestParseNumber(t *testing.T) {
	for in, want := range map[string]uint64{
		"0": 0, "18446744073709551615": 1<<64 - 1, "1K": 1000, "1.5M": 1_500_000, "2G": 2_000_000_000,
		"5m": 300, "1h30m": 5400, "90s": 90, "9E": 9_000_000_000_000_000_000,
	} {
		t.Run(in, func(t *testing.T) {
			if got, ok := parseNumber(in); !ok || got != want {
				t.Errorf("it is %d, %v", got, ok)
			}
		})
	}
	for _, in := range []string{"", "-", "K", "-1K", "NaNK", "InfK", "1e300K", "10E", "ten", "1.5", "-5m"} {
		t.Run("invalid "+in, func(t *testing.T) {
			if got, ok := parseNumber(in); ok {
				t.Errorf("it was taken as %d", got)
			}
		})
	}
}

func FuzzCondition(f *testing.F) {
	for _, s := range []string{"weight=0", "active>=1.5M", "service!~^udp", "persistent<6m", "x!", "a~(", "=", "k=\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := parseCondition(s)
		if err != nil {
			if err.Error() == "" || !strings.Contains(err.Error(), "filter") {
				t.Errorf("%q: a poor error: %v", s, err)
			}
			return
		}
		if c.key == "" && strings.TrimSpace(s[:strings.IndexAny(s, "!=<>~")]) != "" {
			t.Errorf("%q lost its key", s)
		}
		// Whatever it says, it must be decidable on every row or refused.
		for _, key := range []string{"service", "weight", "persistent"} {
			c.key = key
			k := serviceKind(Plain)
			p := &Printer{conditions: []condition{c}}
			if _, err := p.nodes(&k, sample().Services, gaps{}); err != nil {
				if u := (*UsageError)(nil); !errors.As(err, &u) {
					t.Errorf("%q: %v is not a usage error", s, err)
				}
			}
		}
	})
}

// A request that cannot be met is a usage error that names the choices.
func TestUsageErrors(t *testing.T) {
	for _, test := range []struct {
		name string
		o    Options
		want string
	}{
		{"format", Options{Format: "xml"}, `invalid format "xml": want table, wide, json, jsonl, yaml, csv or name`},
		{"columns", Options{Format: "json", Columns: []string{"weight"}}, "not json"},
		{"column", Options{Columns: []string{"wieght"}}, `invalid column "wieght": want service, server`},
		{"sort key", Options{Sort: "-wieght"}, `invalid sort key "wieght": want service`},
		{"filter key", Options{Filter: []string{"wieght=0"}}, `invalid filter key "wieght": want service`},
		{"no operator", Options{Filter: []string{"weight"}}, `invalid filter "weight": want KEY=VALUE`},
		{"=>", Options{Filter: []string{"weight=>2"}}, `invalid filter "weight=>2": want weight>=2`},
		{"=<", Options{Filter: []string{"weight =< 2"}}, `want weight<= 2`},
		{"=~", Options{Filter: []string{"server=~^10"}}, `want server~^10`},
		{"number", Options{Filter: []string{"weight=a"}}, `invalid filter "weight=a": want a number`},
		{"forward", Options{Filter: []string{"forward=mask"}}, `invalid filter "forward=mask": want direct, nat, tunnel`},
		{"forward !=", Options{Filter: []string{"forward!="}}, `invalid filter "forward!=": want direct, nat, tunnel`},
		{"flags", Options{Filter: []string{"flags=ops,sh"}},
			`invalid filter "flags=ops,sh": want flags separated by commas: ops, sh-fallback, sh-port`},
		{"engine", Options{Filter: []string{"engine!=spi"}}, `invalid filter "engine!=spi": want sip after !=`},
		{"tunnel", Options{Filter: []string{"tunnel=vxlan"}},
			`want ipip, gre, gue:PORT or gue, and perhaps /csum or /remcsum`},
		{"tunnel port", Options{Filter: []string{"tunnel=gue:0"}}, `invalid filter "tunnel=gue:0": want ipip, gre, gue:PORT`},
		{"tunnel without a port", Options{Filter: []string{"tunnel=ipip:80"}}, `invalid filter "tunnel=ipip:80": want ipip`},
		{"tunnel flags", Options{Filter: []string{"tunnel=gre/sum"}}, `invalid filter "tunnel=gre/sum": want ipip`},
		{"netmask", Options{Filter: []string{"netmask=255.255.300.0"}},
			`invalid filter "netmask=255.255.300.0": want a mask such as 255.255.255.0 or /24, or a prefix length such as 64`},
		{"service", Options{Filter: []string{"service=web"}}, `want a service such as tcp://192.0.2.10:80`},
		{"server", Options{Filter: []string{"server=web1"}}, `want an address such as 10.0.0.11`},
		{"comparison", Options{Filter: []string{"weight>a"}}, `invalid filter "weight>a": want a number`},
		{"text", Options{Filter: []string{"service>1"}}, `invalid filter "service>1": service is text`},
		{"jq", Options{JQ: ".a ]"}, "invalid jq expression"},
		{"jq function", Options{JQ: "nosuch(1)"}, "invalid jq expression"},
		{"jq table", Options{JQ: ".a", Format: "table"}, "not table"},
		{"jq yaml", Options{JQ: ".a", Format: "yaml"}, "not yaml"},
		{"jq and template", Options{JQ: ".a", Template: "a"}, "exclude each other"},
		{"jq error", Options{JQ: ".items | error"}, "jq: "},
		{"template", Options{Template: "{{"}, "template"},
		{"template jsonl", Options{Template: "{{.a}}", Format: "jsonl"}, "not jsonl"},
		{"template types", Options{Template: "{{join 1 2}}"}, "expected string"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, err := New(io.Discard, test.o)
			if err == nil {
				err = p.Services(sample(), Plain)
			}
			if u := (*UsageError)(nil); !errors.As(err, &u) {
				t.Errorf("%v is not a usage error", err)
			} else if !strings.Contains(err.Error(), test.want) {
				t.Errorf("%q does not have %q", err, test.want)
			}
		})
	}
}

// A fault in the options shows before anything is written, in every kind.
func TestUnknownKeysInEveryKind(t *testing.T) {
	for _, k := range prints() {
		if k.kind == "Version" {
			continue // its table is a sentence
		}
		for name, o := range map[string]Options{
			"columns":      {Columns: []string{"nosuch"}},
			"sort":         {Sort: "nosuch"},
			"filter":       {Filter: []string{"nosuch=1"}},
			"sort of json": {Format: "json", Sort: "nosuch"},
		} {
			t.Run(k.kind+" "+name, func(t *testing.T) {
				var out strings.Builder
				p, err := New(&out, o)
				if err != nil {
					t.Fatal(err)
				}
				err = k.print(p)
				if u := (*UsageError)(nil); !errors.As(err, &u) {
					t.Errorf("%v is not a usage error", err)
				}
				if out.Len() > 0 {
					t.Errorf("it wrote %q", out.String())
				}
			})
		}
	}
}

func TestGroupKeys(t *testing.T) {
	p, err := New(io.Discard, Options{})
	if err != nil {
		t.Fatal(err)
	}
	err = p.ConnectionGroups([]string{"nosuch"}, nil)
	if want := `invalid group key "nosuch": want protocol, client, `; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v does not have %q", err, want)
	}
	if _, err := ConnectionField("nosuch"); err == nil {
		t.Error("an unknown field was found")
	}
	field, err := ConnectionField("expires")
	if err != nil {
		t.Fatal(err)
	}
	if got := string(field(nil, &kernel.Connection{Expires: 5e9})); got != "5s" {
		t.Error(got)
	}
}

// The values of a closed set are read in any case and in ipvsadm's words.
func TestFilterWords(t *testing.T) {
	for _, test := range []struct {
		filter string
		rows   int
	}{
		{"forward=masq", 2}, {"forward=NAT", 2}, {"forward=gate", 1}, {"forward=route", 1}, {"forward!=masq", 4},
		{"forward=masquerade", 2}, {"forward=DR", 1}, {"forward=tun", 3}, {"forward=local", 0}, {"server=10.0.0.11", 1},
		{"tunnel=ipip", 1}, {"tunnel=gue", 1}, {"tunnel=gue:6080", 0}, {"tunnel=GUE:6080/RemCsum", 1}, {"tunnel=gre/csum", 1},
		{"tunnel!=gue", 5}, {"tunnel=gre", 0}, {"tunnel=-", 3}, {"tunnel~csum", 2},
	} {
		t.Run(test.filter, func(t *testing.T) {
			var out strings.Builder
			p, err := New(&out, Options{Format: "csv", NoHeaders: true, Columns: []string{"server"},
				Filter: []string{test.filter}})
			if err == nil {
				err = p.Services(wordSample(), Plain)
			}
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(out.String(), "10.0.0."); n != test.rows {
				t.Errorf("%d rows, want %d:\n%s", n, test.rows, out.String())
			}
		})
	}
}

// The settings of a service are read in the forms in which commands take them.
func TestFilterServiceWords(t *testing.T) {
	snap := wordSample()
	snap.Services[0].SchedFlags, snap.Services[0].OnePacket, snap.Services[0].Scheduler =
		kernel.SchedFlag1|kernel.SchedFlag2, true, "sh"
	snap.Services[0].Netmask, snap.Services[0].Engine = 0xffffff00, "sip"
	for filter, want := range map[string]bool{
		"flags=ops,sh-fallback,sh-port": true, "flags=SH-port, sh-fallback,ops": true, "flags=ops": false,
		"flags!=mh-port": true, "flags=-": false, "flags~sh-port": true,
		"engine=SIP": true, "engine!=sip": false, "engine=-": false,
		"netmask=255.255.255.0": true, "netmask=/24": true, "netmask=/16": false, "netmask=255.255.255.255": false,
		"netmask=64": false, "netmask=-": false,
	} {
		t.Run(filter, func(t *testing.T) {
			var out strings.Builder
			p, err := New(&out, Options{Format: "csv", NoHeaders: true, Columns: []string{"scheduler"},
				Filter: []string{filter}})
			if err == nil {
				err = p.Services(snap, Plain)
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Contains(out.String(), "sh"); got != want {
				t.Errorf("%v, want %v: %q", got, want, out.String())
			}
		})
	}
}

// wordSample is a service with two servers by NAT, one by direct routing, and three behind
// tunnels.
func wordSample() *kernel.Snapshot {
	id, _ := kernel.ParseServiceID("tcp://192.0.2.10:80")
	e := kernel.ServiceEntry{Service: kernel.Service{ServiceID: id, Scheduler: "wlc"}}
	for i, s := range []kernel.Server{
		{Forward: kernel.NAT}, {Forward: kernel.NAT}, {Forward: kernel.Direct}, {Forward: kernel.Tunneling},
		{Forward: kernel.Tunneling, Tunnel: kernel.Tunnel{Type: kernel.GUE, Port: 6080, Flags: kernel.RemoteChecksum}},
		{Forward: kernel.Tunneling, Tunnel: kernel.Tunnel{Type: kernel.GRE, Flags: kernel.Checksum}},
	} {
		s.Addr, s.Weight = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(11 + i)}), 80), 1
		e.Servers = append(e.Servers, kernel.ServerEntry{Server: s})
	}
	return &kernel.Snapshot{Services: []kernel.ServiceEntry{e}}
}
