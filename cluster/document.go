package cluster

import (
	"strings"
	"time"

	"lvs/kernel"
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

// list is written one element a line; a row on one.
type (
	list []node
	row  []node
)

// small is an object that is written on one line.
type small object

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
	o := object{{"apiVersion", apiVersion}, {"kind", fileKind}}
	defaults := put(put(nil, "scheduler", f.Defaults.Scheduler), "forward", f.Defaults.Forward)
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
	services := make(list, len(f.Services))
	for i := range f.Services {
		services[i] = f.Services[i].document()
	}
	return append(o, member{"services", services})
}

func daemonDocument(d kernel.Daemon) small {
	o := object{{"role", d.Role.String()}, {"interface", d.Interface}}
	o = put(o, "id", int(d.ID))
	o = putIf(o, "group", d.Group.String(), d.Group.IsValid() && d.Group != defaultDaemon.Group)
	o = putIf(o, "port", int(d.Port), d.Port != 0 && d.Port != defaultDaemon.Port)
	o = putIf(o, "ttl", int(d.TTL), d.TTL != 0 && d.TTL != defaultDaemon.TTL)
	return small(put(o, "maxLen", int(d.MaxLen)))
}

func (s *FileService) document() object {
	o := object{{"address", s.Addresses[0].String()}}
	o = put(o, "scheduler", s.Scheduler)
	flags := make(row, len(s.Flags))
	for i, f := range s.Flags {
		flags[i] = f
	}
	o = putIf(o, "flags", flags, len(flags) > 0)
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
	servers := make(list, len(s.Servers))
	for i := range s.Servers {
		servers[i] = s.Servers[i].document()
	}
	return putIf(o, "servers", servers, len(servers) > 0)
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
	if len(o) == 1 {
		return s.Address
	}
	return small(o)
}

// duration is a time as a person writes it: 10m, 1h30m. Zero is empty.
func duration(d time.Duration) string {
	if d == 0 {
		return ""
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
