package cluster

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestReadIsWritten reads random files back: what was written is what is read.
func TestReadIsWritten(t *testing.T) {
	for seed := range uint64(200) {
		f := randomFile(rand.New(rand.NewPCG(seed, 21)))
		var y, j strings.Builder
		if err := f.WriteYAML(&y); err != nil {
			t.Fatal(err)
		}
		if err := f.WriteJSON(&j); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{y.String(), j.String()} {
			got, err := Read("", text)
			if err != nil {
				t.Fatalf("seed %d: %v\n%s", seed, err, text)
			}
			if _, err := Resolve(got); err != nil {
				t.Fatalf("seed %d: %v\n%s", seed, err, text)
			}
			// Comments are not read, and what is not there may be empty.
			if d := cmp.Diff(f, got, byValue, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(File{}, "Comments", "Source"),
				cmpopts.IgnoreFields(FileService{}, "Comments")); d != "" {
				t.Fatalf("seed %d (-want +got)\n%s\n%s", seed, d, text)
			}
		}
	}
}

// TestBounds reads texts that would take the library minutes, or all memory: the
// limit of the tests' own time would tell.
func TestBounds(t *testing.T) {
	bomb := "a: &a [x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c <= 'j'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.Repeat(fmt.Sprintf("*%c, ", c-1), 9)+"x")
	}
	for _, c := range []struct{ name, text, why string }{
		{"aliases", bomb, "aliases make the document too large"},
		{"size", strings.Repeat(" ", MaxSize+1), "the file is larger than 64 MiB"},
		{"depth", strings.Repeat("[", 500) + strings.Repeat("]", 500), "lists and objects are nested more than 64 deep"},
		{"depth in JSON", `{"a": ` + strings.Repeat("[", 1<<20), "lists and objects are nested more than 64 deep"},
		{"brackets", strings.Repeat("[", 1<<20), "a file this large must be plain YAML"},
		{"an anchor in a large file", "a: &b c\n" + strings.Repeat("a: b\n", 1<<20), "a file this large must be plain YAML"},
		{"large documents", strings.Repeat("---\na: b\n", 1<<20), "a file this large must be plain YAML"},
		{"documents", "a: b\n---\nc: d\n", "a second document begins here"},
		{"a zero", "a: b\x00", "the byte 0x00 is not allowed in a text"},
		{"Latin 1", "a: \xff", "the text is not UTF-8"},
		{"faults", "{" + strings.Repeat(`"a": 1, `, 1<<20) + `"a": 1}`, "more than 1000 faults"},
		{"keys", strings.Repeat("a: b\n", 1<<20), "unknown key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Read("x", c.text)
			if err == nil || !strings.Contains(err.Error(), c.why) {
				t.Errorf("%.200v, want %s", err, c.why)
			}
		})
	}
}

func TestToolOf(t *testing.T) {
	for name, want := range map[string]string{
		"keepalived.conf": "keepalived", "ldirectord.cf": "ldirectord", "ipvsctl.yaml.in": "ipvsctl",
		"keepalived.yaml": "", "ldirectord.yaml": "", "ipvsctl.yaml": "",
	} {
		t.Run(name, func(t *testing.T) {
			if got := ToolOf(importedText(t, name)); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		})
	}
	for text, want := range map[string]string{
		"": "", "-A -t 10.0.0.1:80 -s wlc\n": "ipvsadm", "\tvirtual6 = [::1]:80\n": "ldirectord",
		"vrrp_instance a {\n": "keepalived",
	} {
		if got := ToolOf(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// importedText reads a file that the importers are tested with.
func importedText(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("importer", "testdata", "import", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestNearest(t *testing.T) {
	schedulers := []string{"rr", "wrr", "lc", "wlc", "lblc", "lblcr", "mh"}
	for _, c := range []struct{ typed, want string }{
		{"wrrr", "wrr"}, {"lblccr", "lblcr"}, {"maglev", ""}, {"", ""}, {"wrr", "wrr"},
	} {
		t.Run(c.typed, func(t *testing.T) {
			if got := Nearest(c.typed, schedulers); got != c.want {
				t.Errorf("%q: %q, want %q", c.typed, got, c.want)
			}
		})
	}
	if got := Nearest("sched", []string{"stats", "scheduler", "sched-flags"}); got != "scheduler" {
		t.Errorf("a word that begins so: %q", got)
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"kitten", "sitting", 3}, {"rr", "wrr", 1}} {
		t.Run(c.a+" to "+c.b, func(t *testing.T) {
			if got := distance(c.a, c.b); got != c.want {
				t.Errorf("%q to %q: %d, want %d", c.a, c.b, got, c.want)
			}
		})
	}
}

func TestBracketed(t *testing.T) {
	for line, want := range map[string]string{
		"- address: [tcp://[2001:db8::10]:80]":             "tcp://[2001:db8::10]:80",
		"- {address: 10.0.0.[18-20]}":                      "10.0.0.[18-20]",
		"- {address: 10.0.0.[18-20]:8080, weight: 2}":      "10.0.0.[18-20]:8080",
		"- address: [2001:db8::10]:80":                     "[2001:db8::10]:80",
		"servers: [10.0.0.11, [2001:db8::10]:80]":          "[2001:db8::10]:80",
		"servers: [10.0.0.11, 10.0.0.12]":                  "",
		"servers: [10.0.0.11, 10.0.0.12":                   "",
		"servers: [\"10.0.0.[1-2]\", '[2001:db8::10]:80']": "",
		"minHealthy: {down: [1], up: 2}":                   "",
		"[":                                                "", "]": "", "": "",
	} {
		t.Run(line, func(t *testing.T) {
			if got := bracketed(line); got != want {
				t.Errorf("%s: %q, want %q", line, got, want)
			}
		})
	}
}

// TestReadHints: the usual mistakes of new users get a hint that helps.
func TestReadHints(t *testing.T) {
	service := head + "services:\n- address: tcp://192.0.2.10:80\n"
	for _, c := range []struct{ text, hint string }{
		{head + "services:\n- address: [tcp://[2001:db8::10]:80]\n",
			`write it in quotes: "tcp://[2001:db8::10]:80"`},
		{head + "services:\n- address: [2001:db8::10]:80\n", `write it in quotes: "[2001:db8::10]:80"`},
		{service + "  servers:\n  - {address: 10.0.0.[18-20]}\n", `write it in quotes: "10.0.0.[18-20]"`},
		{service + "  servers: [10.0.0.[18-20]]\n", `write it in quotes: "10.0.0.[18-20]"`},
		{service + "  servers: 10.0.0.11\n", "write [10.0.0.11]"},
		{service + "  servers: 10.0.0.[11-12]\n", `write ["10.0.0.[11-12]"]`},
		{service + "  forward: dr\n", "did you mean direct?"},
		{service + "  forward: gate\n", "did you mean direct?"},
		{service + "  forward: route\n", "did you mean direct?"},
		{service + "  forward: MASQ\n", "did you mean nat?"},
		{service + "  forward: TUN\n", "did you mean tunnel?"},
		{service + "  forward: ipip\n", "did you mean tunnel?"},
		{service + "  servers: [{address: 10.0.0.1, tunnel: {type: tun}}]\n", ""},
		{importedText(t, "keepalived.conf"), "lvs import --from keepalived turns it into a cluster file"},
		{importedText(t, "ldirectord.cf"), "lvs import --from ldirectord turns it into a cluster file"},
		{importedText(t, "ipvsctl.yaml.in"), "lvs import --from ipvsctl turns it into a cluster file"},
		{"-A -t 10.0.0.1:80 -s wlc\n", "lvs import --from ipvsadm turns it into a cluster file"},
	} {
		t.Run(c.hint, func(t *testing.T) {
			f, err := Read("x", c.text)
			if err == nil {
				_, err = Resolve(f)
			}
			var bad Faults
			if !errors.As(err, &bad) || len(bad) != 1 || bad[0].Hint != c.hint {
				t.Errorf("%.200s\n%v, want the hint %s", c.text, err, c.hint)
				for _, b := range bad {
					t.Logf("hint %s", b.Hint)
				}
			}
		})
	}
}

// TestFaultsOfPool: a pool's fault appears once, no matter how many services use it.
func TestFaultsOfPool(t *testing.T) {
	f, err := Read("x", head+"pools:\n  p: [{address: 10.0.0.1:8080}, 10.0.0.2, 10.0.0.2, {address: 10.0.0.3, lower: "+
		"3}]\nservices:\n"+
		"- {address: tcp://192.0.2.1:80, servers: p}\n- {address: tcp://192.0.2.2:443, servers: p}\n- {address: "+
		"udp://192.0.2.2:53, servers: p}\n")
	if err == nil {
		_, err = Resolve(f)
	}
	var bad Faults
	if !errors.As(err, &bad) || len(bad) != 3 {
		t.Errorf("%d faults: %v", len(bad), err)
	}
}

// TestMostMasked: more servers than there are can be neither healthy nor masked.
func TestMostMasked(t *testing.T) {
	for share, faulty := range map[string]bool{"30": true, "3": true, "2": false, "100%": false} {
		for _, key := range []string{"maxMasked: " + share, "minHealthy: {down: " + share + "}"} {
			t.Run(key, func(t *testing.T) {
				f, err := Read("x", head+"services:\n- address: tcp://192.0.2.1:80\n  servers: [10.0.0.1, 10.0.0.2]\n  "+key+"\n")
				if err == nil {
					_, err = Resolve(f)
				}
				if (err != nil) != faulty {
					t.Error(err)
				}
			})
		}
	}
}
