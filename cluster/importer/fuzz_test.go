package importer

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lvs/cluster"
)

// seeds are the fixtures, and texts that are hard on a parser.
func seeds(f *testing.F, fixtures []string, more ...string) {
	f.Helper()
	for _, name := range fixtures {
		b, err := os.ReadFile(filepath.Join("testdata", "import", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(b))
	}
	for _, s := range more {
		f.Add(s)
	}
}

// sound holds for whatever an importer makes of a text: a file that can be
// resolved and written, or faults, and never neither.
func sound(t *testing.T, f *cluster.File, err error) {
	t.Helper()
	if err != nil {
		var faults cluster.Faults
		if f != nil || !errors.As(err, &faults) || len(faults) == 0 || len(faults) > 1001 {
			t.Fatalf("%v, %v", f, err)
		}
		return
	}
	tableOf(t, f)
}

func FuzzImportKeepalived(f *testing.F) {
	seeds(f, []string{"keepalived.conf", "included.conf"},
		"virtual_server 10.0.0.1 80 { real_server 10.0.0.2 80 }", "$A=$A\n$A", "$A= \\\n$A \\\n$A\n$A",
		"~SEQ(A,1,1000000) ~SEQ(B,1,1000000)",
		"~LST({A,B},{1,2},{3,4}) virtual_server 10.0.$A.$B 80 {\n}", "include x\ninclude {a,b}{c,d}/*",
		"include x\ninclude y\n", "\"unclosed", "}{", "@a @^b @c",
		"virtual_server_group g {\n10.0.0.0/8 1\n::/0\n10.0.0.1-10.0.0.3\n}\nvirtual_server group g {\n}",
		"virtual_server fwmark 1 {\nquorum 2\nhysteresis 9\nreal_server ::1 80 {\nweight 0\nUDP_CHECK {\nrequire_reply "+
			"xX\n}\n}\n}")
	f.Fuzz(func(t *testing.T, text string) {
		file, _, err := Keepalived(Text{"keepalived.conf", text}, KeepalivedOptions{ConfigID: "a",
			Include: func(pattern string) ([]Text, error) { // itself, for ever
				if strings.Contains(pattern, "*") {
					return nil, nil
				}
				return []Text{{pattern, text}, {pattern, text}}, nil
			}})
		sound(t, file, err)
	})
}

func FuzzImportLdirectord(f *testing.F) {
	seeds(f, []string{"ldirectord.cf"}, "virtual=1\n\treal=10.0.0.1->10.0.3.255:80 masq\n",
		"virtual6=[::1]:80\n\treal6=[::2]:80 gate 4 \"a\", \"b\" l:1 u:2\n\tservice=http_proxy\n\trequest=\"http://a b/\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		file, _, err := Ldirectord(Text{"ldirectord.cf", text}, knownNames{})
		sound(t, file, err)
	})
}

func FuzzImportIpvsctl(f *testing.F) {
	seeds(f, []string{"ipvsctl.yaml.in"}, "services: &a [*a]", "{", "a: b: c", "services:\n- address: !!binary x\n",
		"? [a]\n: b",
		"defaults: {port: 1e3}\nservices: [{address: \"tcp://[::1]\", destinations: [{address: \"::2\"}]}]")
	f.Fuzz(func(t *testing.T, text string) {
		file, _, err := Ipvsctl(Text{"ipvsctl.yaml", text})
		sound(t, file, err)
	})
}
