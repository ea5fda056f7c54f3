package doctor

import (
	"fmt"
	"strings"
	"testing"

	"lvs/cluster"
	"lvs/kernel"
)

func wanted(t *testing.T, text string) *cluster.Wanted {
	t.Helper()
	f, err := cluster.Read("cluster.yaml", "apiVersion: lvs/v1\nkind: Cluster\n"+text)
	if err != nil {
		t.Fatal(err)
	}
	w, err := cluster.Resolve(f)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestCluster(t *testing.T) {
	const tcp = "address: 'tcp://192.0.2.10:80', "
	const mh = "scheduler: mh, flags: [mh-port, mh-fallback], "
	for _, c := range []struct {
		name, services string
		want           []string // code: what
	}{
		{"nothing", "{" + tcp + "servers: [10.0.0.1]}", nil},
		{"sed for TCP", "{" + tcp + "scheduler: sed, servers: [10.0.0.1]}", nil},
		{"sed for UDP", "{address: 'udp://192.0.2.10:53', scheduler: sed, servers: [10.0.0.1]}",
			[]string{"udp-scheduler: the scheduler sed for UDP (udp://192.0.2.10:53)"}},
		{"nq for several", "{address: ['udp://192.0.2.10:53', 'udp://192.0.2.10:54'], scheduler: nq, servers: [10.0.0.1]}",
			[]string{"udp-scheduler: the scheduler nq for UDP (udp://192.0.2.10:53, udp://192.0.2.10:54)"}},
		{"many", "{address: ['udp://192.0.2.10:1', 'udp://192.0.2.10:2', 'udp://192.0.2.10:3', 'udp://192.0.2.10:4'], " +
			"scheduler: ovf, servers: [10.0.0.1]}",
			[]string{"udp-scheduler: the scheduler ovf for UDP (udp://192.0.2.10:1, udp://192.0.2.10:2, udp://192.0.2.10:3 " +
				"and 1 other service)"}},
		{"sh", "{" + tcp + "scheduler: sh, servers: [10.0.0.1, {address: 10.0.0.2, weight: 0}]}", nil},
		{"sh with weights", "{" + tcp + "scheduler: sh, servers: [10.0.0.1, {address: 10.0.0.2, weight: 2}]}",
			[]string{"sh-weights: the scheduler sh with weights above 1 (tcp://192.0.2.10:80)"}},
		{"mh", "{" + tcp + mh + "servers: [10.0.0.1, 10.0.0.2]}", nil},
		{"mh without a fallback", "{" + tcp + "scheduler: mh, flags: [mh-port], servers: [10.0.0.1]}",
			[]string{"mh-fallback: the scheduler mh without mh-fallback (tcp://192.0.2.10:80)"}},
		{"mh with a small weight", "{" + tcp + mh +
			"servers: [{address: 10.0.0.1, weight: 1000}, 10.0.0.2]}",
			[]string{"mh-share: the scheduler mh with a small weight for 10.0.0.2:80 (tcp://192.0.2.10:80)"}},
		{"mh with small shares that it can give", "{" + tcp + mh + "servers: ['10.0.0.[1-200]']}", nil},
		{"mh with servers of another family", "{" + tcp + "forward: tunnel, " + mh +
			"servers: ['2001:db8::1']}",
			[]string{"mh-family: the scheduler mh for IPv4 with IPv6 servers (tcp://192.0.2.10:80)"}},
		{"mh for IPv6", "{address: 'tcp://[2001:db8::10]:80', " + mh + "servers: ['2001:db8::1']}", nil},
		{"a tcp check of http", "{" + tcp + "onDown: {then: keep}, check: {type: tcp}, servers: [10.0.0.1]}",
			[]string{"plain-check: a tcp check of port 80 (tcp://192.0.2.10:80)"}},
		{"a tcp check of another port", "{address: 'tcp://192.0.2.10:81', onDown: {then: keep}, check: {type: tcp}, " +
			"servers: [10.0.0.1]}", nil},
		{"inside others, by its own port", "{address: 'tcp://192.0.2.10:81', onDown: {then: keep}, servers: [10.0.0.1], " +
			"check: {type: any, of: [{type: icmp}, {type: tcp, port: 3306}]}}",
			[]string{"plain-check: a tcp check of port 3306 (tcp://192.0.2.10:81)"}},
		{"a tcp check that reads an answer", "{" + tcp + "onDown: {then: keep}, " +
			"check: {type: tcp, send: x, expect: y}, servers: [10.0.0.1]}", nil},
		{"never masked", "{" + tcp + "onDown: {then: keep}, check: {type: http}, maxMasked: 30%, " +
			"servers: ['10.0.0.[1-3]']}",
			[]string{"never-masked: maxMasked: 30% of 3 servers is less than one server (tcp://192.0.2.10:80)"}},
		{"masked", "{" + tcp + "onDown: {then: keep}, check: {type: http}, maxMasked: 34%, " +
			"servers: ['10.0.0.[1-3]']}", nil},
		{"removed", "{" + tcp + "check: {type: http}, servers: [10.0.0.1]}", []string{
			"reset-needs-sysctl: onDown removes failed servers, which needs net.ipv4.vs.expire_nodest_conn=1 " +
				"(tcp://192.0.2.10:80)"}},
		{"removed, and set", "{" + tcp + "check: {type: http}, servers: [10.0.0.1]}\n" +
			"director: {sysctl: set}", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, d := range Cluster(wanted(t, "services:\n- "+c.services+"\n"), Settings{}) {
				got = append(got, d.Code+": "+d.What)
				if d.Why == "" || d.Fix == "" {
					t.Errorf("%+v has no reason, or no fix", d)
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("%s", strings.Join(got, "\n"))
			}
		})
	}
}

func TestClusterWithSettings(t *testing.T) {
	w := wanted(t, `services:
- {address: "tcp://192.0.2.10:80", scheduler: mh, flags: [mh-fallback], check: {type: http}, servers: [10.0.0.1]}
`)
	for _, c := range []struct{ nodest, sloppy, want string }{
		{"1", "1", "[]"},
		{"0", "1", "[reset-needs-sysctl warning: net.ipv4.vs.expire_nodest_conn is 0 (tcp://192.0.2.10:80)]"},
		{"1", "0", "[mh-sloppy note: net.ipv4.vs.sloppy_tcp is 0 (tcp://192.0.2.10:80)]"},
	} {
		t.Run(c.nodest+c.sloppy, func(t *testing.T) {
			s := Settings{Sysctls: []kernel.Sysctl{{Name: kernel.ExpireNodestConn, Value: c.nodest},
				{Name: kernel.SloppyTCP, Value: c.sloppy}}}
			got := []string{}
			for _, d := range Cluster(w, s) {
				got = append(got, d.Code+" "+d.Severity.String()+": "+d.What)
			}
			if fmt.Sprint(got) != c.want {
				t.Errorf("%s", got)
			}
		})
	}
}

// TestShareText has numbers that an administrator acts on.
func TestShareText(t *testing.T) {
	for _, c := range []struct{ services, want string }{
		{"scheduler: sh, servers: [{address: 10.0.0.1, weight: 256}, {address: 10.0.0.2, weight: 256}, " +
			"{address: 10.0.0.3, weight: 256}]",
			"when a server goes out of service or comes back, almost all clients get another server; and 10.0.0.3:80 gets " +
				"100% of the clients, not 33.3%"},
		{"scheduler: mh, flags: [mh-fallback], servers: [{address: 10.0.0.1, weight: 1000}, 10.0.0.2]",
			"it gets 1.59% of the clients, not 0.0999%: mh keeps 6 bits of a weight, so that the largest is at most 63 times " +
				"the smallest"},
	} {
		d := Cluster(wanted(t, "services: [{address: 'tcp://192.0.2.10:80', "+c.services+"}]\n"), Settings{})
		if len(d) != 1 || d[0].Why != c.want {
			t.Errorf("%+v", *d[0])
		}
	}
}
