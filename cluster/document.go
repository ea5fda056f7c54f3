package cluster

import (
	"maps"
	"slices"
	"time"

	"lvs/kernel"
	"lvs/plan"
)

// What every cluster file begins with.
const (
	apiVersion = "lvs/v1"
	fileKind   = "Cluster"
)

// node is a part of a document before it is written: text, number, truth, list
// or object.
type node any

// object is a list of keys with values, in the order in which they are written.
type object []member

type member struct {
	key   string
	value node
}

// named is an object whose keys are the admin's own words.
type named object

// list is written one element a line; a row on one.
type (
	list []node
	row  []node
)

// small is an object that is written on one line, smallNamed one with the
// admin's own words.
type (
	small      object
	smallNamed object
)

// commented is an element of a list with lines above it.
type commented struct {
	comments []string
	object
}

// put adds what is not the zero value.
func put[T comparable](o object, key string, value T) object {
	var zero T
	if value == zero {
		return o
	}
	return append(o, member{key, value})
}

// putIf adds what is there.
func putIf(o object, key string, value node, there bool) object {
	if !there {
		return o
	}
	return append(o, member{key, value})
}

// document gives the file in the words of a cluster file.
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

// longRow is how many addresses stand on one line.
const longRow = 4

// addresses gives one address as a text, several as a list.
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

// document gives the short form, the address alone, where that says all.
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
	if len(s.Check) > 0 {
		o = putChecks(o, s.Check)
	}
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

// duration returns a time as a person writes it, or nothing for zero.
func duration(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return plan.DurationText(d)
}
