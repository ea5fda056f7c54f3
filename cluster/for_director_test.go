package cluster

import (
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
	}{
		{"nothing", []string{web("")}, nil},
		{"a service", []string{web("  check: {type: tcp}\n  fallback: 10.0.0.9\n")},
			[]KeyCount{{"check", 1}, {"fallback", 1}}},
		{"services, defaults and servers", []string{web("  check: {type: tcp}\n" +
			"- address: tcp://192.0.2.11:80\n  check: {type: tcp}\n  servers: [{address: 10.0.0.1, check: {type: tcp}}]\n" +
			"defaults: {check: {type: tcp}}\n")}, []KeyCount{{"check", 4}}},
		{"named checks", []string{web("  check: a\nchecks: {a: {type: tcp}, b: {type: all, of: [{type: tcp}]}}\n")},
			[]KeyCount{{"check", 1}, {"checks", 2}}},
		{"no named check", []string{web("checks: {}\n")}, nil},
		{"the other reader", []string{web("  check: &c {type: tcp}\n  onAllDown: open\n")},
			[]KeyCount{{"check", 1}, {"onAllDown", 1}}},
		{"JSON", []string{`{"apiVersion":"lvs/v1","kind":"Cluster","services":[{"address":"tcp://192.0.2.10:80",` +
			`"slowStart":"1m","maxMasked":"50%","servers":[]}],"director":{"onStop":"keep"}}`},
			[]KeyCount{{"director", 1}, {"maxMasked", 1}, {"slowStart", 1}}},
		{"two files", []string{web("  minHealthy: {down: 1}\n  announce: true\n"),
			head + "services:\n- {address: 'fwmark:1', servers: [10.0.0.1], minHealthy: {down: 1}, onDown: {then: keep}}\n" +
				"bgp: {as: 64512, peers: [{address: 192.0.2.1, as: 64511}]}\n"},
			[]KeyCount{{"announce", 1}, {"bgp", 1}, {"minHealthy", 2}, {"onDown", 1}}},
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
		})
	}
}
