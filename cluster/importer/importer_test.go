package importer

import (
	"errors"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"lvs/cluster"
	"lvs/kernel"
)

var update = flag.Bool("update", false, "write golden files anew")

// golden compares with a file of testdata/import.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "import", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got)\n%s", name, d)
	}
}

// tableOf returns what an imported file wants of the kernel. Written and read back
// it is the same.
func tableOf(t *testing.T, f *cluster.File) *cluster.Wanted {
	t.Helper()
	w, err := cluster.Resolve(f)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := f.WriteYAML(&b); err != nil {
		t.Fatal(err)
	}
	again, err := cluster.Read("", b.String())
	if err != nil {
		t.Fatalf("%v\n%s", err, b.String())
	}
	read, err := cluster.Resolve(again)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(w, read, cmpopts.EquateComparable(netip.Addr{}, netip.AddrPort{}),
		cmpopts.IgnoreUnexported(cluster.Wanted{})); d != "" {
		t.Errorf("(-imported +written and read)\n%s", d)
	}
	return w
}

// Imported is the golden text of a configuration: the file, and what was noted.
func imported(t *testing.T, name string, f *cluster.File, notes []Note, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := f.WriteYAML(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, name+".yaml", b.String())
	tableOf(t, f)
	comments := strings.Count(b.String(), "\n# ") + strings.Count("\n"+b.String()[:2], "\n# ")
	if comments != len(notes) {
		t.Errorf("%d notes, and %d comments in the file", len(notes), comments)
	}
}

func source(t *testing.T, name string) Text {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "import", name))
	if err != nil {
		t.Fatal(err)
	}
	return Text{name, string(b)}
}

func TestImportKeepalived(t *testing.T) {
	var asked string
	f, notes, err := Keepalived(source(t, "keepalived.conf"), KeepalivedOptions{ConfigID: "main",
		Include: func(pattern string) ([]Text, error) {
			asked = pattern
			return []Text{source(t, "included.conf")}, nil
		}})
	imported(t, "keepalived", f, notes, err)
	if asked != "conf.d/*.conf" {
		t.Errorf("included %q", asked)
	}
}

// knownNames knows one host and one port.
type knownNames struct{}

func (knownNames) Host(name string, _ kernel.Family) (netip.Addr, error) {
	if name == "shop" {
		return netip.MustParseAddr("10.0.9.1"), nil
	}
	return netip.Addr{}, errors.New("no such host")
}

func (knownNames) Port(name string, _ kernel.Protocol) (uint16, error) {
	port, ok := map[string]uint16{"http": 80, "mail": 25}[name]
	if !ok {
		return 0, errors.New("no such port")
	}
	return port, nil
}

func TestImportLdirectord(t *testing.T) {
	f, notes, err := Ldirectord(source(t, "ldirectord.cf"), knownNames{})
	imported(t, "ldirectord", f, notes, err)
}

func TestImportIpvsctl(t *testing.T) {
	f, notes, err := Ipvsctl(source(t, "ipvsctl.yaml.in"))
	imported(t, "ipvsctl", f, notes, err)
}

// TestImportFaults checks what is wrong, and where.
func TestImportFaults(t *testing.T) {
	keepalived := func(text string) error {
		_, _, err := Keepalived(Text{"k.conf", text}, KeepalivedOptions{})
		return err
	}
	server := func(line string) string {
		return "virtual_server 10.0.0.1 80 {\nreal_server 10.0.1.1 80 {\n" + line + "\n}\n}"
	}
	ldirectord := func(text string) error {
		_, _, err := Ldirectord(Text{"l.cf", text}, knownNames{})
		return err
	}
	ipvsctl := func(text string) error {
		_, _, err := Ipvsctl(Text{"c.yaml", text})
		return err
	}
	for _, c := range []struct {
		read       func(string) error
		text, want string
	}{
		{keepalived, "virtual_server_group g {\n10.0.0.0/8 80\n}\nvirtual_server group g {\n}",
			"k.conf:2: this makes more than 1048576 services and servers: import a part of the configuration"},
		{keepalived, server("weight"), "k.conf:3: weight has no value: keepalived does not start with this configuration"},
		{keepalived, "virtual_server fwmark {\n}",
			"k.conf:1: virtual_server fwmark has no value: keepalived does not start with this configuration"},
		{keepalived, server("MISC_CHECK {\nmisc_path \"unclosed\n}"),
			"k.conf:4: misc_path has no value: keepalived does not start with this configuration"},
		{keepalived, "include nosuch.conf", "k.conf:1: cannot include nosuch.conf from here"},
		{keepalived, "~SEQ(A, 1, 0, 5) virtual_server 10.0.0.$A 80 {\n}",
			"k.conf:1: ~SEQ(A, 1, 0, 5): a step of 0 never ends"},
		{keepalived, "$A=$B$A$A\n$B= \\\n$A\n$A", "k.conf:4: definitions and included files make the configuration " +
			"too large"},
		{ldirectord, "virtual=10.0.0.1:80\n\treal=10.0.1.9->10.0.1.1:80 gate",
			"l.cf:2: invalid range \"10.0.1.9->10.0.1.1\": want a range of IPv4 addresses"},
		{ldirectord, "virtual=nosuch:80\n", `l.cf:1: cannot look up the address of "nosuch": no such host`},
		{ldirectord, "virtual=10.0.0.1:80\n\treal6=[::1]:80 gate\n\trequest=index",
			"l.cf:2: unexpected real6 in virtual\nl.cf:3: invalid request \"index\": want a value in double quotes"},
		{ldirectord, "virtual=7\n\tprotocol=tcp", `l.cf:2: invalid protocol "tcp": want fwm for a firewall mark`},
		{ipvsctl, "services: 1", "c.yaml:1: invalid services: want a list"},
		{ipvsctl, "services:\n- address: tcp://10.0.0.1:80\n  destinations:\n  - {address: 10.0.1.1}\n  - {address: " +
			"10.0.1.1, weight: 70000}",
			"c.yaml:5: duplicate destination 10.0.1.1\nc.yaml:5: invalid weight \"70000\": want a number from 0 to 65535"},
		{ipvsctl, "a: &x 1\nservices: *x", "c.yaml:2: invalid services: want a list"},
	} {
		t.Run(c.want, func(t *testing.T) {
			err := c.read(c.text)
			if err == nil {
				t.Errorf("%q is taken", c.text)
			} else if d := cmp.Diff(c.want, err.Error()); d != "" {
				t.Errorf("%q (-want +got)\n%s", c.text, d)
			}
		})
	}
}

// TestKeepalivedQuorum counts servers if all weights are equal, otherwise weights.
func TestKeepalivedQuorum(t *testing.T) {
	for _, c := range []struct {
		quorum, hysteresis string
		weights            []string
		down, up           cluster.Share
		notes              int
	}{
		{"1", "0", []string{"1", "1"}, cluster.Share{}, cluster.Share{}, 0},
		{"2", "0", []string{"1", "1", "1"}, cluster.Share{N: 2}, cluster.Share{N: 2}, 0},
		{"7", "2", []string{"1", "1", "1", "1", "1", "1", "1", "1", "1", "1"}, cluster.Share{N: 5}, cluster.Share{N: 9}, 0},
		{"25", "5", []string{"10", "10", "10"}, cluster.Share{N: 2}, cluster.Share{N: 3}, 0},
		{"9", "0", []string{"1", "1"}, cluster.Share{N: 2}, cluster.Share{N: 2}, 1},
		{"2", "9", []string{"1", "1", "1"}, cluster.Share{N: 1}, cluster.Share{N: 3}, 1},
		{"3", "1", []string{"1", "1", "1"}, cluster.Share{N: 2}, cluster.Share{N: 3}, 1},
		{"50", "0", []string{"10", "90"}, cluster.Share{N: 50}, cluster.Share{N: 50}, 0},
		{"2", "1", []string{"1", "2"}, cluster.Share{N: 1}, cluster.Share{N: 3}, 0},
		{"4000000000", "0", []string{"2147483647", "2147483646"}, cluster.Share{N: 1<<31 - 1},
			cluster.Share{N: 1<<31 - 1}, 1},
		{"2", "0", []string{"0", "0"}, cluster.Share{}, cluster.Share{}, 0},
	} {
		t.Run(c.quorum+" of "+strings.Join(c.weights, ","), func(t *testing.T) {
			text := "virtual_server 10.0.0.1 80 {\nprotocol TCP\nquorum " + c.quorum + "\nhysteresis " + c.hysteresis + "\n"
			for i, w := range c.weights {
				text += "real_server 10.0.1." + strconv.Itoa(i+1) + " 80 {\nweight " + w + "\n}\n"
			}
			f, notes, err := Keepalived(Text{"k.conf", text + "}"}, KeepalivedOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if h := f.Services[0].Health; h.Down != c.down || h.Up != c.up || len(notes) != c.notes {
				t.Errorf("quorum %s, hysteresis %s of %v: %v, %v, %v", c.quorum, c.hysteresis, c.weights, h.Down, h.Up, notes)
			}
			differ := c.weights[0] != c.weights[len(c.weights)-1]
			if of := f.Services[0].Health.QuorumOf; (of == "weight") != differ {
				t.Errorf("the quorum is of %q", of)
			}
			tableOf(t, f)
		})
	}
}

// TestImportPortGoes: only NAT can change a port; the check asks what it asked.
func TestImportPortGoes(t *testing.T) {
	for _, c := range []struct {
		kind, at, port string
		notes          int
	}{
		{"DR", "10.0.0.1 80", "8080", 1}, {"TUN", "10.0.0.1 80", "8080", 1}, {"NAT", "10.0.0.1 80", "8080", 0},
		{"DR", "10.0.0.1 80", "80", 0}, {"DR", "10.0.0.1 80", "", 0}, {"DR", "fwmark 7", "8080", 0},
	} {
		t.Run(c.kind+" "+c.at+" "+c.port, func(t *testing.T) {
			f, notes, err := Keepalived(Text{"k.conf", "virtual_server " + c.at + " {\nprotocol TCP\nlb_kind " + c.kind +
				"\nreal_server 10.0.0.3 " + c.port + " {\nTCP_CHECK {\n}\n}\n}"}, KeepalivedOptions{})
			if err != nil {
				t.Fatal(err)
			}
			s := &f.Services[0]
			if len(notes) != c.notes || c.notes > 0 && !strings.HasPrefix(notes[0].String(),
				"k.conf:4: the port 8080 of 10.0.0.3 is not converted: ") {
				t.Errorf("%v: %v", c, notes)
			}
			if c.notes > 0 && (s.Servers[0].Address != "10.0.0.3" || s.Health.Check[0].Port != 8080) {
				t.Errorf("%v: %+v, %+v", c, s.Servers, s.Health.Check)
			}
		})
	}
}

// TestImportOnDown: both tools remove a server that fails at once, unless they
// are configured to keep it.
func TestImportOnDown(t *testing.T) {
	keepalived := func(text string) (*cluster.File, []Note, error) {
		return Keepalived(Text{"k.conf", text}, KeepalivedOptions{})
	}
	ldirectord := func(text string) (*cluster.File, []Note, error) { return Ldirectord(Text{"l.cf", text}, nil) }
	server := func(more, check string) string {
		return "virtual_server 10.0.0.1 80 {\nprotocol TCP\n" + more + "\nreal_server 10.0.1.1 80 {\n" + check + "\n}\n}"
	}
	virtual := func(more string) string { return "virtual=10.0.0.1:80\n\treal=10.0.1.1:80 masq\n" + more }
	const gone, kept = "onDown: {quiesce: 0s, then: reset}", "onDown: {then: keep}"
	for _, c := range []struct {
		read       func(string) (*cluster.File, []Note, error)
		text, want string
	}{
		{keepalived, server("", "TCP_CHECK {\n}"), gone},
		{keepalived, server("inhibit_on_failure", "TCP_CHECK {\n}"), kept},
		{keepalived, server("", ""), ""},
		{ldirectord, virtual(""), gone},
		{ldirectord, virtual("\tquiescent=no\n"), gone},
		{ldirectord, virtual("\tquiescent=yes\n"), kept},
		{ldirectord, virtual("\tchecktype=on\n"), ""},
	} {
		t.Run(c.text, func(t *testing.T) {
			f, _, err := c.read(c.text)
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			if err := f.WriteYAML(&b); err != nil {
				t.Fatal(err)
			}
			if got := b.String(); c.want == "" && strings.Contains(got, "onDown") || !strings.Contains(got, c.want) {
				t.Errorf("%q gives\n%s", c.text, got)
			}
			tableOf(t, f)
		})
	}
}
