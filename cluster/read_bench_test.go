package cluster

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"lvs/kernel"
	"lvs/plan"
)

// files of so many services with ten servers each, in the forms that a person
// and our writer give them.
func benchmarkFiles(b *testing.B) map[string]string {
	b.Helper()
	var short, long strings.Builder
	for _, w := range []*strings.Builder{&short, &long} {
		w.WriteString("apiVersion: lvs/v1\nkind: Cluster\ndefaults: {scheduler: wrr, forward: nat}\nservices:\n")
	}
	for i := range 1000 {
		fmt.Fprintf(&short, "- address: tcp://10.%d.%d.1:80\n  servers:\n", i/250, i%250)
		fmt.Fprintf(&long, "- name: service %d   # one of many\n  address: [\"tcp://10.%d.%d.1:80\"]\n  scheduler: wlc\n  "+
			"servers:\n", i, i/250, i%250)
		for j := range 10 {
			fmt.Fprintf(&short, "  - 10.100.%d.%d\n", i%250, j+1)
			fmt.Fprintf(&long, "  - {address: 10.100.%d.%d:8080, weight: %d, upper: 1000, lower: 500}\n", i%250, j+1, j)
		}
	}
	f, err := Read("", long.String())
	if err != nil {
		b.Fatal(err)
	}
	var asJSON bytes.Buffer
	if err := f.WriteJSON(&asJSON); err != nil {
		b.Fatal(err)
	}
	return map[string]string{"short": short.String(), "long": long.String(), "json": asJSON.String()}
}

func BenchmarkRead(b *testing.B) {
	for name, text := range benchmarkFiles(b) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				f, err := Read("", text)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := Resolve(f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkReadAndPlan is what a director does that has nothing to change.
func BenchmarkReadAndPlan(b *testing.B) {
	text := benchmarkFiles(b)["long"]
	f, err := Read("", text)
	if err != nil {
		b.Fatal(err)
	}
	w, err := Resolve(f)
	if err != nil {
		b.Fatal(err)
	}
	have := &kernel.Snapshot{}
	for _, s := range w.Services {
		e := kernel.ServiceEntry{Service: s.Service}
		for i := range s.Servers {
			e.Servers = append(e.Servers, kernel.ServerEntry{Server: s.Servers[i]})
		}
		have.Services = append(have.Services, e)
	}
	b.ReportAllocs()
	for b.Loop() {
		f, _ := Read("", text)
		w, _ := Resolve(f)
		if plan := plan.Between(have, w.Services, plan.Options{Prune: true}); len(plan) > 0 {
			b.Fatal(plan)
		}
	}
}

// BenchmarkLibrary is the same by the library.
func BenchmarkLibrary(b *testing.B) {
	s := &Source{text: benchmarkFiles(b)["long"]}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := readYAML(s); err != nil {
			b.Fatal(err)
		}
	}
}
