package cluster

import (
	"fmt"
	"net/netip"
	"time"

	"lvs/kernel"
	"lvs/plan"
)

// tables are all kinds of objects in the file with their keys. They look each other
// up while reading, for checks contain checks.
type tables struct {
	file     record[File]
	defaults record[Defaults]
	timeouts record[kernel.Timeouts]
	sync     record[kernel.Daemon]
	service  record[FileService]
	lasting  record[lasting]
	server   record[FileServer]
	servers  form[[]FileServer]
	tunnel   record[tunnel]
	check    record[Check]
	quorum   record[quorum]
	onDown   record[OnDown]
	bgp      record[BGP]
	peer     record[BGPPeer]
	overflow record[Overflow]
	helper   record[OverflowPeer]
	director record[Director]
	hook     record[Hook]
}

func newTables() *tables {
	t := &tables{}
	t.check = t.checkRecord()
	t.quorum = quorumRecord()
	t.onDown = onDownRecord()
	t.peer = peerRecord()
	t.bgp = t.bgpRecord()
	t.helper = helperRecord()
	t.overflow = t.overflowRecord()
	t.hook = hookRecord()
	t.director = t.directorRecord()
	t.defaults = t.defaultsRecord()
	t.timeouts = timeoutsRecord()
	t.sync = syncRecord()
	t.tunnel = tunnelRecord()
	t.server = t.serverRecord()
	t.servers = t.serversForm()
	t.lasting = lastingRecord()
	t.service = t.serviceRecord()
	t.file = t.fileRecord()
	return t
}

func (t *tables) fileRecord() record[File] {
	services := listOf("a list of services", t.service.form())
	servers, check := t.servers.shape, t.check.shape()
	return record[File]{id: "Cluster", title: "The file", words: "an object with apiVersion, kind and services",
		doc: "A cluster: its services, and the settings for all of them.",
		keys: []key[File]{
			{name: "apiVersion", about: about{doc: "The version of this format.", example: apiVersion, needed: true},
				shape: oneOf(apiVersion).shape, read: constant(apiVersion)},
			{name: "kind", about: about{doc: "What the file describes.", example: fileKind, needed: true},
				shape: oneOf(fileKind).shape, read: constant(fileKind)},
			at("name", text("a text"), func(f *File) *string { return &f.Name }, about{
				doc: "The cluster's name, for people.", example: "shanghai"}),
			at("defaults", t.defaults.form(), func(f *File) *Defaults { return &f.Defaults }, about{
				doc: "Defaults for all services and servers of this file.", example: "{scheduler: wlc, forward: direct}"}),
			at("timeouts", t.timeouts.form(), func(f *File) *kernel.Timeouts { return &f.Timeouts }, about{
				doc:   "How long the kernel keeps connections without traffic. A timeout that is not given stays as it is.",
				value: "unchanged", example: "{tcp: 15m, tcpFin: 2m, udp: 5m}"}),
			at("sync", listOf("a list of sync daemons", t.sync.form()), func(f *File) *[]kernel.Daemon { return &f.Sync }, about{
				doc: "The connection sync daemons to run, at most one of each role. An empty list stops them; without the key " +
					"they stay as they are.",
				value: "unchanged", example: "[{role: master, interface: eth1, id: 7}]"}),
			{name: "pools", about: about{doc: "Named lists of servers that services share, also services in other files " +
				"that are read together.",
				example: "{frontends: [10.0.0.11, 10.0.0.12]}"},
				shape: shape{words: "an object of lists of servers", kind: "object", values: &servers}, read: t.readPools},
			{name: "checks", about: about{doc: "Named checks that services share, also services in other files that are " +
				"read together.",
				example: "{web: {type: http, path: /ready}}", director: true},
				shape: shape{words: "an object of checks", kind: "object", values: &check}, read: t.readNamedChecks},
			{name: "services", about: about{doc: "The virtual services. An empty list is a cluster without services.",
				needed: true},
				shape: services.shape, read: func(d *decoder, v *tree, f *File) {
					if !d.given {
						f.Services, _ = services.read(d, v)
					}
				}},
			at("bgp", pointer(t.bgp.form()), func(f *File) **BGP { return &f.BGP }, about{
				doc: "How addresses are announced.", value: "not announced",
				example: "{as: 64512, peers: [{address: 192.0.2.1, as: 64511}]}", later: true}),
			at("overflow", pointer(t.overflow.form()), func(f *File) **Overflow { return &f.Overflow }, about{
				doc: "How a full cluster shares its load with other clusters.", value: "not shared",
				example: "{high: 80%, low: 60%, peers: [{name: b, director: 203.0.113.2, keyFile: b.key}]}", later: true}),
			at("director", pointer(t.director.form()), func(f *File) **Director { return &f.Director }, about{
				doc:     "How the director behaves.",
				example: "{onStop: keep}", director: true}),
		}}
}

// constant reads the only value that a key can have.
func constant(value string) func(*decoder, *tree, *File) {
	return func(d *decoder, t *tree, _ *File) {
		if t.kind != isText || t.text != value {
			d.want(t, value, "")
		}
	}
}

func (t *tables) readPools(d *decoder, v *tree, f *File) {
	d.each(v, "pool", "an object of lists of servers", func(name string, value *tree) {
		servers, _ := t.servers.read(d, value)
		f.Pools = append(f.Pools, Pool{Name: name, Servers: servers})
	})
}

// readNamedChecks reads the checks that have names.
func (t *tables) readNamedChecks(d *decoder, v *tree, f *File) {
	d.each(v, "check", "an object of checks", func(name string, value *tree) {
		c, _ := t.check.form().read(d, value)
		f.Checks = append(f.Checks, NamedCheck{Name: name, Check: c})
	})
}

// each reads an object whose keys are names. A duplicate name is a fault.
func (d *decoder) each(v *tree, what, words string, read func(name string, value *tree)) {
	if v.kind != isObject {
		d.refuse(v, shape{words: words})
		return
	}
	lines := make(map[string]int32, len(v.items)/2)
	for i := 0; i < len(v.items); i += 2 {
		name := v.items[i].text
		if first, twice := lines[name]; twice {
			d.fault(&v.items[i], fmt.Sprintf("duplicate %s %s: first in line %d", what, plan.Quote(name), first), "")
			continue
		}
		lines[name] = v.items[i].line
		if name == "" {
			d.fault(&v.items[i], "the "+what+" has no name", "")
			continue
		}
		d.key = what + " " + plan.Quote(name)
		read(name, &v.items[i+1])
	}
}

func (t *tables) defaultsRecord() record[Defaults] {
	return record[Defaults]{id: "Defaults", title: "Defaults", words: "an object with scheduler, forward and check",
		doc: "Defaults for all services and servers of the file.",
		keys: []key[Defaults]{
			at("scheduler", schedulerForm(), func(d *Defaults) *string { return &d.Scheduler }, about{
				doc: "How the kernel selects a server for a new connection.", value: defaultScheduler, example: "mh"}),
			at("forward", forwardForm(), func(d *Defaults) *string { return &d.Forward }, about{
				doc: "The forwarding method: how packets reach servers.", value: defaultForward.String(), example: "nat"}),
			at("check", t.checksForm(), func(d *Defaults) *[]Check { return &d.Check }, about{
				doc:   "The health checks of servers; all must pass.",
				value: "none", example: "web", director: true}),
		}}
}

// maxTimeout keeps seconds times the kernel's clock rate (at most 1000) within
// a signed 32-bit number, which ip_vs_set_timeout checks.
const maxTimeout = (1<<31 - 1) / 1000 * time.Second

func timeoutsRecord() record[kernel.Timeouts] {
	timeout := period(time.Second, maxTimeout, time.Second)
	return record[kernel.Timeouts]{id: "Timeouts", title: "Timeouts", words: "an object with tcp, tcpFin and udp",
		doc: "How long the kernel keeps connections without traffic, in whole seconds.",
		keys: []key[kernel.Timeouts]{
			at("tcp", timeout, func(t *kernel.Timeouts) *time.Duration { return &t.TCP }, about{
				doc: "How long an established TCP connection is kept without a packet.", value: "unchanged", example: "15m"}),
			at("tcpFin", timeout, func(t *kernel.Timeouts) *time.Duration { return &t.TCPFin }, about{
				doc: "How long a TCP connection is kept after a FIN.", value: "unchanged", example: "2m"}),
			at("udp", timeout, func(t *kernel.Timeouts) *time.Duration { return &t.UDP }, about{
				doc: "How long a UDP connection is kept after the last datagram.", value: "unchanged", example: "5m"}),
		}}
}

const (
	maxInterface = 15 // IFNAMSIZ less the final zero
	// maxSyncLen is the largest payload of a UDP datagram over IPv4, less the headers
	// that ip_vs_sync.c reserves space for.
	maxSyncLen = 65535 - 20 - 8
)

func syncRecord() record[kernel.Daemon] {
	role := form[kernel.Role]{oneOf("master", "backup").shape, func(d *decoder, t *tree) (kernel.Role, bool) {
		s, ok := oneOf("master", "backup").read(d, t)
		r, _ := kernel.ParseRole(s) // other words are faults already
		return r, ok
	}}
	return record[kernel.Daemon]{id: "SyncDaemon", title: "Sync daemons", words: "an object with role and interface",
		doc: "A connection sync daemon of the kernel.",
		keys: []key[kernel.Daemon]{
			at("role", role, func(d *kernel.Daemon) *kernel.Role { return &d.Role }, about{
				doc: "master sends connections to the multicast group, backup receives them.", example: "master", needed: true}),
			at("interface", parsed("the name of a network interface", parseInterface),
				func(d *kernel.Daemon) *string { return &d.Interface }, about{
					doc: "The network interface to send or receive on.", example: "eth1", needed: true}),
			at("id", number[uint8](0, 255), func(d *kernel.Daemon) *uint8 { return &d.ID }, about{
				doc: "The sync ID, which separates clusters on one network. A backup with 0 accepts all.", value: "0",
				example: "7"}),
			at("group", parsed("a multicast address", parseGroup), func(d *kernel.Daemon) *netip.Addr { return &d.Group }, about{
				doc: "The multicast group, IPv4 or IPv6.", value: plan.DefaultDaemon().Group.String(), example: `"ff02::81"`}),
			at("port", number[uint16](1, 65535), func(d *kernel.Daemon) *uint16 { return &d.Port }, about{
				doc: "The UDP port.", value: fmt.Sprint(plan.DefaultDaemon().Port), example: "8849"}),
			at("ttl", number[uint8](1, 255), func(d *kernel.Daemon) *uint8 { return &d.TTL }, about{
				doc: "The multicast time to live.", value: fmt.Sprint(plan.DefaultDaemon().TTL), example: "2"}),
			at("maxLen", number[uint16](1, maxSyncLen), func(d *kernel.Daemon) *uint16 { return &d.MaxLen }, about{
				doc: "The longest sync message in bytes.", value: "what fits the interface's MTU", example: "1400"}),
		}}
}

func parseInterface(s string) (string, error) {
	if len(s) > maxInterface {
		return "", wantError(fmt.Sprintf("at most %d characters", maxInterface))
	}
	return s, nil
}

func parseGroup(s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	if err != nil || !a.IsMulticast() || a.Zone() != "" {
		return a, wantError("a multicast address such as 224.0.0.81 or ff02::81")
	}
	return a, nil
}
