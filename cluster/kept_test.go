package cluster

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lvs/kernel"
)

func resolved(t *testing.T, files map[string]string, order ...string) *Wanted {
	t.Helper()
	var list []*File
	for _, name := range order {
		f, err := Read(name, "apiVersion: lvs/v1\nkind: Cluster\n"+files[name])
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, f)
	}
	w, err := Resolve(list...)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestKept(t *testing.T) {
	w := resolved(t, map[string]string{
		"a/web.yaml": `
name: shanghai
defaults: {check: web, forward: nat}
checks:
  web: {type: all, of: [{type: tcp}, script]}
services:
- name: web
  address: [tcp://192.0.2.10:80, tcp://192.0.2.10:443]
  fallback: 10.0.0.99
  servers: pool
- address: tcp://192.0.2.11:25
  check: [{type: smtp}, {type: exec, command: [./mail, -x]}]
  forward: direct
  fallback: 10.0.0.98
  servers: [10.0.1.1, {address: 10.0.1.2, check: {type: icmp}}]
`,
		"/etc/b/pool.yaml": `
defaults: {check: {type: udp}}
pools:
  pool:
  - {address: "10.0.0.[1-2]"}
  - {address: 10.0.0.3, check: {type: file, file: down/3}}
checks:
  script: {type: exec, command: [./script, ./argument]}
services:
- address: udp://192.0.2.10:53
  check: {type: exec, command: [perl, x]}
  servers: [10.0.0.1]
- address: udp://192.0.2.10:54
  servers: [10.0.0.1]
director: {onStop: remove}
`}, "a/web.yaml", "/etc/b/pool.yaml")

	folder, err := filepath.Abs("a")
	if err != nil {
		t.Fatal(err)
	}
	web := []Check{{Type: "all", Of: []Check{{Type: "tcp"},
		{Type: "exec", Command: []string{"/etc/b/script", "./argument"}}}}}
	mail := []Check{{Type: "smtp"}, {Type: "exec", Command: []string{folder + "/mail", "-x"}}}
	file := []Check{{Type: "file", File: "/etc/b/down/3"}}
	for i, want := range []struct {
		name     string
		fallback string
		forward  kernel.Forward
		members  [][]Check
	}{
		{"web", "10.0.0.99:80", kernel.NAT, [][]Check{web, web, file}},
		{"web", "10.0.0.99:443", kernel.NAT, [][]Check{web, web, file}},
		{"", "10.0.0.98:25", kernel.Direct, [][]Check{mail, {{Type: "icmp"}}}},
		{"", "", 0, [][]Check{{{Type: "exec", Command: []string{"perl", "x"}}}}},
		{"", "", 0, [][]Check{{{Type: "udp"}}}},
	} {
		t.Run(w.Services[i].ServiceID.String(), func(t *testing.T) {
			k := w.Kept(i)
			if k.Name != want.name || len(k.Members) != len(w.Services[i].Servers) {
				t.Fatalf("%q with %d members", k.Name, len(k.Members))
			}
			for j, m := range k.Members {
				if d := cmp.Diff(want.members[j], m.Checks); d != "" {
					t.Errorf("server %v (-want +got)\n%s", w.Services[i].Servers[j].Addr, d)
				}
			}
			switch f := k.Fallback; {
			case f == nil && want.fallback == "":
			case f == nil || f.Addr.String() != want.fallback || f.Forward != want.forward || f.Weight != 1:
				t.Errorf("fallback %v", f)
			}
		})
	}
	if d := w.Director(); d.OnStop != "remove" || w.ClusterName() != "shanghai" {
		t.Errorf("director %+v, cluster %q", d, w.ClusterName())
	}
}
