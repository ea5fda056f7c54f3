package cluster

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"lvs/kernel"
	"lvs/plan"
)

// The first values of every cluster file.
const (
	apiVersion = "lvs/v1"
	fileKind   = "Cluster"
)

// node is a part of a document before it is written: a string, number, bool, list or
// object.
type node any

// object is a list of keys with values, in the order in which they are written.
type object []member

type member struct {
	key   string
	value node
}

// named is an object whose keys are names that the administrator gave.
type named object

// list is written with one element a line, row on one line.
type (
	list []node
	row  []node
)

// small is an object that is written on one line, smallNamed one with names as keys.
type (
	small      object
	smallNamed object
)

// commented is an element of a list with comments above it.
type commented struct {
	comments []string
	object
}

// put adds a value unless it is zero.
func put[T comparable](o object, key string, value T) object {
	var zero T
	if value == zero {
		return o
	}
	return append(o, member{key, value})
}

// putIf adds a value if it is there.
func putIf(o object, key string, value node, there bool) object {
	if !there {
		return o
	}
	return append(o, member{key, value})
}

// document returns the file as it is written.
func (f *File) document() object {
	o := put(object{{"apiVersion", apiVersion}, {"kind", fileKind}}, "name", f.Name)
	defaults := put(put(nil, "scheduler", f.Defaults.Scheduler), "forward", f.Defaults.Forward)
	defaults = putChecks(defaults, f.Defaults.Check)
	o = putIf(o, "defaults", small(defaults), len(defaults) > 0)
	timeouts := put(nil, "tcp", duration(f.Timeouts.TCP))
	timeouts = put(timeouts, "tcpFin", duration(f.Timeouts.TCPFin))
	timeouts = put(timeouts, "udp", duration(f.Timeouts.UDP))
	o = putIf(o, "timeouts", small(timeouts), len(timeouts) > 0)
	var sync list
	for _, d := range f.Sync {
		sync = append(sync, daemonDocument(d))
	}
	o = putIf(o, "sync", sync, len(sync) > 0)
	var pools, checks named
	for i := range f.Pools {
		pools = append(pools, member{f.Pools[i].Name, serversDocument(f.Pools[i].Servers)})
	}
	o = putIf(o, "pools", pools, len(pools) > 0)
	for i := range f.Checks {
		checks = append(checks, member{f.Checks[i].Name, f.Checks[i].Check.document()})
	}
	o = putIf(o, "checks", checks, len(checks) > 0)
	services := make(list, len(f.Services))
	for i := range f.Services {
		services[i] = f.Services[i].element()
	}
	o = append(o, member{"services", services})
	if f.BGP != nil {
		o = append(o, member{"bgp", f.BGP.document()})
	}
	if f.Overflow != nil {
		o = append(o, member{"overflow", f.Overflow.document()})
	}
	if f.Director != nil {
		o = append(o, member{"director", f.Director.document()})
	}
	return o
}

func daemonDocument(d kernel.Daemon) small {
	o := object{{"role", d.Role.String()}, {"interface", d.Interface}}
	o = put(o, "id", int(d.ID))
	o = putIf(o, "group", d.Group.String(), d.Group.IsValid() && d.Group != plan.DefaultDaemon().Group)
	o = putIf(o, "port", int(d.Port), d.Port != 0 && d.Port != plan.DefaultDaemon().Port)
	o = putIf(o, "ttl", int(d.TTL), d.TTL != 0 && d.TTL != plan.DefaultDaemon().TTL)
	return small(put(o, "maxLen", int(d.MaxLen)))
}

func (s *FileService) element() node {
	if len(s.Comments) == 0 {
		return s.document()
	}
	return commented{s.Comments, s.document()}
}

func (s *FileService) document() object {
	o := put(make(object, 0, 8), "name", s.Name)
	o = append(o, member{"address", addresses(s.Addresses)})
	o = put(o, "scheduler", s.Scheduler)
	o = putIf(o, "flags", words(s.Flags), len(s.Flags) > 0)
	o = put(o, "onePacket", s.OnePacket)
	if s.Engine != "" {
		persistent := put(nil, "for", duration(s.Persistence))
		o = append(o, member{"persistent", small(append(persistent, member{"engine", s.Engine}))})
	} else {
		o = put(o, "persistent", duration(s.Persistence))
	}
	switch {
	case s.Netmask.Whole(s.Addresses[0].Family):
	case s.Addresses[0].Family == kernel.IPv6:
		o = append(o, member{"netmask", int(s.Netmask)})
	default:
		o = append(o, member{"netmask", s.Netmask.Text(kernel.IPv4)})
	}
	o = put(o, "forward", s.Forward)
	o = put(o, "asIs", s.AsIs)
	o = putChecks(o, s.Health.Check)
	if s.Pool != "" {
		o = append(o, member{"servers", s.Pool})
	} else if len(s.Servers) > 0 {
		o = append(o, member{"servers", serversDocument(s.Servers)})
	}
	return s.Health.put(o)
}

// longRow is the largest number of addresses on one line.
const longRow = 4

// addresses returns one address as a text, several as a list.
func addresses(ids []kernel.ServiceID) node {
	if len(ids) == 1 {
		return ids[0].String()
	}
	out := make(list, len(ids))
	for i, id := range ids {
		out[i] = id.String()
	}
	if len(ids) <= longRow {
		return row(out)
	}
	return out
}

func words(texts []string) row {
	out := make(row, len(texts))
	for i, s := range texts {
		out[i] = s
	}
	return out
}

func serversDocument(servers []FileServer) list {
	out := make(list, len(servers))
	for i := range servers {
		out[i] = servers[i].document()
	}
	return out
}

// document returns the short form, the address alone, if nothing else is set.
func (s *FileServer) document() node {
	o := object{{"address", s.Address}}
	o = put(o, "forward", s.Forward)
	if s.Weight != nil {
		o = append(o, member{"weight", *s.Weight})
	}
	o = put(o, "upper", int(s.Upper))
	o = put(o, "lower", int(s.Lower))
	if t := s.Tunnel; t != (kernel.Tunnel{}) {
		tunnel := object{{"type", t.Type.String()}}
		tunnel = put(tunnel, "port", int(t.Port))
		tunnel = put(tunnel, "checksum", t.Flags&kernel.Checksum != 0)
		tunnel = put(tunnel, "remoteChecksum", t.Flags&kernel.RemoteChecksum != 0)
		o = append(o, member{"tunnel", small(tunnel)})
	}
	if len(s.Labels) > 0 {
		o = append(o, member{"labels", labelsDocument(s.Labels)})
	}
	o = putChecks(put(o, "tier", s.Tier), s.Check)
	if len(o) == 1 {
		return s.Address
	}
	return small(o)
}

func labelsDocument(labels map[string]string) smallNamed {
	out := make(smallNamed, 0, len(labels))
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		out = append(out, member{k, labels[k]})
	}
	return out
}

// duration returns a duration as people write it, or nothing for zero.
func duration(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return plan.DurationText(d)
}

// put adds the health settings of a service.
func (h *ServiceHealth) put(o object) object {
	quorum := put(put(put(nil, "down", h.Down.node()), "up", h.Up.node()), "of", h.QuorumOf)
	o = putIf(o, "minHealthy", small(quorum), len(quorum) > 0)
	o = put(o, "fallback", h.Fallback)
	o = put(o, "onAllDown", h.OnAllDown)
	down := put(h.OnDown.quiesce(), "then", h.OnDown.Then)
	o = putIf(o, "onDown", small(down), len(down) > 0)
	o = put(o, "maxMasked", h.MaxMasked.node())
	o = put(o, "slowStart", duration(h.SlowStart))
	o = put(o, "passive", h.Passive)
	o = put(o, "minLeft", h.MinLeft.node())
	return put(o, "announce", h.Announce)
}

// quiesce returns the object with quiesce, also if that is 0s.
func (d OnDown) quiesce() object {
	if d.Quiesce == nil {
		return nil
	}
	return object{{"quiesce", cmp.Or(duration(*d.Quiesce), "0s")}}
}

// node returns 3 or 30%, and nil for zero.
func (s Share) node() node {
	switch {
	case s == Share{}:
		return nil
	case s.Percent:
		return strconv.Itoa(s.N) + "%"
	}
	return s.N
}

func (b *BGP) document() object {
	o := object{{"as", b.AS}}
	o = put(o, "routerID", addressText(b.RouterID))
	peers := make(list, len(b.Peers))
	for i := range b.Peers {
		peers[i] = b.Peers[i].document()
	}
	o = putIf(o, "peers", peers, len(peers) > 0)
	o = putIf(o, "communities", words(b.Communities), len(b.Communities) > 0)
	if b.MED != nil {
		o = append(o, member{"med", *b.MED})
	}
	if b.LocalPref != nil {
		o = append(o, member{"localPref", *b.LocalPref})
	}
	o = put(o, "nextHop", addressText(b.NextHop))
	o = put(o, "upDelay", duration(b.UpDelay))
	o = put(o, "lastResort", b.LastResort)
	return put(o, "via", b.Via)
}

func (p *BGPPeer) document() small {
	o := object{{"address", addressText(p.Address)}, {"as", p.AS}}
	o = put(o, "port", int(p.Port))
	o = put(o, "passwordFile", p.PasswordFile)
	o = put(o, "multihop", int(p.Multihop))
	o = put(o, "ttlSecurity", p.TTLSecurity)
	o = put(o, "passive", p.Passive)
	o = put(o, "hold", duration(p.Hold))
	o = put(o, "keepalive", duration(p.Keepalive))
	return small(put(o, "gracefulRestart", p.GracefulRestart))
}

func (v *Overflow) document() object {
	o := put(put(nil, "high", v.High.node()), "low", v.Low.node())
	o = put(put(o, "maxShare", v.MaxShare.node()), "sustain", duration(v.Sustain))
	peers := make(list, len(v.Peers))
	for i, p := range v.Peers {
		peer := put(put(nil, "name", p.Name), "director", addressText(p.Director))
		peers[i] = small(put(peer, "keyFile", p.KeyFile))
	}
	return putIf(o, "peers", peers, len(peers) > 0)
}

func (d *Director) document() small {
	o := put(put(put(nil, "onStop", d.OnStop), "drift", d.Drift), "sysctl", d.Sysctl)
	o = put(put(o, "start", d.Start), "role", d.Role)
	if len(d.Hook.Command) > 0 {
		hook := object{{"command", words(d.Hook.Command)}}
		o = append(o, member{"hook", small(put(hook, "timeout", duration(d.Hook.Timeout)))})
	}
	return small(put(putSources(o, d.Source), "netns", d.Netns))
}

// addressText returns nothing for an invalid address.
func addressText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}
