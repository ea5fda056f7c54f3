package cluster

// Example is a whole cluster file for the manual.
type Example struct{ Title, Text string }

// Examples are valid cluster files.
func Examples() []Example {
	return []Example{
		{"A web site behind NAT, as lvs apply takes it", `apiVersion: lvs/v1
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
`}, {"A cluster with health checks, announced by BGP", `apiVersion: lvs/v1
kind: Cluster
name: shanghai

defaults:                       # for every service and server below
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
