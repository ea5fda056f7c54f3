package cluster

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestForDirector(t *testing.T) {
	const head = "apiVersion: lvs/v1\nkind: Cluster\n"
	web := func(more string) string {
		return head + "services:\n- address: tcp://192.0.2.10:80\n  servers: [10.0.0.1]\n" + more
	}
	for _, c := range []struct {
		name  string
		files []string
		want  []KeyCount
		later []KeyCount
	}{
		{"nothing", []string{web("")}, nil, nil},
		{"a service", []string{web("  check: {type: tcp}\n  fallback: 10.0.0.9\n")},
			[]KeyCount{{"check", 1}, {"fallback", 1}}, nil},
		{"services, defaults and servers", []string{web("  check: {type: tcp}\n" +
			"- address: tcp://192.0.2.11:80\n  check: {type: tcp}\n  servers: [{address: 10.0.0.1, check: {type: tcp}}]\n" +
			"defaults: {check: {type: tcp}}\n")}, []KeyCount{{"check", 4}}, nil},
		{"named checks", []string{web("  check: a\nchecks: {a: {type: tcp}, b: {type: all, of: [{type: tcp}]}}\n")},
			[]KeyCount{{"check", 1}, {"checks", 2}}, nil},
		{"no named check", []string{web("checks: {}\n")}, nil, nil},
		{"the other reader", []string{web("  check: &c {type: tcp}\n  onAllDown: open\n")},
			[]KeyCount{{"check", 1}, {"onAllDown", 1}}, nil},
		{"JSON", []string{`{"apiVersion":"lvs/v1","kind":"Cluster","services":[{"address":"tcp://192.0.2.10:80",` +
			`"slowStart":"1m","maxMasked":"50%","servers":[]}],"director":{"onStop":"keep"}}`},
			[]KeyCount{{"director", 1}, {"maxMasked", 1}, {"slowStart", 1}}, nil},
		{"two files", []string{web("  minHealthy: {down: 1}\n  announce: true\n"),
			head + "services:\n- {address: 'fwmark:1', servers: [10.0.0.1], minHealthy: {down: 1}, onDown: {then: keep}}\n" +
				"bgp: {as: 64512, peers: [{address: 192.0.2.1, as: 64511}]}\n"},
			[]KeyCount{{"minHealthy", 2}, {"onDown", 1}}, []KeyCount{{"announce", 1}, {"bgp", 1}}},
		{"new keys", []string{web("  passive: true\n  minLeft: 60%\n" +
			"- {address: 'fwmark:1', servers: [{address: 10.0.0.1, tier: 1}]}\n" +
			"overflow: {high: 80%, low: 60%, peers: [{name: b, director: 203.0.113.2, keyFile: b.key}]}\n")},
			[]KeyCount{{"passive", 1}, {"tier", 1}}, []KeyCount{{"overflow", 1}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var files []*File
			for _, text := range c.files {
				f, err := Read("test.yaml", text)
				if err != nil {
					t.Fatal(err)
				}
				files = append(files, f)
			}
			w, err := Resolve(files...)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, w.ForDirector()); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
			if d := cmp.Diff(c.later, w.ForLater()); d != "" {
				t.Errorf("later (-want +got)\n%s", d)
			}
		})
	}
}

func TestPaths(t *testing.T) {
	paths := func(names ...string) []string {
		var files []*File
		for _, n := range names {
			f, err := Read(n, "apiVersion: lvs/v1\nkind: Cluster\nservices: []\n")
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, f)
		}
		w, err := Resolve(files...)
		if err != nil {
			t.Fatal(err)
		}
		return w.Paths()
	}
	here, err := filepath.Abs("b.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"/etc/lvs/a.yaml", here}, paths("/etc/lvs/../lvs/a.yaml", "./b.yaml")); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if got := paths("a.yaml", StandardInput); got != nil {
		t.Errorf("standard input has the path %v", got)
	}
}
