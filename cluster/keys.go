package cluster

import (
	"fmt"
	"time"

	"lvs/kernel"
	"lvs/plan"
)

// tables are all objects of the file with their keys. What they refer to one
// another is looked up when it is read, for checks are made of checks.
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
	t.director = directorRecord()
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
		doc: "A cluster: its services, and all that holds for them.",
		keys: []key[File]{
			{name: "apiVersion", about: about{doc: "The version of this format.", example: apiVersion, needed: true},
				shape: oneOf(apiVersion).shape, read: constant(apiVersion)},
			{name: "kind", about: about{doc: "What the file describes.", example: fileKind, needed: true},
				shape: oneOf(fileKind).shape, read: constant(fileKind)},
			at("name", text("a text"), func(f *File) *string { return &f.Name }, about{
				doc: "The cluster's name, for people.", example: "shanghai"}),
			at("defaults", t.defaults.form(), func(f *File) *Defaults { return &f.Defaults }, about{
				doc: "What holds for every service and server of this file that does not say otherwise.", example: "{scheduler: wlc, forward: direct}"}),
			at("timeouts", t.timeouts.form(), func(f *File) *kernel.Timeouts { return &f.Timeouts }, about{
				doc:   "How long the kernel remembers connections. One that is not given is left as it is.",
				value: "as it is", example: "{tcp: 15m, tcpFin: 2m, udp: 5m}"}),
			at("sync", listOf("a list of sync daemons", t.sync.form()), func(f *File) *[]kernel.Daemon { return &f.Sync }, about{
				doc:   "The connection sync daemons that run, at most one of each role. An empty list is none; without the key they are left alone.",
				value: "as it is", example: "[{role: master, interface: eth1, id: 7}]"}),
			{name: "pools", about: about{doc: "Lists of servers by name, for services to share, also those of other files that are read together.",
				example: "{frontends: [10.0.0.11, 10.0.0.12]}"},
				shape: shape{words: "an object of lists of servers", kind: "object", values: &servers}, read: t.readPools},
			{name: "checks", about: about{doc: "Checks by name, for services to share, also those of other files that are read together.",
				example: "{web: {type: http, path: /ready}}", director: true},
				shape: shape{words: "an object of checks", kind: "object", values: &check}, read: t.readNamedChecks},
			{name: "services", about: about{doc: "The virtual services. An empty list is a cluster without any.", needed: true},
				shape: services.shape, read: func(d *decoder, v *tree, f *File) {
					if !d.given {
						f.Services, _ = services.read(d, v)
					}
				}},
			at("bgp", pointer(t.bgp.form()), func(f *File) **BGP { return &f.BGP }, about{
				doc: "How addresses are announced.", value: "not at all", example: "{as: 64512, peers: [{address: 192.0.2.1, as: 64511}]}", director: true}),
			at("overflow", pointer(t.overflow.form()), func(f *File) **Overflow { return &f.Overflow }, about{
				doc: "How a full cluster shares its load with others.", value: "not at all", example: "{high: 80%, low: 60%, peers: [{name: b, director: 203.0.113.2, keyFile: b.key}]}", director: true}),
			at("director", pointer(t.director.form()), func(f *File) **Director { return &f.Director }, about{
				doc: "How the director itself behaves.", example: "{onStop: keep}", director: true}),
		}}
}

// constant is the only value that a key can have.
func constant(value string) func(*decoder, *tree, *File) {
	return func(d *decoder, t *tree, _ *File) {
		if t.kind != isText || t.text != value {
			d.fault(t, d.key+" is "+value+", not "+t.what(), "")
		}
	}
}

func (t *tables) readPools(d *decoder, v *tree, f *File) {
	d.each(v, "pool", "an object of lists of servers", func(name string, value *tree) {
		servers, _ := t.servers.read(d, value)
		f.Pools = append(f.Pools, Pool{Name: name, Servers: servers})
	})
}

// readNamedChecks keeps a check once.
func (t *tables) readNamedChecks(d *decoder, v *tree, f *File) {
	d.each(v, "check", "an object of checks", func(name string, value *tree) {
		c, _ := t.check.form().read(d, value)
		f.Checks = append(f.Checks, NamedCheck{Name: name, Check: c})
	})
}

// each reads an object whose keys are names. A name that comes again is told.
func (d *decoder) each(v *tree, what, words string, read func(name string, value *tree)) {
	if v.kind != isObject {
		d.refuse(v, shape{words: words})
		return
	}
	lines := make(map[string]int32, len(v.items)/2)
	for i := 0; i < len(v.items); i += 2 {
		name := v.items[i].text
		if first, twice := lines[name]; twice {
			d.fault(&v.items[i], fmt.Sprintf("the %s %s stands here again; first in line %d", what, plan.Quote(name), first), "")
			continue
		}
		lines[name] = v.items[i].line
		if name == "" {
			d.fault(&v.items[i], "the "+what+" has no name", "")
			continue
		}
		d.key = "the " + what + " " + plan.Quote(name)
		read(name, &v.items[i+1])
	}
}

func (t *tables) defaultsRecord() record[Defaults] {
	return record[Defaults]{id: "Defaults", title: "Defaults", words: "an object with what holds for all services",
		doc: "What holds for every service and server of the file that does not say otherwise.",
		keys: []key[Defaults]{
			at("scheduler", schedulerForm(), func(d *Defaults) *string { return &d.Scheduler }, about{
				doc: "How servers are chosen.", value: defaultScheduler, example: "mh"}),
			at("forward", forwardForm(), func(d *Defaults) *string { return &d.Forward }, about{
				doc: "How packets reach servers.", value: defaultForward.String(), example: "nat"}),
			at("check", t.checksForm(), func(d *Defaults) *[]Check { return &d.Check }, about{
				doc: "How servers are examined: a check, the name of one, or a list of which all must pass.", value: "none", example: "web", director: true}),
		}}
}

// maxTimeout keeps seconds times the kernel's clock rate (at most 1000) within
// a signed 32-bit number, which ip_vs_set_timeout checks.
const maxTimeout = (1<<31 - 1) / 1000 * time.Second

func timeoutsRecord() record[kernel.Timeouts] {
	timeout := period(time.Second, maxTimeout, time.Second)
	return record[kernel.Timeouts]{id: "Timeouts", title: "Timeouts", words: "an object with tcp, tcpFin and udp",
		doc: "How long the kernel remembers connections, in whole seconds.",
		keys: []key[kernel.Timeouts]{
			at("tcp", timeout, func(t *kernel.Timeouts) *time.Duration { return &t.TCP }, about{
				doc: "An established TCP connection is forgotten after that long without a packet.", value: "as it is", example: "15m"}),
			at("tcpFin", timeout, func(t *kernel.Timeouts) *time.Duration { return &t.TCPFin }, about{
				doc: "A TCP connection is forgotten that long after a FIN.", value: "as it is", example: "2m"}),
			at("udp", timeout, func(t *kernel.Timeouts) *time.Duration { return &t.UDP }, about{
				doc: "UDP is forgotten that long after the last datagram.", value: "as it is", example: "5m"}),
		}}
}
