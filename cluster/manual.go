package cluster

// ManualObject describes a kind of object in a cluster file.
type ManualObject struct {
	// Title is for a heading, Doc a sentence.
	Title, Doc string
	Keys       []ManualKey
}

// ManualKey describes a key of an object.
type ManualKey struct {
	Name string
	// Type is the form of the value, Default the value without the key, Example a
	// value. Either of the last two may be empty.
	Type, Default, Example string
	Doc                    string
	// Needed is set if the key is required, Director if only a director acts on it, Later
	// if nothing does yet. Of are the types of check that have the key; empty means all, or
	// those that Doc names.
	Needed, Director, Later bool
	Of                      string
}

// Manual returns the description of every object and key of a cluster file.
func Manual() []ManualObject {
	kinds := newTables().kinds()
	titles := map[string]string{}
	for _, k := range kinds {
		titles[k.name()] = k.heading()
	}
	out := make([]ManualObject, len(kinds))
	for i, k := range kinds {
		out[i] = k.manual(titles)
	}
	return out
}

// recordKind is a record of any type.
type recordKind interface {
	name() string
	heading() string
	manual(titles map[string]string) ManualObject
	schema() object
}

// kinds returns all records in the order of the manual.
func (t *tables) kinds() []recordKind {
	return []recordKind{
		&t.file, &t.defaults, &t.service, &t.lasting, &t.server, &t.tunnel, &t.timeouts, &t.sync,
		&t.check, &t.quorum, &t.onDown, &t.director, &t.hook, &t.bgp, &t.peer, &t.overflow, &t.helper,
	}
}

func (r *record[T]) name() string    { return r.id }
func (r *record[T]) heading() string { return r.title }

func (r *record[T]) manual(titles map[string]string) ManualObject {
	o := ManualObject{Title: r.title, Doc: r.doc, Keys: make([]ManualKey, len(r.keys))}
	for i := range r.keys {
		k := &r.keys[i]
		o.Keys[i] = ManualKey{Name: k.name, Type: k.shape.words, Default: k.value, Example: k.example, Doc: k.doc,
			Needed: k.needed, Director: k.director, Later: k.later, Of: k.of}
		if excepted(k.of) {
			o.Keys[i].Doc, o.Keys[i].Of = k.doc+" For "+typesOf(k.of, "and")+".", ""
		}
		if refs := k.shape.refs(nil); len(refs) > 0 && refs[0] != r.id {
			o.Keys[i].Type += "; see " + titles[refs[0]]
		}
	}
	return o
}

// refs returns the records that a value consists of.
func (s *shape) refs(found []string) []string {
	if s.ref != "" {
		found = append(found, s.ref)
	}
	for i := range s.either {
		found = s.either[i].refs(found)
	}
	for _, inner := range []*shape{s.items, s.values} {
		if inner != nil {
			found = inner.refs(found)
		}
	}
	return found
}

// Example is a whole cluster file for the manual.
type Example struct{ Title, Text string }

// Examples returns valid cluster files.
func Examples() []Example {
	return []Example{
		{"A web site behind NAT, for lvs apply", `apiVersion: lvs/v1
kind: Cluster
defaults: {scheduler: wlc, forward: nat}
services:
- name: web
  address: [tcp://192.0.2.10:80, tcp://192.0.2.10:443]
  persistent: 10m
  servers:
  - 10.0.0.11
  - {address: 10.0.0.12, weight: 2}
  - {address: 10.0.0.13, weight: 0}             # drained
- name: dns
  address: udp://192.0.2.10:53
  onePacket: true
  servers: [10.0.0.21:5353, 10.0.0.22:5353]
`}, {"Servers that the director checks, with reserves", `apiVersion: lvs/v1
kind: Cluster
checks:
  shop: {type: http, path: /ready, host: shop.example.com, via: path}
  database: {type: pgsql, user: monitor, port: 5432}
services:
- name: shop
  address: tcp://192.0.2.10:80
  check: [shop, {type: agent, port: 9999}]      # both must pass
  servers:
  - {address: 10.0.0.11, weight: 20}
  - {address: 10.0.0.12, weight: 10}
  - {address: 10.0.0.21, weight: 10, tier: 1}   # used below the quorum
  minHealthy: {down: 50%, up: 80%, of: weight}
  fallback: 10.0.0.99
  maxMasked: 60%
  slowStart: 1m
  passive: true
  minLeft: 60%
- name: reports
  address: tcp://192.0.2.10:8080
  check: [database, {type: http, degrade: 50%}] # half the weight if http fails
  servers: [10.0.1.1, 10.0.1.2]
  onDown: {quiesce: 1m, then: keep}
director:
  role: auto                                    # active where VRRP has put 192.0.2.10
  sysctl: set
  hook: {command: [/usr/local/bin/notify]}
`}, {"A cluster with health checks, announced by BGP", `apiVersion: lvs/v1
kind: Cluster
name: shanghai

defaults:                       # for all services and servers below
  scheduler: wlc
  forward: direct
  check: web

timeouts: {tcp: 15m, tcpFin: 2m, udp: 5m}
sync:
- {role: master, interface: eth1, id: 7}

pools:                          # servers that several services share
  frontends:
  - {address: 10.0.0.11, weight: 3, labels: {rack: a}}
  - {address: "10.0.0.[12-18]"}
  - {address: 10.0.0.19, weight: 0}

checks:
  web: {type: http, path: /ready, host: www.example.com, status: [200-399]}
  mail: {type: all, of: [{type: smtp, startTLS: true}, {type: tcp, port: 993}]}

services:
- name: web
  address: [tcp://192.0.2.10:80, tcp://192.0.2.10:443]
  scheduler: mh
  flags: [mh-port, mh-fallback]
  servers: frontends
  minHealthy: {down: 30%, up: 50%}
  fallback: 10.0.0.99
  announce: true
- name: web over IPv6
  address: "tcp://[2001:db8::10]:80"
  forward: tunnel
  servers: frontends
- name: shop
  address: fwmark:7
  persistent: 10m
  netmask: 255.255.255.0
  servers: [{address: 10.0.1.1, upper: 2000, lower: 1500}, 10.0.1.2]
- name: mail
  address: tcp://192.0.2.12:25
  check: mail
  onDown: {quiesce: 1m, then: keep}
  servers: [10.0.4.1, 10.0.4.2]
- name: cache
  address: tcp://192.0.2.11:3128
  scheduler: lblcr
  forward: tunnel
  check: {type: tcp}
  servers: [{address: 198.51.100.7, tunnel: {type: gue, port: 6080, checksum: true}}]
- name: voice
  address: udp://192.0.2.12:5060
  persistent: {for: 1m, engine: sip}
  check: {type: icmp}
  servers: [{address: 10.0.2.1, forward: nat}]

bgp:
  as: 64512
  peers: [{address: 192.0.2.1, as: 64511, passwordFile: peer1.key}]
overflow: {high: 80%, low: 60%, peers: [{name: frankfurt, director: 203.0.113.2, keyFile: frankfurt.key}]}
director: {onStop: keep, drift: repair, sysctl: check}
`}}
}
